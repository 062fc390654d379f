"""Whether an image is blurred in one direction, as motion does and defocus does not."""

from __future__ import annotations

import numpy as np

from .edge_blur import EdgeBlur

_SOFTENING_PX = 2.0
# Of the weight of all edges: what a direction without edges is held to the mean by.
_RIDGE = 0.02
_LEAST_WEIGHT = 5.0


def anisotropy(edges: EdgeBlur) -> float:
    """How much wider edges across one direction are than those along it, 1 or more.

    Fits a + b cos 2t + c sin 2t to the inverse width of edges whose gradient points to t. Motion
    blurs what it moves across and leaves what it moves along; defocus blurs all alike, whatever
    directions the edges of a scene have.
    """
    weight = edges.weight.astype(np.float64)
    total = float(weight.sum())
    if total < _LEAST_WEIGHT:
        return 1.0
    value = 1.0 / (edges.disc_px + _SOFTENING_PX)
    twice = 2.0 * np.arctan2(edges.gradient[:, 1], edges.gradient[:, 0])
    columns = np.stack([np.ones_like(twice), np.cos(twice), np.sin(twice)])
    normal = (columns * weight) @ columns.T + np.diag([0.0, _RIDGE, _RIDGE]) * total
    mean, *around = np.linalg.solve(normal, (columns * weight) @ value)
    swing = min(float(np.hypot(*around)), 0.9 * float(mean))
    return float((mean + swing) / (mean - swing))
