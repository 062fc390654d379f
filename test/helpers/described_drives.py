"""Drives whose images say where they were taken, so that a pipeline needs no look at them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from routes import DescribedRoute

from ddff_perception.alignment.capture.reference import Reference
from ddff_perception.alignment.methods import METHODS, described_by
from ddff_perception.alignment.pipeline import RoutePipeline
from ddff_perception.types import FloatArray

STEP_NS = 200_000_000
START_NS = 10**12
WAY = DescribedRoute(1, length=200)
_NOISE = np.random.default_rng(0).integers(0, 256, (24, 32), np.uint8)


class DescribedPipeline(RoutePipeline):
    """Takes the descriptor of the place that an image of `image_at` names."""

    def find(self, method: Any, taken: Any) -> FloatArray:
        place, seed = (int(value) for value in taken[0, :2])
        return WAY.frames(np.array([float(place)]), seed=seed)[0]


def image_at(place: int, seed: int = 0) -> NDArray[np.uint8]:
    """An image of the place 0..200, with noise of its own."""
    image = _NOISE.copy()
    image[0, :2] = place, seed % 256
    return image


def described_reference() -> Reference:
    """All of the way, a place per `STEP_NS`, as the method `sift` would have it."""
    count = WAY.length + 1
    picture = np.asarray(cv2.imencode(".jpg", _NOISE)[1], np.uint8).ravel()
    return Reference(
        WAY.frames(np.arange(float(count))),
        START_NS + STEP_NS * np.arange(count),
        np.arange(count),
        len(picture) * np.arange(count + 1),
        np.tile(picture, count),
        {**described_by(METHODS.create("sift")), "size": [32, 24]},
    )
