"""Labelled frames on disk: what `ddff segment` writes and reports read.

image.png, labels.png, overlay.png     labels count the 13 classes from 0, 255 none
confidence.npy                         float32 0..1
summary.json                           comes last: a folder without one is not whole; `counts` in it
                                       are pixels by true and found class, where truth was given
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder, remove
from ...files.images import read_array, read_image, read_json, write_array, write_image
from ...simulation.classes import NYU40, UNLABELLED, to_13
from ...types import FloatArray, ImageArray, InputError
from ..pipeline import Segmented
from ..rendering import overlay, resized_confidence, resized_labels
from ..types import CLASSES
from .counts import confusion

SUMMARY = "summary.json"
_LAST = ("image.png", "labels.png", "overlay.png", "confidence.npy")
LABELS = ("13", "13_from_1", "40_from_1")
"""How true labels count: NYU's 13 classes from 0, 255 none; from 1, 0 none; its 40 classes so, of
which the 37 of SUN RGB-D are the first.
"""
RESULT_FILES = (*_LAST, SUMMARY, "report.html")
"""What a folder of one result holds."""


@dataclass(frozen=True)
class SegmentationResult:
    """One result folder. `labels` uint8 H x W; `confidence` float32; `counts`: classes x (classes
    + 1) pixels by true and found class, the last column unlabelled, None without truth.
    """

    name: str
    image: ImageArray
    labels: NDArray[np.uint8]
    overlay: ImageArray
    confidence: FloatArray
    summary: Mapping[str, Any] = field(default_factory=dict)
    truth: NDArray[np.uint8] | None = None
    counts: NDArray[np.int64] | None = None


def is_segmentation(folder: Path) -> bool:
    """Whether `folder` holds labels."""
    return (folder / "labels.png").is_file() and (folder / "overlay.png").is_file()


def write_segmentation(folder: Path, result: Segmented, size: tuple[int, int]) -> None:
    """Writes all files but the summary, and removes an earlier one; labels and confidence at height
    and width `size`. Raises InputError where the folder cannot be written.
    """
    make_folder(folder, RESULT_FILES)
    remove(folder / SUMMARY)
    frame, found = result.image, result.found
    shown = overlay(frame, found)
    write_image(folder / "image.png", shown if frame.colour is None else frame.colour)
    write_image(folder / "labels.png", resized_labels(found.labels, size))
    write_image(folder / "overlay.png", shown)
    write_array(folder / "confidence.npy", resized_confidence(found.confidence, size))


def read_segmentation(folder: Path, truth: Path | None = None) -> SegmentationResult:
    """The result in `folder`, compared with the image of labels `truth` (255 unlabelled); without
    one with what its summary counted. Raises InputError where a file cannot be used.
    """
    if not is_segmentation(folder):
        raise InputError(f"{folder} holds no labels: give folders that ddff segment wrote")
    summary = read_json(folder / SUMMARY) if (folder / SUMMARY).is_file() else {}
    labels = read_labels(folder / "labels.png")
    counts = _counts(folder, summary.get("counts"))
    true = None
    if truth is not None:
        true = resized_labels(read_labels(truth), labels.shape[:2])
        counts = confusion(true, labels)
    return SegmentationResult(
        folder.resolve().name,
        read_image(folder / "image.png"),
        labels,
        read_image(folder / "overlay.png"),
        np.asarray(read_array(folder / "confidence.npy"), np.float32),
        summary,
        true,
        counts,
    )


def read_labels(file: Path, kind: str = LABELS[0]) -> NDArray[np.uint8]:
    """An image of labels of a kind of `LABELS` as 0 .. 12, 255 none.

    Raises InputError where it is none, or has classes that are not there.
    """
    labels = read_image(file)
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise InputError(f"{file} is {labels.shape} {labels.dtype}: labels are 8-bit grey images")
    name, _, from_one = kind.partition("_")
    count, first = int(name), int(bool(from_one))
    known = np.asarray(labels, np.uint8)
    over = known > count - 1 + first
    if (over & (known != UNLABELLED)).any():
        advice = f"they count {count} classes from {first}, {0 if first else UNLABELLED} none"
        others = ", ".join(other for other in LABELS if other != kind)
        raise InputError(
            f"{file} has labels over {count - 1 + first}: {advice} (--truth-labels {others}: else)"
        )
    known = np.where(over | (known < first), np.uint8(UNLABELLED), known - np.uint8(first))
    return to_13(known) if count == len(NYU40) else known


def _counts(folder: Path, given: object) -> NDArray[np.int64] | None:
    if given is None:
        return None
    rows = given if isinstance(given, list) else []
    whole = all(
        isinstance(row, list)
        and len(row) == len(CLASSES) + 1
        and all(isinstance(n, int) and 0 <= n < 2**62 for n in row)
        for row in rows
    )
    if len(rows) != len(CLASSES) or not whole:
        raise InputError(f"{folder / SUMMARY}: counts must be {len(CLASSES)} rows of pixel counts")
    return np.array(rows, np.int64)
