"""The camera's sensor: linear radiance to the 8-bit image that a driver would deliver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...optics.srgb import srgb_bytes
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
    return np.ascontiguousarray(srgb_bytes(linear)[..., ::-1])


def vignette(height: int, width: int, loss: float) -> NDArray[np.float64]:
    """Share of the light that reaches each pixel, H x W: 1 in the middle, 1 - `loss` in corners."""
    y = (np.arange(height) - (height - 1) / 2) / max((height - 1) / 2, 0.5)
    x = (np.arange(width) - (width - 1) / 2) / max((width - 1) / 2, 0.5)
    return 1.0 - loss * 0.5 * (y[:, None] ** 2 + x[None, :] ** 2)
