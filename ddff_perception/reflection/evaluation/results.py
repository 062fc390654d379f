"""Separated layers on disk: what `ddff reflection` writes and reports read.

transmission.png, reflection.png           in the bits and the response of the input
polarizer_0.png ...                        the images per polarizer angle, in the summary's order
confidence.npy                             where the method has one
polarization_degree.npy, ..._angle.npy     0..1, degrees in 0..180, and a picture of each
summary.json                               comes last: a folder without one is not whole
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.image_metrics import ImageScores, image_scores, unit_image
from ...files.atomic import make_folder, remove
from ...files.images import read_array, read_image, read_json, write_array, write_image
from ...files.polarization_folder import DESCRIPTION, layer_pair, read_polarization
from ...optics.polarization import (
    angle_of_polarization_deg,
    degree_of_polarization,
    mean_over_channels,
    stokes_from_images,
)
from ...types import FloatArray, ImageArray, InputError, LayerPair, PolarizedImages
from ..capture.images import ResponseSettings
from ..rendering import rendered
from .pictures import colorize_angle, colorize_degree

SUMMARY = "summary.json"
_MOST_ANGLES = 64
RESULT_FILES = (
    *("transmission.png", "reflection.png", "confidence.npy", SUMMARY, "report.html"),
    *(f"polarization_{name}" for name in ("degree.npy", "angle.npy", "degree.png", "angle.png")),
    *(f"polarizer_{number}.png" for number in range(_MOST_ANGLES)),
)
"""What `write_separation` and the commands that call it put into a folder."""


def is_separation(folder: Path) -> bool:
    """Whether `folder` holds separated layers (and no depth)."""
    return (folder / "transmission.png").is_file() and (folder / "reflection.png").is_file()


def write_separation(
    folder: Path,
    images: PolarizedImages,
    pair: LayerPair,
    settings: ResponseSettings,
    kind: str,
) -> FloatArray:
    """Writes all files but the summary, and removes an earlier one; returns the degree, H x W.

    `settings` of the input's response; `kind` of the input's pixels. Raises InputError where the
    folder cannot be written.
    """
    make_folder(folder, RESULT_FILES)
    remove(folder / SUMMARY)
    for name, layer in (("transmission", pair.transmission), ("reflection", pair.reflection)):
        write_image(folder / f"{name}.png", rendered(layer, kind, settings))
    for number in range(_MOST_ANGLES):
        file = folder / f"polarizer_{number}.png"
        if number < len(images.images):
            write_image(file, _stored(images, number, kind, settings))
        else:
            remove(file)
    if pair.confidence is None:
        remove(folder / "confidence.npy")
    else:
        write_array(folder / "confidence.npy", pair.confidence)
    stokes = mean_over_channels(stokes_from_images(images.images, images.angles_deg))
    degree, angle = degree_of_polarization(stokes), angle_of_polarization_deg(stokes)
    write_array(folder / "polarization_degree.npy", degree)
    write_array(folder / "polarization_angle.npy", angle)
    write_image(folder / "polarization_degree.png", colorize_degree(degree))
    write_image(folder / "polarization_angle.png", colorize_angle(angle, degree))
    return degree


def _stored(
    images: PolarizedImages, number: int, kind: str, settings: ResponseSettings
) -> ImageArray:
    image = images.images[number]
    if image.dtype != np.float32:
        return image  # type: ignore[return-value]
    return rendered(np.asarray(image, np.float32), kind, settings)


@dataclass(frozen=True)
class SeparationResult:
    """One result folder. `images` per angle of `angles_deg`; `degree`: H x W, 0..1; `angle_deg`:
    H x W, 0..180; `truth`: true transmission and reflection where they were given, and `scores` of
    "transmission", "reflection" and "plain input" (the mean of the images) against them.
    """

    name: str
    images: tuple[ImageArray, ...]
    angles_deg: tuple[float, ...]
    transmission: ImageArray
    reflection: ImageArray
    degree: FloatArray
    angle_deg: FloatArray
    confidence: FloatArray | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    truth: tuple[ImageArray, ImageArray] | None = None
    scores: Mapping[str, ImageScores] = field(default_factory=dict)


def read_separation(folder: Path, truth: Path | None = None) -> SeparationResult:
    """The result in `folder`, scored against the layers of the polarization folder `truth`.

    Raises InputError where a file is missing or cannot be read, or the truth does not fit.
    """
    if not is_separation(folder):
        raise InputError(f"{folder} holds no layers: give folders that ddff reflection wrote")
    summary = read_json(folder / SUMMARY)
    angles = summary.get("polarizer_angles_deg")
    if not isinstance(angles, list) or not all(isinstance(a, int | float) for a in angles):
        raise InputError(f"{folder / SUMMARY} names no polarizer angles: run ddff reflection again")
    files = [folder / f"polarizer_{number}.png" for number in range(len(angles))]
    confidence = folder / "confidence.npy"
    layers = read_image(folder / "transmission.png"), read_image(folder / "reflection.png")
    true_layers = None if truth is None else _truth(truth)
    return SeparationResult(
        name=folder.resolve().name,
        images=tuple(read_image(file) for file in files if file.is_file()),
        angles_deg=tuple(float(angle) for angle in angles),
        transmission=layers[0],
        reflection=layers[1],
        degree=_map(folder / "polarization_degree.npy"),
        angle_deg=_map(folder / "polarization_angle.npy"),
        confidence=_map(confidence) if confidence.is_file() else None,
        summary=summary,
        truth=true_layers,
        scores={} if true_layers is None else _scores(layers, true_layers),
    )


def _truth(folder: Path) -> tuple[ImageArray, ImageArray]:
    if not (folder / DESCRIPTION).is_file():
        raise InputError(f"{folder} has no {DESCRIPTION}: the truth is a polarization folder")
    pair = layer_pair(read_polarization(folder))
    if pair is None:
        raise InputError(f"{folder} holds no true layers: name them in its {DESCRIPTION}")
    return pair


def _scores(
    layers: tuple[ImageArray, ImageArray], truth: tuple[ImageArray, ImageArray]
) -> dict[str, ImageScores]:
    found, true = [unit_image(layer) for layer in layers], [unit_image(layer) for layer in truth]
    return {
        "transmission": image_scores(found[0], true[0]),
        "plain input": image_scores(found[0] + found[1], true[0]),
        "reflection": image_scores(found[1], true[1]),
    }


def _map(file: Path) -> FloatArray:
    values = read_array(file)
    if values.ndim != 2 or values.dtype.kind != "f":
        raise InputError(f"{file} is {values.shape} {values.dtype}: it must be one float per pixel")
    return values.astype(np.float32, copy=False)
