"""Gains of the reflection: how it comes from an image's mean and polarization, place by place.

With m the mean over all polarizer angles and p, q half of the Stokes parameters s1 and s2, a
surface that reflects the shares a and b (see `layers`) along the axis φ⊥ gives

    reflection = A m + B p + C q
    A = R̄,  (B, C) = h (cos 2φ⊥, sin 2φ⊥),  h = 2 R̄ (1 − R̄) / (a − b)

Where there is no glass all three are 0, where it is unsure they are smaller: `presence` times what
the surface gives. So a reflection is always one that an admitted incidence explains, and as gains
vary slowly over an image, neither layer gets an edge that no polarizer image has.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...optics.polarization import Stokes, stokes_from_images
from ...types import FloatArray, LayerPair, PolarizedImages
from .layers import SurfaceSettings, reflectances, saturated, transmission_gains

_STEP_DEG = 1.0


@dataclass(frozen=True, slots=True)
class Surface:
    """What a surface does at each admitted incidence: `share` R̄ and `gain` h, each (K,)."""

    share: FloatArray
    gain: FloatArray

    @classmethod
    def of(cls, settings: SurfaceSettings, low_deg: float, high_deg: float) -> Surface:
        """At the incidences between the two."""
        angles = np.arange(low_deg, high_deg + 1e-9, _STEP_DEG)
        g, h = transmission_gains(*reflectances(angles, settings))
        return cls(np.asarray(1 - g, np.float32), np.asarray(h, np.float32))

    def most(self, degree: FloatArray) -> FloatArray:
        """The largest share of an image that can be reflected where it has this degree of linear
        polarization, 0..1: the bound that Fresnel's equations give over all admitted incidences.
        """
        bound = np.zeros_like(degree)
        for share, gain in zip(self.share, self.gain, strict=True):
            np.maximum(bound, share + gain * degree, out=bound)
        return np.minimum(bound, np.float32(1), out=bound)


def gains_of(
    incidence_deg: FloatArray, perpendicular_deg: FloatArray, settings: SurfaceSettings
) -> FloatArray:
    """(A, B, C), 3 x h x w, of the surface's incidence and φ⊥ at each place."""
    g, h = transmission_gains(*reflectances(incidence_deg, settings))
    double = np.radians(2 * perpendicular_deg)
    return np.stack([1 - g, h * np.cos(double), h * np.sin(double)]).astype(np.float32)


def half_stokes(stokes: Stokes) -> FloatArray:
    """(m, p, q), 3 x h x w, of the Stokes parameters of a grey image."""
    return np.stack([stokes.s0, stokes.s1, stokes.s2]) * np.float32(0.5)


def reflected(light: FloatArray, gains: FloatArray) -> FloatArray:
    """The reflection of `light` (m, p, q), all at one size, with neither layer below 0."""
    found = np.einsum("khw,khw->hw", gains, light)
    return np.asarray(np.clip(found, 0, np.maximum(light[0], 0)))


def darkest(images: PolarizedImages) -> FloatArray:
    """What the darkest polarizer angle shows, pixel by pixel and channel by channel."""
    stokes = stokes_from_images(images.images, images.angles_deg)
    rows = (stokes.s0.shape[0], -1)
    polarized = cv2.magnitude(stokes.s1.reshape(rows), stokes.s2.reshape(rows))
    found = stokes.s0 - polarized.reshape(stokes.s0.shape)
    found *= np.float32(0.5)
    return np.asarray(np.maximum(found, 0, out=found))


def mixed_layers(images: PolarizedImages, gains: FloatArray, confidence: FloatArray) -> LayerPair:
    """The layers of images of any size from gains (3 x h x w) and confidence (h x w) of any other.

    Neither is below 0, and they add up to the mean over all polarizer angles. The confidence is 0
    where images are saturated.
    """
    height, width = images.images[0].shape[:2]
    stokes = stokes_from_images(images.images, images.angles_deg)
    full = [enlarged(part, width, height) for part in gains]
    if stokes.s0.ndim == 3:
        full = [np.asarray(cv2.merge([part] * stokes.s0.shape[2])) for part in full]
    reflection = np.multiply(full[0], stokes.s0, out=full[0])
    reflection += np.multiply(full[1], stokes.s1, out=full[1])
    reflection += np.multiply(full[2], stokes.s2, out=full[2])
    reflection *= np.float32(0.5)
    mean = np.multiply(stokes.s0, np.float32(0.5), out=stokes.s0)
    np.maximum(mean, 0, out=mean)
    np.maximum(reflection, 0, out=reflection)
    np.minimum(reflection, mean, out=reflection)
    known = enlarged(confidence, width, height)
    known[saturated(images)] = 0
    return LayerPair(mean - reflection, reflection, np.clip(known, 0, 1, out=known))


def enlarged(image: FloatArray, width: int, height: int) -> FloatArray:
    """`image` at another size, linear between its pixels."""
    size = (width, height)
    return np.array(cv2.resize(np.asarray(image, np.float32), size), np.float32)


def fitted_gains(
    reflection: FloatArray,
    light: FloatArray,
    surface: Surface,
    window: float,
    axis: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """The gains of the surface that explain a given `reflection` (h x w) of `light` (m, p, q) best,
    and how much of it they leave: root mean square over Gaussian windows of `window` pixels.

    At each place one incidence, one φ⊥ and one presence in 0..1 by least squares. `axis` (h x w,
    degrees): φ⊥ lies within 45 degrees of it; None leaves it free.
    """
    moments = np.stack([[near(one * other, window) for other in light] for one in light])
    with_it = np.stack([near(one * reflection, window) for one in light])
    power = near(reflection * reflection, window)
    direction = _direction(moments, with_it, axis)
    best = np.zeros_like(light)
    least = power.copy()
    for share, gain in zip(surface.share, surface.gain, strict=True):
        shape = np.stack([np.full_like(power, share), gain * direction[0], gain * direction[1]])
        has = np.einsum("khw,khw->hw", shape, with_it)
        takes = np.einsum("ihw,ijhw,jhw->hw", shape, moments, shape)
        presence = np.clip(has / np.maximum(takes, 1e-12), 0, 1)
        left = power - 2 * presence * has + presence**2 * takes
        better = left < least
        least = np.where(better, left, least)
        best = np.where(better, presence * shape, best)
    return best.astype(np.float32), np.sqrt(np.maximum(least, 0)).astype(np.float32)


def _direction(moments: FloatArray, with_it: FloatArray, axis: FloatArray | None) -> FloatArray:
    """(cos, sin) of the double φ⊥, 2 x h x w: that of the free least-squares fit."""
    matrix = np.moveaxis(moments, (0, 1), (2, 3))
    trace = np.trace(matrix, axis1=2, axis2=3)[..., None, None]
    matrix = matrix + (1e-4 * trace + 1e-12) * np.eye(3)
    free = np.linalg.solve(matrix, np.moveaxis(with_it, 0, 2)[..., None])[..., 1:, 0]
    double = np.arctan2(free[..., 1], free[..., 0])
    if axis is not None:
        middle = np.radians(2 * axis)
        off = np.mod(double - middle + np.pi, 2 * np.pi) - np.pi
        double = middle + np.clip(off, -np.pi / 2, np.pi / 2)
    return np.stack([np.cos(double), np.sin(double)]).astype(np.float32)


def near(image: FloatArray, window: float) -> FloatArray:
    """Means over Gaussian windows of that standard deviation, pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), window), np.float32)
