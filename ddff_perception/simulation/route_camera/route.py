"""The way through a room, and how fast it is gone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ..world.cameras import Viewpoint, look_at

FOV_DEG = 75.0
_HEIGHT_M = 1.45
_STEP_M = 0.02
_AHEAD_M = 2.0
_ROUND_M = 0.5
_NARROW_M = 2.6


class RouteThroughRoom:
    """A way along the walls of a room of `width` x `depth` metres, or through its middle where it
    is narrow; places count metres along it.
    """

    def __init__(self, width: float, depth: float) -> None:
        inset = min(1.0, 0.3 * width)
        corners = [(inset, inset), (inset, depth - inset), (width - inset, depth - inset),
                   (width - inset, inset)]  # fmt: skip
        if width < _NARROW_M:
            corners = [(width / 2, 0.4), (width / 2, depth - 1.5)]
        points = []
        for (x0, y0), (x1, y1) in pairwise(corners):
            count = max(2, round(float(np.hypot(x1 - x0, y1 - y0)) / _STEP_M))
            share = np.linspace(0, 1, count, endpoint=False)[:, None]
            points.append((1 - share) * [x0, y0] + share * [x1, y1])
        raw = np.concatenate(points)
        self._points = gaussian_filter1d(raw, _ROUND_M / _STEP_M, axis=0, mode="nearest")
        steps = np.linalg.norm(np.diff(self._points, axis=0), axis=1)
        self._along = np.concatenate([[0.0], np.cumsum(steps)])
        heading = gaussian_filter1d(
            np.gradient(self._points, axis=0), _ROUND_M / _STEP_M, axis=0, mode="nearest"
        )
        self._heading = heading / np.linalg.norm(heading, axis=1, keepdims=True)

    @property
    def length(self) -> float:
        """Metres."""
        return float(self._along[-1])

    def points(self) -> NDArray[np.float64]:
        """Positions (n, 2) all along the way."""
        return np.asarray(self._points)

    def viewpoint(self, place: float, sway: tuple[float, float] = (0.0, 0.0)) -> Viewpoint:
        """The camera at a place, looking ahead; `sway`: metres to the right, and radians."""
        x, y, u, v = (
            float(np.interp(place, self._along, values))
            for values in (*self._points.T, *self._heading.T)
        )
        side, turned = sway
        c, s = np.cos(turned), np.sin(turned)
        u, v = c * u - s * v, s * u + c * v
        eye = (x + side * v, y - side * u, _HEIGHT_M)
        target = (eye[0] + _AHEAD_M * u, eye[1] + _AHEAD_M * v, _HEIGHT_M - 0.15)
        return Viewpoint(look_at(eye, target), FOV_DEG, "robot")


def drive_places(length: float, frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Places (frames,) of a drive from one end of a route to the other, at a speed that changes
    smoothly by a few times.
    """
    rough = gaussian_filter1d(rng.standard_normal(frames + 40), 8.0)[20:-20]
    speed = np.exp(0.6 * rough / max(float(rough.std()), 1e-6))
    way = np.concatenate([[0.0], np.cumsum(speed[:-1])])
    return np.asarray(length * way / way[-1])
