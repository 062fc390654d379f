"""Planes in oriented points by RANSAC: each hypothesis is one point with its normal.

M. Fischler and R. Bolles, "Random sample consensus", CACM 24, 1981; one oriented point for a plane
as in R. Schnabel, R. Wahl, R. Klein, "Efficient RANSAC for point-cloud shape detection", 2007,
section 4.1. Hypotheses that are nearly level or upright are made so: rooms are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

_HYPOTHESES = 96
_JUDGES = 1500
_SAME_NORMAL = 0.9
_MOST_PLANES = 12
_LEVEL, _UPRIGHT = 0.94, 0.34


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Points p with `normal` (3,) . p = `offset` (metres); the normal looks towards the camera.
    `points`: indices of those on it.
    """

    normal: FloatArray
    offset: float
    points: NDArray[np.intp]


def tolerance_m(depth: FloatArray, base_m: float) -> FloatArray:
    """How far a point may be off its plane: depth cameras err with the square of the distance."""
    return np.asarray(base_m * (0.5 + 0.25 * depth * depth).clip(0.5, 6.0), np.float32)


def find_planes(
    points: FloatArray, normals: FloatArray, down: FloatArray, least: int, base_m: float
) -> list[Plane]:
    """The planes of N x 3 points with unit normals, the one that most points lie on first.

    `down`: unit vector of gravity. A plane has `least` points or more, within `tolerance_m` of it.
    The same points give the same planes.
    """
    rng = np.random.default_rng(0)
    left = np.arange(len(points))
    tolerance = tolerance_m(points[:, 2], base_m)
    found: list[Plane] = []
    while len(left) >= least and len(found) < _MOST_PLANES:
        judges = left[rng.integers(len(left), size=min(_JUDGES, len(left)))]
        seeds = left[rng.integers(len(left), size=_HYPOTHESES)]
        candidates = _squared(normals[seeds], down)
        offsets = np.einsum("ij,ij->i", candidates, points[seeds])
        off = np.abs(points[judges] @ candidates.T - offsets)
        on = (off < tolerance[judges, None]) & (normals[judges] @ candidates.T > _SAME_NORMAL)
        best = int(np.argmax(np.count_nonzero(on, axis=0)))
        plane = _refined(
            points, normals, left, tolerance, (candidates[best], float(offsets[best])), down
        )
        if len(plane.points) < least:
            break
        found.append(plane)
        free = np.ones(len(points), np.bool_)
        free[plane.points] = False
        left = left[free[left]]
    return found


def _refined(
    points: FloatArray,
    normals: FloatArray,
    left: NDArray[np.intp],
    tolerance: FloatArray,
    plane: tuple[FloatArray, float],
    down: FloatArray,
) -> Plane:
    """The plane of least squares through those of `left` that lie on a first guess."""
    normal, offset = plane
    on = left
    for _ in range(2):
        near = np.abs(points[left] @ normal - offset) < tolerance[left]
        on = left[near & (normals[left] @ normal > _SAME_NORMAL)]
        if len(on) < 3:
            break
        weights = 1 / tolerance[on] ** 2
        middle = np.average(points[on], axis=0, weights=weights)
        spread = (points[on] - middle) * np.sqrt(weights)[:, None]
        fitted = np.linalg.eigh(spread.T @ spread).eigenvectors[:, 0].astype(np.float32)
        fitted = _squared(fitted[None] * np.sign(fitted @ normal), down)[0]
        if fitted @ normal > _SAME_NORMAL:
            normal, offset = fitted, float(fitted @ middle)
    return Plane(normal, offset, on)


def _squared(normals: FloatArray, down: FloatArray) -> FloatArray:
    """Normals that are nearly along gravity or across it exactly so."""
    along = normals @ down
    level = np.abs(along) > _LEVEL
    upright = np.abs(along) < _UPRIGHT
    flat = normals - along[:, None] * down
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    squared = np.where(level[:, None], np.sign(along)[:, None] * down, normals)
    return np.asarray(np.where(upright[:, None], flat, squared), np.float32)
