"""What `ddff align match` shows: pairs, the cost matrix with its tour, both videos in step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.atomic import write_bytes
from ...files.images import write_image
from ...types import InputError
from ..capture.reference import Reference
from ..evaluation.results import (
    COSTS,
    DESCRIPTORS,
    SHOWN_PAIRS,
    VIDEO,
    TimeMap,
    pairs_picture,
    shown,
    write_pairs,
    write_time_map,
)
from ..matching.alignment import Alignment
from ..matching.costs import cost_matrix, decorrelated
from .descriptor_map import Flattening, map_picture

_SIDE = 800
_WIDTH = 320
_TOUR = (60, 220, 255)


def write_match(
    folder: Path,
    reference: Reference,
    query: Reference,
    found: Alignment,
    rank: int,
    flattening: Flattening = Flattening.PCA,
    video: bool = True,
) -> None:
    """Everything but the summary; raises InputError where it cannot be written."""
    points = map_picture(
        reference.descriptors, query.descriptors, reference.seconds, found.rows, flattening
    )
    write_time_map(folder, time_map(reference, query, found))
    write_image(folder / COSTS, costs_picture(reference, query, found, rank))
    write_image(folder / DESCRIPTORS, points)
    at = np.linspace(0, len(query) - 1, SHOWN_PAIRS).astype(int)
    below = [None if found.rows[i] < 0 else reference.picture(int(found.rows[i])) for i in at]
    write_pairs(folder, pairs_picture([query.picture(int(i)) for i in at], below))
    if video:
        write_video(folder / VIDEO, side_by_side(reference, query, found), rate_of(query))


def time_map(reference: Reference, query: Reference, found: Alignment) -> TimeMap:
    """The alignment with the recordings' frame numbers."""
    numbers = np.where(found.rows < 0, -1, reference.numbers[np.maximum(found.rows, 0)])
    confidence, unknown = found.confidence.astype(np.float64), np.full(len(query), np.nan)
    return TimeMap(
        query.numbers, query.seconds, numbers, found.reference_s, confidence, found.rate, unknown
    )


def costs_picture(
    reference: Reference, query: Reference, found: Alignment, rank: int
) -> NDArray[np.uint8]:
    """The costs without their common structure, dark where they are low, and the tour: reference
    down, query to the right.
    """
    rows, columns = (max(1, -(-len(route) // _SIDE)) for route in (reference, query))
    costs = decorrelated(
        cost_matrix(reference.descriptors[::rows], query.descriptors[::columns]), rank
    )
    low, high = np.percentile(costs, (1, 99))
    grey = np.clip((costs - low) / max(high - low, 1e-9) * 255, 0, 255).astype(np.uint8)
    picture = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), np.uint8)
    scale = max(1, _SIDE // 2 // max(picture.shape[:2]))
    picture = np.repeat(np.repeat(picture, scale, axis=0), scale, axis=1)
    there = np.flatnonzero(found.rows >= 0)
    for column, row in zip(there.tolist(), found.rows[there].tolist(), strict=True):
        place = (column * scale // columns + scale // 2, row * scale // rows + scale // 2)
        cv2.circle(picture, place, 1, _TOUR, -1)
    return picture


def side_by_side(
    reference: Reference, query: Reference, found: Alignment
) -> Iterator[NDArray[np.uint8]]:
    """Each frame of the query, and right of it that of the reference which shows the place."""
    for number in range(len(query)):
        left, row = shown(query.picture(number), _WIDTH), int(found.rows[number])
        right = np.full_like(left, 40)
        if row >= 0:
            right = shown(reference.picture(row), _WIDTH)
            right = np.asarray(cv2.resize(right, (left.shape[1], left.shape[0])), np.uint8)
        said = "no match" if row < 0 else f"{reference.seconds[row]:.1f} s"
        frame = np.ascontiguousarray(np.concatenate([left, right], axis=1))
        for x, text in ((6, f"{query.seconds[number]:.1f} s"), (_WIDTH + 6, said)):
            cv2.putText(frame, text, (x, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
        yield frame


def rate_of(route: Reference) -> float:
    """Frames per second of a route."""
    return float(np.clip(1 / np.median(np.diff(route.seconds)), 1.0, 60.0))


def write_video(path: Path, frames: Iterator[NDArray[np.uint8]], rate_hz: float) -> None:
    """An MP4 of BGR frames of one size at `path`, whole or not at all; raises InputError where
    OpenCV has no encoder.
    """
    with tempfile.TemporaryDirectory(prefix=".video.", dir=path.parent) as folder:
        partial, writer = Path(folder) / path.name, None
        for frame in frames:
            if writer is None:
                size, code = (frame.shape[1], frame.shape[0]), cv2.VideoWriter.fourcc(*"mp4v")
                writer = cv2.VideoWriter(str(partial), code, rate_hz, size)
                if not writer.isOpened():
                    raise InputError("OpenCV cannot write MP4 here: give --no-video")
            writer.write(frame)
        if writer is not None:
            writer.release()
            write_bytes(path, partial.read_bytes())
