"""Layers that do no harm: those of `kong` where there is glass, the view as it is elsewhere.

What tells glass from gloss, sky and noise: all light that meets a surface is polarized along one
axis or across it, whichever layer it belongs to, and the layers that some incidence gives share
fewer edges than others. `presence` is a logistic function of both, fitted on views with glass,
without, and with its border in view, and so is the confidence: the probability that the
transmission is within 5 % of its brightest value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from ...parameters import parameter
from ...types import FloatArray, LayerPair, PolarizedImages
from .layers import Light, axis_deg, reduced_light, stokes_weights
from .mixing import Surface, darkest, enlarged, gains_of, half_stokes, mixed_layers, reflected
from .patchwise import KongSettings, find_geometry_map

# As found by benchmarks/reflection_confidence.py: a constant, and a weight for each feature.
PRESENCE = (0.283, 7.759, -5.534, 2.884, 0.516)
CONFIDENCE = (-1.103, -1.68, -1.306, 0.561, -0.744, -1.75)
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
    and `facts`: F x h x w, what presence and confidence come from; `noise`: standard deviation of p
    and q; `peak`: the brightest value of the transmission.
    """

    light: FloatArray
    gains: FloatArray
    whole: FloatArray
    presence: FloatArray
    axis_deg: FloatArray
    overlap: FloatArray
    seen: FloatArray
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
    incidence, along, overlap, coherence = (
        enlarged(part, width, height)
        for part in (found.incidence_deg, found.perpendicular_deg, found.overlap, found.coherence)
    )
    whole = gains_of(incidence, along, settings)
    noise = _noise(images, light, settings)
    seen = presence_features(stokes, overlap, coherence, noise)
    presence = logistic(PRESENCE, seen)
    return judged(Answer(stokes, presence * whole, whole, presence, along, overlap, seen, noise))


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


def presence_features(
    light: FloatArray, overlap: FloatArray, coherence: FloatArray, noise: float
) -> FloatArray:
    """F x h x w: what tells glass from its absence."""
    near = 0.05 * light.shape[2]
    power = cv2.GaussianBlur(light[1] ** 2 + light[2] ** 2, (0, 0), near)
    mean = cv2.GaussianBlur(light[0], (0, 0), near)
    strength = np.log10(np.sqrt(power) / np.maximum(mean, 1e-4) + 1e-3)
    clear = np.log10(power / max(noise, 1e-6) ** 2 + 1e-2)
    return np.stack([coherence, overlap, strength, np.minimum(clear, 3)]).astype(np.float32)


def confidence_of(facts: FloatArray) -> FloatArray:
    """The probability that the transmission is within 5 % of its brightest value."""
    return logistic(CONFIDENCE, facts)


def logistic(weights: tuple[float, ...], features: FloatArray) -> FloatArray:
    """Of the features F x h x w and F + 1 weights, the constant first: h x w in 0..1."""
    constant, *rest = weights
    score = constant + np.einsum("f,fhw->hw", np.asarray(rest, np.float32), features)
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -30, 30))), np.float32)


def surface_of(settings: GuardedSettings) -> Surface:
    """What the settings admit."""
    return Surface.of(settings, settings.min_incidence, settings.max_incidence)


def _noise(images: PolarizedImages, light: Light, settings: GuardedSettings) -> float:
    """Standard deviation of the reduced images' p and q, by the setting."""
    scale = light.usable.shape[1] / images.images[0].shape[1]
    gains = np.linalg.norm(stokes_weights(images.angles_deg)[1:], axis=1) / 2
    return float(settings.noise * scale * gains.max())
