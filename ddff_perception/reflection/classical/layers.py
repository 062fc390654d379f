"""What the methods without learning share: how two layers mix, and how known shares unmix them.

With φ⊥ the polarization that the surface reflects best, the canonical images are I⊥ = m + d and
I∥ = m − d. A surface that reflects the shares a of I⊥'s light and b of I∥'s (Fresnel: R_s and R_p)
and lets the rest through mixes the light r that comes from the side of the camera and t from
behind (each halved by the polarizer):

    I⊥ = a r + (1 − a) t        I∥ = b r + (1 − b) t

so that with R̄ = (a + b) / 2 and r − t = 2 d / (a − b)

    transmission (1 − R̄) t = (1 − R̄) (m − R̄ (r − t))        reflection R̄ r = m − transmission

Both layers are as the camera sees them, averaged over all polarizer angles: they add up to m.
A surface that reflects nothing thus leaves the plain input as the transmission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.fresnel import pane_reflectances, surface_reflectances
from ...optics.polarization import Stokes, brightest_channel, stokes_from_images
from ...parameters import Settings, parameter
from ...types import AnyImage, FloatArray, InputError, LayerPair, PolarizedImages

_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
# A level this close to full range is clipped, and no longer linear.
_SATURATED = 0.995
# Noise that explains half of the error allowed, 10 % of the transmission, costs no confidence.
_ALLOWED_ERROR = 0.05
# Reflectances of the two polarizations closer than this say nothing about the layers.
_LEAST_CONTRAST = 1e-3
_NO_NOISE = 1e-7
# Polarization of this many times the power of its noise is no noise.
_CLEARLY = 2.0
_STRIP_VALUES = 1 << 15


@dataclass(frozen=True)
class SurfaceSettings(Settings):
    """What reflects."""

    surface: str = parameter(
        "pane",
        "Reflecting surface: pane of two faces (glass) or one face (water, varnish)",
        choices=("pane", "face"),
    )
    refractive_index: float = parameter(
        1.5, "Refractive index of the surface: glass 1.5, water 1.33", limits=(1.05, 3.0)
    )


@dataclass(frozen=True)
class AnalysisSettings(Settings):
    """How it is found out how the layers mix."""

    plane: str = parameter(
        "search",
        "How the surface stands, which says along which of the two axes seen in the "
        "polarization it reflects: level (floor, water), upright (window), or search for it",
        choices=("search", "level", "upright"),
    )
    noise: float = parameter(
        0.005,
        "Standard deviation of the sensor's noise, as a share of the full range",
        limits=(0.0, 0.2),
    )
    analysis_width: int = parameter(
        160, "Width to which images are reduced to find how the layers mix", "px", (32, 1024)
    )


@dataclass(frozen=True)
class ComparedSettings(AnalysisSettings):
    """The same, and what of the two layers is to be independent."""

    compared: str = parameter(
        "gradients",
        "What of the two layers is to be independent: their gradients, which depend on each other "
        "by chance much less, or their intensities",
        choices=("gradients", "intensities"),
    )


@dataclass(frozen=True, slots=True)
class Light:
    """Reduced grey images to find out from how the layers mix.

    `stokes`: h x w. `usable`: h x w, False where a pixel that is saturated has a share. `clarity`:
    the power of the polarization over that of the sensor's noise in it.
    """

    stokes: Stokes
    usable: NDArray[np.bool_]
    clarity: float

    @property
    def polarized(self) -> bool:
        """Whether there is clearly more polarization than the sensor's noise makes."""
        return self.clarity > _CLEARLY


