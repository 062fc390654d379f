"""The camera's sensor: linear radiance to the 8-bit image that a driver would deliver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """A linear sensor with shot and read noise, then the sRGB curve and 8 bits.

    `noise` scales the standard deviation of all noise: 0 none, 1 that of `full_well_e` electrons
    at saturation and `read_noise_e` electrons of read noise (a small sensor in room light).
    `vignetting` is the loss of light in the image's corners, 0..1, growing as the square of the
    distance from the middle.
    """

    noise: float = 1.0
    vignetting: float = 0.0
    full_well_e: float = 20_000.0
    read_noise_e: float = 8.0


def exposure_for(radiance: FloatArray, percentile: float = 95.0, target: float = 0.75) -> float:
    """Factor that brings the `percentile` of the mean of R, G, B to `target` of saturation.

    `radiance`: pixels x 3 or H x W x 3, linear, without lamps and windows: they shall saturate,
    as they do in photographs, and not leave the room dark.
    """
    level = float(np.percentile(radiance.mean(axis=-1), percentile))
    return target / max(level, 1e-9)


def expose(
    radiance: FloatArray,
    exposure: float,
    settings: SensorSettings,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Image of `radiance` (H x W x 3, linear RGB): uint8 BGR, sRGB-encoded.

    Noise: variance of photon arrival (Poisson, as a Gaussian of the same variance) plus read
    noise; see the EMVA Standard 1288, section 2.
    """
    linear = np.maximum(radiance, 0.0) * exposure
    if settings.vignetting:
        linear = linear * vignette(linear.shape[0], linear.shape[1], settings.vignetting)[..., None]
    if settings.noise:
        variance = (
            linear / settings.full_well_e + (settings.read_noise_e / settings.full_well_e) ** 2
        )
        linear = linear + settings.noise * np.sqrt(variance) * rng.standard_normal(linear.shape)
    encoded = np.rint(srgb_encode(np.clip(linear, 0.0, 1.0)) * 255.0)
    return np.ascontiguousarray(encoded[..., ::-1].astype(np.uint8))


def vignette(height: int, width: int, loss: float) -> NDArray[np.float64]:
    """Share of the light that reaches each pixel, H x W: 1 in the middle, 1 - `loss` in corners."""
    y = (np.arange(height) - (height - 1) / 2) / max((height - 1) / 2, 0.5)
    x = (np.arange(width) - (width - 1) / 2) / max((width - 1) / 2, 0.5)
    return 1.0 - loss * 0.5 * (y[:, None] ** 2 + x[None, :] ** 2)


def srgb_encode(linear: NDArray[np.floating]) -> NDArray[np.floating]:
    """The sRGB transfer curve (IEC 61966-2-1), 0..1 to 0..1."""
    low = 12.92 * linear
    high = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high)


def srgb_decode(encoded: NDArray[np.floating]) -> NDArray[np.floating]:
    """Inverse of `srgb_encode`."""
    low = encoded / 12.92
    high = ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high)
