"""A frame as histograms of its SIFT descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray

_ROWS, _COLUMNS = 2, 3


@dataclass(frozen=True)
class SiftSettings(Settings):
    """Values of `sift`."""

    spacing: int = parameter(16, "distance of the points of the grid", "px", (4, 64))
    width: int = parameter(320, "images are brought to this width first", "px", (64, 4096))


def sift_histograms(image: ImageArray, settings: SiftSettings) -> FloatArray:
    """A unit vector (768,) of an image, H x W or H x W x 3: the sum of the RootSIFT descriptors on
    a grid, in two rows and three columns of the image.

    The baseline of section 4.4 (after VideoSnapping, Wang et al. 2014) without its pairwise
    matches, which take a quarter of a second per frame: what is left is one vector per frame.
    """
    grey = grey_image(image, settings.width)
    height, width = grey.shape
    spacing = settings.spacing
    places = [
        cv2.KeyPoint(float(x), float(y), 1.5 * spacing)
        for y in range(spacing // 2, height, spacing)
        for x in range(spacing // 2, width, spacing)
    ]
    found: NDArray[np.float32] | None
    detector: Any = cv2.SIFT_create()  # type: ignore[attr-defined]
    places, found = detector.compute(grey, places)
    if found is None:
        return np.full(128 * _ROWS * _COLUMNS, (128 * _ROWS * _COLUMNS) ** -0.5, np.float32)
    roots = np.sqrt(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6))
    at = np.array([place.pt for place in places])
    row = np.minimum((at[:, 1] * _ROWS / height).astype(int), _ROWS - 1)
    column = np.minimum((at[:, 0] * _COLUMNS / width).astype(int), _COLUMNS - 1)
    total = np.zeros((_ROWS * _COLUMNS, 128), np.float32)
    np.add.at(total, row * _COLUMNS + column, roots)
    return unit(total.ravel())


def grey_image(image: ImageArray, width: int) -> NDArray[np.uint8]:
    """The image in 8 bits of grey, of that width."""
    if image.dtype != np.uint8:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def unit(vector: FloatArray) -> FloatArray:
    """The vector at length 1; what has no length as it is."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
