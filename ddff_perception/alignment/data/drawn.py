"""Drives along a drawn wall: what is there without a camera, a recording or a renderer."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

HEIGHT, WIDTH = 120, 160


class DrawnRoute:
    """A wall of shapes, `length` pixels long, to drive along; `seed` says which."""

    def __init__(self, seed: int, length: int = 4000) -> None:
        draw = np.random.default_rng([seed, 77])
        wall = np.full((HEIGHT, length + WIDTH, 3), draw.integers(60, 190, 3), np.uint8)
        for _ in range(length // 6):
            x, y = int(draw.integers(0, length + WIDTH)), int(draw.integers(0, HEIGHT))
            w, h = (int(v) for v in draw.integers(4, 40, 2))
            colour = tuple(int(v) for v in draw.integers(0, 256, 3))
            if draw.random() < 0.5:
                cv2.rectangle(wall, (x, y), (x + w, y + h), colour, -1)
            else:
                cv2.ellipse(wall, (x, y), (w, h), 0, 0, 360, colour, -1)
        self.length = length
        self._wall = cv2.GaussianBlur(wall, (0, 0), 1.0)

    def drive(
        self, places: FloatArray, light: float = 1.0, noise: float = 0.0, seed: int = 0
    ) -> NDArray[np.uint8]:
        """Images (n, 120, 160, 3) from the `places` (n,) along the wall, 0 .. 1, in that `light`
        (a factor), with noise of that many grey levels.
        """
        draw = np.random.default_rng([seed, 78])
        found = np.empty((len(places), HEIGHT, WIDTH, 3), np.uint8)
        for number, place in enumerate(np.clip(places, 0.0, 1.0)):
            x = round(float(place) * self.length)
            view = self._wall[:, x : x + WIDTH].astype(np.float32) * light
            if noise:
                view += draw.normal(0.0, noise, view.shape)
            found[number] = np.clip(view, 0, 255)
        return found


def speed_profile(count: int, seed: int, slowest: float = 0.3) -> FloatArray:
    """Places (count,) from 0 to 1 of a drive whose speed changes smoothly by a few times."""
    draw = np.random.default_rng([seed, 79])
    phase, turns = draw.uniform(0, 2 * np.pi), draw.uniform(1.0, 3.0)
    speed = 1.0 + (1.0 - slowest) * np.sin(phase + turns * np.linspace(0, 2 * np.pi, count))
    way = np.concatenate([[0.0], np.cumsum(speed[:-1])])
    return np.asarray(way / way[-1], np.float32)
