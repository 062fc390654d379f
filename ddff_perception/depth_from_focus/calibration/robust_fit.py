"""Monotone polynomials through measurements of which some are wrong."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Polynomial
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


def extended(curve: Polynomial, x: Floats, low: float, high: float) -> Floats:
    """The value of `curve` inside `low` .. `high`, going on in a straight line outside."""
    inside = np.clip(x, low, high)
    return np.asarray(curve(inside) + curve.deriv()(inside) * (x - inside), np.float64)


def monotone(curve: Polynomial, low: float, high: float) -> bool:
    """Whether it rises or falls all the way from `low` to `high`."""
    slopes = curve.deriv()(np.linspace(low, high, 101))
    return bool((slopes > 0).all() or (slopes < 0).all())


def scaled_polynomial(coefficients: Floats, centre: float, half: float) -> Polynomial:
    """Of ascending powers of (x - centre) / half, that is of -1..1 over the data."""
    return Polynomial(coefficients, domain=[centre - half, centre + half])


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
        if monotone(curve, float(x.min()), float(x.max())):
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
    centre = float(x.max() + x.min()) / 2
    # All places may be one: then half is small, and still not lost beside the centre.
    half = max(float(x.max() - x.min()) / 2, 1e-12 * max(abs(centre), 1.0))
    design = np.vander((x - centre) / half, degree + 1, increasing=True)
    return scaled_polynomial(huber(design, y), centre, half)


def _left_out_error(x: Floats, y: Floats, degree: int) -> float:
    errors = []
    for index in range(len(x)):
        keep = np.arange(len(x)) != index
        errors.append(
            abs(float(_fit(x[keep], y[keep], degree)(x[index : index + 1])[0]) - y[index])
        )
    return float(np.median(errors))
