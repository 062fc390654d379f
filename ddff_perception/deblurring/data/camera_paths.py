"""Paths of cameras and of things that move by themselves, as matrices at every instant.

A path is a list of frames, each S x 3 x 3: where a point of the scene lies at S instants in equal
times of one exposure, the middle of scene and view both at (0, 0), in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...optics.blur_kernels import shake_path

Matrices = NDArray[np.float64]

_FINE, _STEP_PX, _MOST = 33, 0.8, 41
# Of position, roll, zoom and the two of perspective.
_AXES = 6


@dataclass(frozen=True, slots=True)
class Motion:
    """How a view moves: `blur_px` along a frame's exposure in the mean, which lasts for `share` of
    the time between frames. `steady`: share of it that is one steady drift. `turn`: how far the
    view's border moves by roll, zoom and perspective, as a share of the rest.
    """

    blur_px: float
    share: float = 0.5
    steady: float = 0.5
    turn: float = 0.2


def video_path(
    rng: np.random.Generator, frames: int, motion: Motion, radius_px: float
) -> list[Matrices]:
    """A path that goes on from frame to frame: a drift, and swings of many periods on top."""
    times = np.arange(frames)[:, None] + np.linspace(-0.5, 0.5, _FINE) * motion.share
    values = _swings(rng, times, motion)
    lengths = np.abs(np.diff(values[..., :2], axis=1)).sum(axis=1)
    mean = float(np.hypot(lengths[:, 0], lengths[:, 1]).mean())
    values *= motion.blur_px / max(mean, 1e-6)
    values -= values[frames // 2, _FINE // 2]
    return [_matrices(frame, radius_px) for frame in values]


def shaken_path(
    rng: np.random.Generator, frames: int, motion: Motion, radius_px: float
) -> list[Matrices]:
    """Frames far apart in time, each shaken by a Gaussian process (`optics.blur_kernels`)."""
    found = []
    for _ in range(frames):
        values = np.zeros((_FINE, _AXES))
        path = shake_path(rng, _FINE)
        path = path - path.mean(axis=0)
        # Where a capture will find the frame to lie.
        path[_FINE // 2] = 0
        length = max(float(np.ptp(path, axis=0).max()), 1e-6)
        values[:, :2] = path * motion.blur_px * rng.lognormal(0, 0.5) / length
        values += rng.normal(0, 1, _AXES) * np.array([4, 4, *[2 * motion.turn] * 4])
        found.append(_matrices(values, radius_px))
    return found


def _swings(
    rng: np.random.Generator, times: NDArray[np.float64], motion: Motion
) -> NDArray[np.float64]:
    """Values of all axes at `times` (frames x instants), of no particular size."""
    angle = rng.uniform(0, 2 * np.pi)
    size = np.array([1, 1, *rng.uniform(-1, 1, 4) * motion.turn])
    drift = np.array([np.cos(angle), np.sin(angle), *rng.normal(0, 1, 4)]) * size
    found = motion.steady * times[..., None] * drift
    for frequency in np.exp(rng.uniform(np.log(0.03), np.log(0.45), 3)):
        phase = rng.uniform(0, 2 * np.pi, _AXES)
        speed = rng.normal(0, 1, _AXES) * size * (1 - motion.steady)
        swing = np.sin(2 * np.pi * frequency * times[..., None] + phase)
        found = found + speed * swing / (2 * np.pi * frequency)
    return np.asarray(found)


def _matrices(values: NDArray[np.float64], radius_px: float) -> Matrices:
    """Of values in time, all in pixels at the border, as few as show every step."""
    ends = np.abs(np.diff(values, axis=0)).sum(axis=0)
    count = int(np.clip(2 * np.ceil(ends.max() / _STEP_PX / 2) + 1, 1, _MOST))
    at = np.linspace(0, _FINE - 1, count) if count > 1 else np.array([_FINE // 2])
    x, y, roll, zoom, slope_x, slope_y = (
        np.interp(at, np.arange(_FINE), values[:, n]) for n in range(_AXES)
    )
    found = np.tile(np.eye(3), (count, 1, 1))
    scale = np.exp(zoom / radius_px)
    cos, sin = scale * np.cos(roll / radius_px), scale * np.sin(roll / radius_px)
    found[:, 0] = np.stack([cos, -sin, x], axis=-1)
    found[:, 1] = np.stack([sin, cos, y], axis=-1)
    found[:, 2, 0], found[:, 2, 1] = slope_x / radius_px**2 / 2, slope_y / radius_px**2 / 2
    return found


def middle(frame: Matrices) -> NDArray[np.float64]:
    """The matrix of a frame's middle instant, 3 x 3."""
    return np.asarray(frame[len(frame) // 2])
