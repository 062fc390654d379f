"""What moves between two shots: a smooth non-rigid deformation (NRD of the paper)."""

from __future__ import annotations

import cv2
import numpy as np

from ...types import FloatArray

Rng = np.random.Generator
GRID_PX = 32
# The paper's variances, read as standard deviations in units of the grid's spacing.
DEVIATIONS = (0.1, 0.05, 0.025)


def random_motion(rng: Rng, size: int) -> FloatArray:
    """Displacement size x size x 2 in pixels: Gaussian at the points of a grid, smooth between."""
    points = max(2, size // GRID_PX + 1)
    deviation = float(rng.choice(DEVIATIONS)) * GRID_PX
    grid = rng.normal(0, deviation, (points, points, 2)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def moved(layer: FloatArray, motion_px: FloatArray) -> FloatArray:
    """`layer` (H x W x 3) with what is at p + motion(p) at p, mirrored at the border."""
    y, x = np.mgrid[: layer.shape[0], : layer.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(
            layer,
            x + motion_px[..., 0],
            y + motion_px[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.float32,
    )