def reduced_light(images: PolarizedImages, settings: AnalysisSettings) -> Light:
    """The images reduced to `analysis_width` where they are wider."""
    height, width = images.images[0].shape[:2]
    scale = min(1.0, settings.analysis_width / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smaller: list[FloatArray] = []
    for image in images.images:
        small = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        small = small.reshape(size[1], size[0], -1).mean(axis=2) / np.float32(_full_range(images))
        smaller.append(np.asarray(small, np.float32))
    stokes = stokes_from_images(smaller, images.angles_deg)
    clipped = cv2.resize(saturated(images).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    usable = clipped <= 0
    gains = np.linalg.norm(stokes_weights(images.angles_deg)[1:], axis=1)
    noise = float(np.sum(np.square(gains * settings.noise))) * scale**2
    power = float(
        np.mean((np.square(stokes.s1) + np.square(stokes.s2))[usable] if usable.any() else 0)
    )
    return Light(stokes, usable, power / max(_NO_NOISE**2 / _CLEARLY, noise))


def axis_deg(images: PolarizedImages, light: Light, plane: str) -> float:
    """The axis along or across which all of `light` is polarized, as a flat pane has it.

    Degrees within 45 of the image's x axis ("level", "search") or y axis ("upright"). Raises
    InputError on a plane that is not searched where the polarizer's angle is known but for an
    offset.
    """
    if plane != "search" and not images.offset_known:
        raise InputError(
            "the polarizer's angle in the image is not known: set plane to search, or give angles "
            "counted from the image's x axis"
        )
    x = light.stokes.s1[light.usable].astype(np.float64)
    y = light.stokes.s2[light.usable].astype(np.float64)
    along = 0.25 * np.degrees(np.arctan2(2 * np.vdot(x, y), np.vdot(x, x) - np.vdot(y, y)))
    if plane == "upright":
        along += 90.0 if along < 0 else -90.0
    return float(along)


def samples(light: Light, axis: float, compared: str) -> tuple[FloatArray, FloatArray]:
    """Values (N,) of m and d with φ⊥ = `axis`: of their "gradients" (differences to the right and
    lower neighbours) or of their "intensities", where usable.
    """
    pair = along_axis(light.stokes, axis)
    if compared == "intensities":
        return pair[0][light.usable], pair[1][light.usable]
    across = light.usable[:, 1:] & light.usable[:, :-1]
    down = light.usable[1:] & light.usable[:-1]
    mean, difference = (
        np.concatenate([np.diff(part, axis=1)[across], np.diff(part, axis=0)[down]])
        for part in pair
    )
    return mean, difference


def along_axis(light: Stokes, angle_deg: float) -> tuple[FloatArray, FloatArray]:
    """(m, d) of the canonical images I⊥ = m + d, I∥ = m − d with φ⊥ = `angle_deg`."""
    cosine, sine = _double_angle(angle_deg)
    difference = np.float32(cosine / 2) * light.s1 + np.float32(sine / 2) * light.s2
    return light.s0 * np.float32(0.5), difference


def reflectances(
    incidence_deg: float | NDArray[np.floating], settings: SurfaceSettings
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """(R_s, R_p) of the surface."""
    found = pane_reflectances if settings.surface == "pane" else surface_reflectances
    return found(incidence_deg, settings.refractive_index)


def transmission_gains(
    a: float | NDArray[np.floating], b: float | NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """(g, h) of `transmission = g m − h d` for the reflected shares a >= b."""
    share = (np.asarray(a) + np.asarray(b)) / 2
    contrast = np.maximum(np.asarray(a) - np.asarray(b), _LEAST_CONTRAST)
    return 1 - share, (1 - share) * share * 2 / contrast


def unmixed(
    images: PolarizedImages, angle_deg: float, shares: tuple[float, float], noise: float
) -> LayerPair:
    """The layers of a surface that reflects the same `shares` (a, b) with φ⊥ = `angle_deg`
    everywhere; confidence as in `bounded_layers` for sensor noise `noise`.
    """
    g, h = transmission_gains(*shares)
    cosine, sine = _double_angle(angle_deg)
    mean = stokes_weights(images.angles_deg)[0] / 2
    row = np.array([g, -h * cosine, -h * sine]) / 2 @ stokes_weights(images.angles_deg)
    both = _sums(images, [mean, row])
    return bounded_layers(both[0], both[1], noise * float(np.linalg.norm(row)), saturated(images))


def bounded_layers(
    mean: FloatArray,
    transmission: FloatArray,
    noise: float | FloatArray,
    clipped: NDArray[np.bool_],
) -> LayerPair:
    """The layers with neither below zero, which their sum `mean` then bounds above.

    Overwrites `transmission`. The confidence is 1 where noise (standard deviation `noise` of the
    transmission) leaves it known to within 10 %, falls to 0 with it, and is 0 where `clipped`.
    """
    np.minimum(transmission, mean, out=transmission)
    np.maximum(transmission, 0, out=transmission)
    confidence = brightest_channel(transmission) * np.asarray(
        _ALLOWED_ERROR / np.maximum(noise, _NO_NOISE), np.float32
    )
    np.minimum(confidence, 1, out=confidence)
    confidence[clipped] = 0
    return LayerPair(transmission, np.maximum(mean - transmission, 0), confidence)


def not_confident(pair: LayerPair) -> LayerPair:
    """`pair` with a confidence of 0."""
    nothing = np.zeros(pair.transmission.shape[:2], np.float32)
    return LayerPair(pair.transmission, pair.reflection, nothing)


def unseparated(images: PolarizedImages) -> LayerPair:
    """Nothing is known of a reflection: the plain input as transmission, confidence 0."""
    return not_confident(unmixed(images, 0.0, (0.0, 0.0), 0.0))


def saturated(images: PolarizedImages) -> NDArray[np.bool_]:
    """H x W: where any image or channel is at the top of its range, or what they come from was."""
    if images.clipped is not None:
        return images.clipped
    peak = images.images[0]
    for image in images.images[1:]:
        peak = np.maximum(peak, image)
    return np.asarray(brightest_channel(peak) >= _SATURATED * _full_range(images))


def stokes_weights(angles_deg: Sequence[float]) -> NDArray[np.float64]:
    """3 x N: from N images at `angles_deg` to Stokes parameters, least squares."""
    double = 2 * np.radians(np.asarray(angles_deg, dtype=np.float64))
    curve = np.stack([np.ones_like(double), np.cos(double), np.sin(double)], axis=1)
    return np.asarray(2 * np.linalg.pinv(curve), dtype=np.float64)


def _sums(images: PolarizedImages, rows: list[NDArray[np.float64]]) -> list[FloatArray]:
    """Σ weight · image for each row of weights, full range as 1, in strips that stay cached."""
    shape = images.images[0].shape
    results = [np.empty(shape, np.float32) for _ in rows]
    step = max(1, _STRIP_VALUES // int(np.prod(shape[1:])))
    for top in range(0, shape[0], step):
        strips = [_as_float(image[top : top + step]) for image in images.images]
        for row, result in zip(rows, results, strict=True):
            weights = row / _full_range(images)
            total = np.multiply(strips[0], np.float32(weights[0]), out=result[top : top + step])
            for strip, weight in zip(strips[1:], weights[1:], strict=True):
                cv2.scaleAdd(strip, float(weight), total, dst=total)
    return results


def _as_float(strip: AnyImage) -> FloatArray:
    return np.ascontiguousarray(strip, dtype=np.float32)


def _full_range(images: PolarizedImages) -> float:
    return _FULL_RANGE[images.images[0].dtype.name]


def _double_angle(angle_deg: float) -> tuple[float, float]:
    return float(np.cos(np.radians(2 * angle_deg))), float(np.sin(np.radians(2 * angle_deg)))
