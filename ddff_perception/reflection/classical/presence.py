"""Whether there is glass: what a surface does to light that gloss, sky and noise do not.

All light that meets a surface is polarized along one axis or across it, whichever layer it belongs
to, and the layers that the right incidence gives share no more edges than chance makes them. Things
that polarize by themselves keep their own edges in both layers, however well they share an axis.
"""

from __future__ import annotations

import numpy as np

from ...types import FloatArray
from .layers import Light
from .mixing import enlarged, half_stokes, near, reflected
from .patchwise import GeometryMap, pooled, slopes

# As found by `benchmarks/reflection_confidence.py --fit`: a constant, a weight for each feature.
PRESENCE = (27.177, -3.746, -38.094, -18.647, -2.208, 10.04)
# A place alone says no more than this, to what the view says as a whole no more than the second.
_LOCAL = 6.0
_HEARD = 4.0
# A view that is for glass in the mean by less than this may well have its border in it.
_CLEARLY_GLASS = 3.0
# What a place must say before it is rather glass: what is left in doubt stays as it is.
_DOUBT = 0.3
# Pixels so far apart share no noise, even where an image was reduced by less than two.
_LAG = 2
_LEAST_ALIKE = 0.1
_NEAR = 0.05
# Layers of rooms share half more edges than chance, as textured and plain parts are plain in both.
_ALL_SHARED = 10**0.2
# A reflection of this many times the power that noise has in it is one, beyond twice certainly.
_OVER_NOISE = (1.0, 2.0)
# The same of polarization: the second is where `kong` begins.
_POLARIZED = (1.5, 2.0)


def presence_of(
    seen: FloatArray, worth: float, weights: tuple[float, ...] = PRESENCE
) -> FloatArray:
    """Presence of glass 0..1 (h x w) from features (F x h x w): a pane mirrors nearly everywhere in
    a view or nowhere, so what most of it says decides where a place alone is in doubt.
    """
    score = scored(weights, seen)
    mean = float(np.clip(score, -_HEARD, _HEARD).mean())
    view = 2 * mean if mean < 0 else 8 * max(mean - _CLEARLY_GLASS, 0.0)
    place = np.clip(score, -_LOCAL, _LOCAL) + np.float32(view - _DOUBT)
    return np.float32(worth) * probability(place)


def presence_features(
    light: Light, found: GeometryMap, whole: FloatArray, noise: float, window: float
) -> FloatArray:
    """5 x h x w: how far light has no common axis and how far the layers share edges beyond chance,
    both in logarithms; how far they share any; polarization over noise and over brightness.

    `whole`: gains of the surface where there is glass. `window`: of the patches, in cells.
    """
    height, width = light.usable.shape
    stokes = half_stokes(light.stokes)
    chance = _edges_beyond_chance(light, stokes, whole, window)
    axes = _common_axis(light, stokes, window)
    axes, chance, overlap = (
        enlarged(part, width, height) for part in (axes, chance, found.overlap)
    )
    power = near(stokes[1] ** 2 + stokes[2] ** 2, _NEAR * width)
    mean = near(stokes[0], _NEAR * width)
    strength = np.log10(np.sqrt(power) / np.maximum(mean, 1e-4) + 1e-3)
    clear = np.minimum(np.log10(power / max(noise, 1e-6) ** 2 + 1e-2), 3)
    several = np.log10(1.03 - np.minimum(axes, 1))
    shared = np.log10(np.clip(chance, 0.7, _ALL_SHARED))
    return np.stack([several, shared, overlap, clear, strength]).astype(np.float32)


def worth_of(light: Light, whole: FloatArray, noise: float) -> float:
    """0..1: whether a view's reflection is more than what noise makes of it, or its polarization
    clear enough for `kong`. Beneath both, to separate costs more than it gives.
    """
    if not light.usable.any():
        return 0.0
    reflection = reflected(half_stokes(light.stokes), whole)[light.usable]
    spread = (noise**2 * (whole[1] ** 2 + whole[2] ** 2))[light.usable]
    beyond = float(np.mean(reflection**2)) / max(float(spread.mean()), 1e-12)
    ramps = ((beyond, _OVER_NOISE), (light.clarity, _POLARIZED))
    return max(min(max((at - low) / (high - low), 0.0), 1.0) for at, (low, high) in ramps)


def logistic(weights: tuple[float, ...], features: FloatArray) -> FloatArray:
    """Of the features F x h x w and F + 1 weights, the constant first: h x w in 0..1."""
    return probability(scored(weights, features))


def scored(weights: tuple[float, ...], features: FloatArray) -> FloatArray:
    """The weighted sum of the features, h x w."""
    constant, *rest = weights
    score = constant + np.einsum("f,fhw->hw", np.asarray(rest, np.float32), features)
    return np.asarray(score, np.float32)


def probability(score: FloatArray) -> FloatArray:
    """The logistic function of the score, 0..1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))), np.float32)


def _common_axis(light: Light, stokes: FloatArray, window: float) -> FloatArray:
    """Per cell how far all light around is polarized along one axis or across it, 0..1, from pairs
    of pixels that share no noise: weak polarization counts as much as strong one.
    """
    along, across, alike, power = (_nothing(light) for _ in range(4))
    for axis in (0, 1):
        known = light.usable & np.roll(light.usable, -_LAG, axis=axis)
        np.moveaxis(known, axis, 0)[-_LAG:] = False
        (p, q), (far_p, far_q) = stokes[1:], np.roll(stokes[1:], -_LAG, axis=axis + 1)
        along += pooled((p * far_p - q * far_q) * known, window)
        across += pooled((p * far_q + q * far_p) * known, window)
        alike += pooled((p * far_p + q * far_q) * known, window)
        both = p * p + q * q + far_p * far_p + far_q * far_q
        power += pooled(both * known, window) / np.float32(2)
    total = np.maximum(alike, np.float32(_LEAST_ALIKE) * power + np.float32(1e-12))
    return np.asarray(np.hypot(along, across) / total, np.float32)


def _edges_beyond_chance(
    light: Light, stokes: FloatArray, whole: FloatArray, window: float
) -> FloatArray:
    """Per cell Σ|∇T ∇R| over what it would be if the layers had nothing to do with each other."""
    reflection = np.einsum("khw,khw->hw", whole, stokes)
    shared, first, second = (_nothing(light) for _ in range(3))
    for one, other in slopes(stokes[0] - reflection, reflection, light.usable):
        shared += pooled(np.abs(one * other), window)
        first += pooled(np.abs(one), window)
        second += pooled(np.abs(other), window)
    count = 2 * pooled(light.usable.astype(np.float32), window)
    return np.asarray(shared * count / np.maximum(first * second, 1e-12), np.float32)


def _nothing(light: Light) -> FloatArray:
    """Zeros of the grid of cells."""
    return np.zeros_like(pooled(light.usable.astype(np.float32), 1.0))
