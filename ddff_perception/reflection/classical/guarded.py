"""Layers that do no harm: those of `kong` where there is glass, the view as it is elsewhere.

Where there is glass says `presence`, a logistic function fitted on views with glass, without, and
with its border in view; the confidence is one too: the probability that the transmission is within
5 % of its brightest value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ...parameters import parameter
from ...types import FloatArray, LayerPair, PolarizedImages
from .layers import Light, axis_deg, reduced_light, stokes_weights
from .mixing import Surface, darkest, enlarged, gains_of, half_stokes, mixed_layers, reflected
from .patchwise import CELL, KongSettings, find_geometry_map
from .presence import logistic, presence_features, presence_of, worth_of

# As found by benchmarks/reflection_confidence.py: a constant, and a weight for each feature.
CONFIDENCE = (-1.483, -1.729, -1.189, -1.38, 0.912, -1.936)
_SURE = 0.5
_SPREAD = 0.02
_LEAST_SHARE = 3e-3


@dataclass(frozen=True)
class GuardedSettings(KongSettings):
    """Values of `guarded`."""

    safe: bool = parameter(
        False,
        "Where the confidence is below a half, nothing but the darkest polarizer angle comes out, "
        "which cannot show what is not there",
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What physics says, on the grid of the reduced images (h x w).

    `light`: (m, p, q); `gains`: (A, B, C) with the presence of glass in them, `whole` without;
    `presence`: 0..1; `axis_deg`: φ⊥ as physics has it; `overlap`: of the layers' gradients; `seen`
    and `facts`: F x h x w, what presence and confidence come from; `worth`: of separating at all,
    0..1; `noise`: standard deviation of p and q; `peak`: the brightest value of the transmission.
    """

    light: FloatArray
    gains: FloatArray
    whole: FloatArray
    presence: FloatArray
    axis_deg: FloatArray
    overlap: FloatArray
    seen: FloatArray
    worth: float
    noise: float
    facts: FloatArray = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    peak: float = 1.0


def guarded(images: PolarizedImages, settings: GuardedSettings) -> LayerPair:
    """Layers of `kong` where there is glass (or water), the plain view where there is none.

    Source: `kong` for the surface; presence and confidence are this package's own.
    Assumes: as `kong`; where it does not hold, little is taken away.
    Confidence: the probability that the transmission is within 5 % of its brightest value; 0 where
    saturated.
    Cost at 640 x 512: that of `kong`.
    """
    answer = physical_answer(images, settings)
    return finished(images, answer.gains, confidence_of(answer.facts), settings)


def finished(
    images: PolarizedImages, gains: FloatArray, confidence: FloatArray, settings: GuardedSettings
) -> LayerPair:
    """Layers from gains and confidence on a grid, with what `safe` makes of them."""
    pair = mixed_layers(images, gains, confidence)
    if not settings.safe:
        return pair
    assert pair.confidence is not None
    # A narrow slope, as a border between the two would be an edge that no image has.
    sure = np.clip((pair.confidence - _SURE) / (2 * _SPREAD) + 0.5, 0, 1)
    sure = sure if pair.transmission.ndim == 2 else sure[..., None]
    mean = pair.transmission + pair.reflection
    transmission = darkest(images)
    transmission += sure * (pair.transmission - transmission)
    return LayerPair(
        np.asarray(transmission, np.float32),
        np.asarray(np.maximum(mean - transmission, 0), np.float32),
        pair.confidence,
    )


def physical_answer(images: PolarizedImages, settings: GuardedSettings) -> Answer:
    """Gains of the surface and how sure it is that there is one, for images of any size."""
    light = reduced_light(images, settings)
    stokes = half_stokes(light.stokes)
    axis = axis_deg(images, light, settings.plane)
    height, width = light.usable.shape
    found = find_geometry_map(light, axis, settings)
    incidence, along, overlap = (
        enlarged(part, width, height)
        for part in (found.incidence_deg, found.perpendicular_deg, found.overlap)
    )
    whole = gains_of(incidence, along, settings)
    noise = _noise(images, light, settings)
    window = settings.patch * width / CELL
    seen = presence_features(light, found, whole, noise, window)
    worth = worth_of(light, whole, noise)
    presence = presence_of(seen, worth)
    gains = presence * whole
    return judged(Answer(stokes, gains, whole, presence, along, overlap, seen, worth, noise))


def judged(answer: Answer) -> Answer:
    """The answer with the brightest value of its transmission, and what its confidence comes from.

    In logarithms: what is taken away, how far from what the polarization shows of itself, how much
    hangs on the presence of glass, and noise; and the overlap of the layers' gradients.
    """
    reflection = reflected(answer.light, answer.gains)
    peak = max(float((answer.light[0] - reflection).max()), 1e-6)
    polarized = np.hypot(answer.light[1], answer.light[2])
    unsure = 4 * answer.presence * (1 - answer.presence) * reflected(answer.light, answer.whole)
    spread = answer.noise * np.linalg.norm(answer.gains, axis=0)
    parts = [reflection, np.abs(reflection - polarized), unsure, spread]
    logarithms = [np.log10(part / peak + _LEAST_SHARE) for part in parts]
    facts = np.stack([*logarithms, answer.overlap]).astype(np.float32)
    return replace(answer, facts=facts, peak=peak)


def confidence_of(facts: FloatArray) -> FloatArray:
    """The probability that the transmission is within 5 % of its brightest value."""
    return logistic(CONFIDENCE, facts)


def surface_of(settings: GuardedSettings) -> Surface:
    """What the settings admit."""
    return Surface.of(settings, settings.min_incidence, settings.max_incidence)


def _noise(images: PolarizedImages, light: Light, settings: GuardedSettings) -> float:
    """Standard deviation of the reduced images' p and q, by the setting."""
    scale = light.usable.shape[1] / images.images[0].shape[1]
    gains = np.linalg.norm(stokes_weights(images.angles_deg)[1:], axis=1) / 2
    return float(settings.noise * scale * gains.max())
