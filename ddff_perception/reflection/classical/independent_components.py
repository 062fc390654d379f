"""Layers as independent components: no surface, no incidence, a closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, LayerPair, PolarizedImages
from .layers import (
    ComparedSettings,
    axis_deg,
    not_confident,
    reduced_light,
    samples,
    unmixed,
    unseparated,
)

# Fourth moment E[x⁴ + 2x²y² + y⁴] of two independent Gaussian values of unit variance.
_GAUSSIAN_FOURTH_MOMENT = 8.0
# Shares this far outside 0..1 are an error of estimation (at Brewster's angle one of them is 0).
_TOLERATED = 0.05
_LEAST_SPREAD = 1e-12
_LEAST_DETERMINANT = 1e-6


def farid_adelson(images: PolarizedImages, settings: ComparedSettings) -> LayerPair:
    """Layers of a flat surface of unknown material, by one 2 x 2 unmixing for all pixels.

    Source: Farid and Adelson, "Separating reflections from images using independent components
    analysis", JOSA A 16 (1999): the singular value decomposition of the mixing matrix in closed
    form, a rotation and a scaling that whiten the two inputs (second moments) and a second
    rotation from fourth moments. Its angle is the one of Σ ρ⁴ exp(4 i φ) over the whitened values
    in polar form, turned by 45 degrees where Σ ρ⁴ / N < 8, as for layers flatter than Gaussian
    (Zarzoso and Nandi 1999). The inputs are the canonical images, which span what the polarizer
    images do.

    Assumes: independent layers of which at most one is Gaussian, one mixture for all pixels.
    Ambiguity: components have neither sign, scale nor order. A surface that loses no light fixes
    sign and scale: the shares of the two layers in each canonical image add up to 1, two equations
    for two scales. The reflection is the layer with the smaller shares (plane "search"), or the one
    with more of I⊥ than of I∥ (a named plane). Shares clearly outside 0..1 mean that
    the components were not found: the shares are bounded, and the confidence is 0.
    Cost at 640 x 512: 4 ms grey, 9 ms colour (two cores of a server).
    """
    light = reduced_light(images, settings)
    axis = axis_deg(images, light, settings.plane)
    shares = None
    if light.polarized:
        mean, difference = samples(light, axis, settings.compared)
        mixing = mixing_matrix(mean + difference, mean - difference)
        if mixing is not None:
            shares = reflected_shares(mixing, settings.plane == "search")
    if shares is None:
        return unseparated(images)
    if shares[0] < shares[1]:
        shares, axis = (shares[1], shares[0]), axis + 90.0
    bounded = (min(max(shares[0], 0.0), 1.0), min(max(shares[1], 0.0), 1.0))
    pair = unmixed(images, axis, bounded, settings.noise)
    beyond = max(abs(one - other) for one, other in zip(shares, bounded, strict=True))
    return pair if beyond <= _TOLERATED else not_confident(pair)


def mixing_matrix(first: FloatArray, second: FloatArray) -> NDArray[np.float64] | None:
    """2 x 2 matrix A with (first, second) = A (component, component), up to the sign, scale and
    order of its columns; None where the inputs are one up to scale, or constant.
    """
    if first.size == 0:
        return None
    mixed = np.stack([first.ravel(), second.ravel()]).astype(np.float64)
    mixed -= mixed.mean(axis=1, keepdims=True)
    spread, turn = np.linalg.eigh(mixed @ mixed.T / mixed.shape[1])
    if spread[0] <= _LEAST_SPREAD * max(spread[1], 1.0) or spread[1] <= _LEAST_SPREAD:
        return None
    whitening = turn.T / np.sqrt(spread)[:, None]
    white = whitening @ mixed
    square = (white[0] + 1j * white[1]) ** 2
    moment = np.vdot(np.conj(square), square)
    kurtosis_sign = np.vdot(square, square).real / square.size - _GAUSSIAN_FOURTH_MOMENT
    angle = np.angle(moment * np.sign(kurtosis_sign)) / 4
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(np.linalg.inv(whitening) @ rotation, dtype=np.float64)


def reflected_shares(mixing: NDArray[np.float64], either_axis: bool) -> tuple[float, float] | None:
    """Shares of the reflection in (I⊥, I∥), with the columns of `mixing` scaled so that both rows
    add up to 1; None where no scale does that. With `either_axis` the reflection is the layer of
    the smaller shares, otherwise the one with the larger share in I⊥.
    """
    unit = mixing / np.linalg.norm(mixing, axis=0)
    if abs(np.linalg.det(unit)) < _LEAST_DETERMINANT:
        return None
    shares = unit * np.linalg.solve(unit, np.ones(2))
    if either_axis:
        column = int(np.argmin(shares.sum(axis=0)))
    else:
        column = int(np.argmax(shares[0] - shares[1]))
    return float(shares[0, column]), float(shares[1, column])
