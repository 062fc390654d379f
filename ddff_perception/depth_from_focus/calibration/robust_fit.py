"""Monotone polynomials through measurements of which some are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import InputError

Floats = NDArray[np.float64]

# Huber's constant: 95 % efficiency on normal errors.
_HUBER = 1.345
# Median absolute deviation of a normal distribution in standard deviations, inverted.
_MAD = 1.4826
_OUTLIER_SIGMAS = 5.0
# Share of the standard deviation of y that a curve may leave over.
_LARGEST_REMAINDER = 0.3
_NO_CURVE = "no rising or falling curve follows the measurements: check the distances"


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Coefficients of ascending powers of (x - centre) / half, that is of -1..1 over the data."""

    coefficients: Floats
    centre: float
    half: float

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1

    @property
    def span(self) -> tuple[float, float]:
        """The range of x that it was fitted to."""
        return self.centre - self.half, self.centre + self.half

    def __call__(self, x: Floats) -> Floats:
        u = (np.asarray(x, np.float64) - self.centre) / self.half
        return np.asarray(np.polynomial.polynomial.polyval(u, self.coefficients), np.float64)

    def slope(self, x: Floats) -> Floats:
        """Derivative at x."""
        if self.degree == 0:
            return np.zeros(np.shape(x))
        u = (np.asarray(x, np.float64) - self.centre) / self.half
        derived = np.polynomial.polynomial.polyder(self.coefficients)
        return np.asarray(np.polynomial.polynomial.polyval(u, derived) / self.half, np.float64)

    def extended(self, x: Floats, low: float, high: float) -> Floats:
        """The value inside `low` .. `high`, going on in a straight line outside."""
        inside = np.clip(x, low, high)
        return self(inside) + self.slope(inside) * (np.asarray(x, np.float64) - inside)

    def monotone(self, low: float, high: float) -> bool:
        """Whether it rises or falls all the way from `low` to `high`."""
        slopes = self.slope(np.linspace(low, high, 101))
        return bool((slopes > 0).all() or (slopes < 0).all())


def huber(design: Floats, values: Floats, iterations: int = 50) -> Floats:
    """Coefficients c that make design (N, K) @ c fit values (N,) by Huber's weights.

    Iteratively reweighted least squares; the scale is the median absolute deviation (Huber,
    "Robust Statistics", 1981).
    """
    weights = np.ones(len(values))
    coefficients: Floats = np.zeros(design.shape[1])
    for _ in range(iterations):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(design * root[:, None], values * root, rcond=None)
        new = np.asarray(solution[0], np.float64)
        residual = np.abs(values - design @ new)
        scale = max(_MAD * float(np.median(residual)), 1e-12)
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(residual, 1e-15))
        if np.allclose(new, coefficients, rtol=1e-10, atol=1e-14):
            break
        coefficients = new
    return new


def select_polynomial(
    x: Floats, y: Floats, highest: int = 3, tolerance: float = 0.02
) -> tuple[Polynomial, NDArray[np.bool_]]:
    """A monotone polynomial of y over x, and which points (N,) it rests on.

    The degree is the lowest one whose median error on a left-out point is within a fifth of the
    best. Points off by more than five standard deviations (estimated by the median, and at least
    `tolerance` in the unit of y) are left out. Raises InputError where no monotone curve follows
    the points.
    """
    candidates = []
    for degree in range(1, min(highest, len(x) - 2) + 1):
        curve = _fit(x, y, degree)
        if curve.monotone(float(x.min()), float(x.max())):
            candidates.append((_left_out_error(x, y, degree), degree))
    if not candidates:
        raise InputError(_NO_CURVE)
    # Errors below a tenth of the tolerance are noise of the peak fit: the simpler curve wins.
    limit = max(1.2 * min(candidates)[0], 0.1 * tolerance)
    degree = min(degree for error, degree in candidates if error <= limit)
    curve = _fit(x, y, degree)
    residual = np.abs(y - curve(x))
    scale = _MAD * float(np.median(residual)) * np.sqrt(len(x) / max(len(x) - degree - 1, 1))
    inliers = residual <= max(_OUTLIER_SIGMAS * scale, tolerance)
    if not inliers.all() and inliers.sum() > degree + 1:
        curve = _fit(x[inliers], y[inliers], degree)
    left = float(np.std((y - curve(x))[inliers]))
    if not left <= _LARGEST_REMAINDER * float(np.std(y[inliers])):
        raise InputError(_NO_CURVE)
    return curve, inliers


def _fit(x: Floats, y: Floats, degree: int) -> Polynomial:
    centre, half = float(x.max() + x.min()) / 2, max(float(x.max() - x.min()) / 2, 1e-12)
    design = np.vander((x - centre) / half, degree + 1, increasing=True)
    return Polynomial(huber(design, y), centre, half)


def _left_out_error(x: Floats, y: Floats, degree: int) -> float:
    errors = []
    for index in range(len(x)):
        keep = np.arange(len(x)) != index
        errors.append(
            abs(float(_fit(x[keep], y[keep], degree)(x[index : index + 1])[0]) - y[index])
        )
    return float(np.median(errors))
