"""Light fields of textured planes, made from sines: every view is exact, without interpolation."""

from __future__ import annotations

import numpy as np

from ddff_perception.types import LightField, LightFieldCalibration

FREQUENCIES = ((0.05, 0.02), (0.11, -0.07), (-0.03, 0.13), (0.19, 0.05))


def texture(x, y):
    """Grey levels at any place, 0..255: a few waves below half the sampling rate."""
    waves = [np.cos(2 * np.pi * (fx * x + fy * y) + i) for i, (fx, fy) in enumerate(FREQUENCIES)]
    return 127.5 + 25 * np.sum(waves, axis=0)


def plane_light_field(
    disparity: float,
    grid: tuple[int, int] = (5, 7),
    size: tuple[int, int] = (48, 64),
    calibration: LightFieldCalibration | None = None,
) -> LightField:
    """A fronto-parallel plane: a point lies `disparity` px further left in each view to the right,
    and further up in each view below.
    """
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    views = np.empty((*grid, *size, 3), np.uint8)
    for v in range(grid[0]):
        for u in range(grid[1]):
            dx = (u - (grid[1] - 1) / 2) * disparity
            dy = (v - (grid[0] - 1) / 2) * disparity
            views[v, u] = np.rint(texture(x + dx, y + dy))[..., None]
    return LightField(views, calibration)
