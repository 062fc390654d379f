"""Which way is down, and how high above the ground: from the planes that a room is made of.

The direction: S. Gupta, P. Arbelaez, J. Malik, "Perceptual organization and recognition of indoor
scenes from RGB-D images", CVPR 2013, section 3.1: surfaces are parallel or perpendicular to it.
"""

from __future__ import annotations

import numpy as np

from ...types import FloatArray

LEVEL = (0.0, 1.0, 0.0)
# Half angles within which a surface counts as level or upright, from the first guess to the last.
_ANGLES_DEG = (45.0, 30.0, 15.0, 10.0)
_STEPS_PER_ANGLE = 3
# Where one looks from: cameras look down more often than up, and are rolled by hands alone.
_TILTS_DEG = (0.0, -30.0, 30.0, 55.0)
_ROLLS_DEG = (0.0, -25.0, 25.0)
# Two sides of a room fit as well as three, and a quarter of all directions is upright by chance:
# what is level says more, and so does how cameras are held. Chosen on 84 views of rendered rooms.
_LEVEL_COUNTS, _LEVEL_ENOUGH = 0.75, 0.4
_PRICE_DOWNWARDS, _PRICE_UPWARDS, _PRICE_ROLLED = 0.55, 1.2, 1.0
# Where the surfaces leave it open (one wall fills the view), the direction near the start.
_PULL = 1e-3
_LEAST_NORMALS = 60
_LEAST_SHARE = 0.15
# What the directions are compared by, and what the best is refined by.
_FEW, _MANY = 800, 5000
# Upward surfaces lie within this angle; the ground is the lowest that covers this share of a view.
_UPWARD_DEG = 15.0
_GROUND_SHARE = 0.01
_BIN_M = 0.05
_LOWEST_PERCENT = 1.0


def estimate_gravity(normals: FloatArray) -> FloatArray | None:
    """The unit vector that points down, in the optical frame; None where too little says so.

    `normals`: H x W x 3, NaN where unknown. Cameras that are tilted by up to 60 and rolled by up to
    30 degrees are found. A view of one plane alone cannot tell a floor from a wall: that the camera
    is nearer to level decides.
    """
    known = normals[np.isfinite(normals[..., 0])]
    if len(known) < _LEAST_NORMALS:
        return None
    few, many = (known[:: max(1, len(known) // count)] for count in (_FEW, _MANY))
    best, best_score = np.asarray(LEVEL, np.float32), -np.inf
    for start in _starts():
        down = _refined(few, start, 1)
        level = float(np.mean(np.abs(few @ down) > np.cos(np.radians(_ANGLES_DEG[-1]))))
        counts = _LEVEL_COUNTS * min(level, _LEVEL_ENOUGH)
        score = _agreement(few, down) + counts - _price(down)
        if score > best_score:
            best, best_score = down, score
    best = _refined(many, best, _STEPS_PER_ANGLE)
    return best if _agreement(many, best) >= _LEAST_SHARE else None


def ground_height(heights: FloatArray, normals: FloatArray, down: FloatArray) -> float:
    """Where the ground lies among `heights` (H x W metres, upwards from any level).

    The lowest level surface that faces up and covers a hundredth of what is known; without one, the
    lowest hundredth of all points. NaN where nothing is known.
    """
    known = np.isfinite(heights)
    if not known.any():
        return float("nan")
    upward = known & (normals @ -down > np.cos(np.radians(_UPWARD_DEG)))
    levels = heights[upward]
    if levels.size:
        low = float(levels.min())
        bins = ((levels - low) / _BIN_M).astype(np.int64)
        counts = np.convolve(np.bincount(np.minimum(bins, 4000)), (1, 1, 1), "same")
        floors = np.flatnonzero(counts >= _GROUND_SHARE * np.count_nonzero(known))
        if floors.size:
            # The first bin that is enough is the surface's rim: its fullest neighbour is its level.
            first = int(floors[0])
            peak = first + int(np.argmax(counts[first : first + 4]))
            near = levels[np.abs(bins - peak) <= 1]
            return float(np.median(near))
    return float(np.percentile(heights[known], _LOWEST_PERCENT))


def _price(down: FloatArray) -> float:
    """How unlikely a camera is held so: tilted, more so upwards, or rolled."""
    tilt = float(np.arctan2(down[2], down[1]) / (np.pi / 2))
    tilted = (_PRICE_DOWNWARDS if tilt > 0 else _PRICE_UPWARDS) * tilt**2
    return tilted + _PRICE_ROLLED * float(down[0]) ** 2


def _starts() -> list[FloatArray]:
    """Directions from which the true one is looked for."""
    found = []
    for tilt in np.radians(_TILTS_DEG):
        for roll in np.radians(_ROLLS_DEG):
            y, z = np.cos(tilt), np.sin(tilt)
            found.append(np.array([-np.sin(roll) * y, np.cos(roll) * y, z], np.float32))
    return found


def _refined(normals: FloatArray, down: FloatArray, steps: int) -> FloatArray:
    """The direction that level surfaces are most parallel to and upright ones most perpendicular,
    of those that are nearly so, `steps` times for each angle (equation 1 of Gupta et al.).
    """
    start = down
    for angle in np.radians(_ANGLES_DEG):
        for _ in range(steps):
            along = np.abs(normals @ down)
            level, upright = normals[along > np.cos(angle)], normals[along < np.sin(angle)]
            if len(level) + len(upright) < _LEAST_NORMALS // 2:
                return down
            spread = upright.T @ upright - level.T @ level
            spread -= _PULL * (len(level) + len(upright)) * np.outer(start, start)
            found = np.linalg.eigh(spread).eigenvectors[:, 0]
            down = found if found @ start >= 0 else -found
    return down


def _agreement(normals: FloatArray, down: FloatArray) -> float:
    """Share of the surfaces that are level or upright."""
    along = np.abs(normals @ down)
    angle = np.radians(_ANGLES_DEG[-1])
    return float(np.mean((along > np.cos(angle)) | (along < np.sin(angle))))
