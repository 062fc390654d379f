"""What a separation does to a view that it should not: harm, holes and edges of its own.

Of layers whose truth is known: `harm_rate`, the share of pixels that end further from the truth
than the untouched input, and `worst_error`. Of real captures, whose truth nobody knows: `holes` and
`new_edges`, which the images behind the polarizer speak against.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ...optics.polarization import brightest_channel, stokes_from_images
from ...types import FloatArray, PolarizedImages

# Further from the truth by less than this share of its brightest value is rounding and noise.
_TOLERATED = 0.005
_WORST = 0.05
_HOLE, _KEPT = 0.4, 0.7
# An edge of the transmission is new where no polarizer image has half of it, and it is no noise.
_STEEPER, _EDGE = 2.0, 0.03


def harm_rate(transmission: FloatArray, truth: FloatArray, plain: FloatArray) -> float:
    """Share of pixels, 0..1, that are further from the truth than the plain input is."""
    peak = max(float(truth.max()), 1e-9)
    errors = [brightest_channel(np.abs(image - truth)) / peak for image in (transmission, plain)]
    return float(np.mean(errors[0] > errors[1] + _TOLERATED))


def worst_error(transmission: FloatArray, truth: FloatArray) -> float:
    """Mean error of the worst 5 % of the pixels, as a share of the truth's brightest value."""
    errors = np.sort(brightest_channel(np.abs(transmission - truth)).ravel())
    worst = errors[-max(1, round(_WORST * errors.size)) :]
    return float(worst.mean() / max(float(truth.max()), 1e-9))


def holes(
    transmission: FloatArray, images: PolarizedImages, others: tuple[FloatArray, ...]
) -> float:
    """Share of pixels, 0..1, where less than 40 % of the input is left although each of the
    transmissions of `others` keeps more than 70 % of it.
    """
    plain = np.maximum(brightest_channel(_mean(images)), 1e-6)
    hole = brightest_channel(transmission) < _HOLE * plain
    for other in others:
        hole &= brightest_channel(other) > _KEPT * plain
    return float(hole.mean())


def new_edges(transmission: FloatArray, images: PolarizedImages) -> float:
    """Share of pixels, 0..1, with an edge in the transmission that no polarizer image has."""
    level = {"uint8": 255.0, "uint16": 65535.0}.get(images.images[0].dtype.name, 1.0)
    seen = np.maximum.reduce([_steepness(np.asarray(image / level)) for image in images.images])
    bright = float(np.percentile(brightest_channel(_mean(images)), 99))
    return float(np.mean(_steepness(transmission) > _STEEPER * seen + _EDGE * bright))


def _mean(images: PolarizedImages) -> FloatArray:
    return stokes_from_images(images.images, images.angles_deg).s0 * np.float32(0.5)


def _steepness(image: Any) -> FloatArray:
    """Length of the gradient per pixel, of the steepest channel."""
    values = np.asarray(image, np.float32)
    x, y = (cv2.Sobel(values, -1, *order, scale=0.125) for order in ((1, 0), (0, 1)))
    return np.asarray(brightest_channel(np.hypot(x, y)), np.float32)
