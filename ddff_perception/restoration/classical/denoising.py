"""Noise undone: total variation, non-local means, and shrinkage alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..estimation.noise import NoiseProfile
from ..planes import GAINS, to_image, to_planes
from ..solution import Observed, Restored
from .shrinkage import shrunken


@dataclass(frozen=True)
class NoiseSettings(Settings):
    """The noise of the image."""

    noise: float = parameter(
        0.0,
        "standard deviation of each channel's noise in 8-bit steps; 0: estimated",
        limits=(0.0, 128.0),
    )


@dataclass(frozen=True)
class ShrinkageSettings(NoiseSettings):
    """Values of `shrinkage`."""

    threshold: float = parameter(
        2.7, "standard deviations under which a cosine coefficient is noise", limits=(0.0, 10.0)
    )


@dataclass(frozen=True)
class TotalVariationSettings(NoiseSettings):
    """Values of `total_variation`."""

    weight: float = parameter(
        1.0, "weight of the total variation, in standard deviations of the noise", limits=(0.0, 10)
    )
    iterations: int = parameter(30, "how many steps are made", limits=(1, 500))


@dataclass(frozen=True)
class NonLocalSettings(NoiseSettings):
    """Values of `nonlocal_means`."""

    filter: float = parameter(
        0.8, "how unlike patches may be, in standard deviations of the noise", limits=(0.1, 10.0)
    )
    patch_px: int = parameter(5, "side of the patches", "px", (1, 21))
    search_px: int = parameter(15, "side of the window that is searched", "px", (3, 61))


def noise_of(observed: Observed, settings: NoiseSettings) -> tuple[NoiseProfile, ...]:
    """The noise of each plane, as given or as seen; of none where none is seen."""
    if settings.noise <= 0:
        return observed.seen.noise if "noise" in observed.seen.kinds else ()
    gains = GAINS if observed.image.ndim == 3 else (1.0,)
    return tuple(NoiseProfile.white(settings.noise / 255 * gain) for gain in gains)


def shrinkage(observed: Observed, settings: ShrinkageSettings) -> Restored:
    """Noise alone, by `shrinkage.shrunken`."""
    noise = noise_of(observed, settings)
    if not noise:
        return Restored.as_it_came(observed)
    found, left = shrunken(to_planes(observed.image), noise, limit=settings.threshold)
    return Restored(to_image(found, observed.image), left)


def total_variation(observed: Observed, settings: TotalVariationSettings) -> Restored:
    """The image of least total variation near to the one that came.

    Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms", 1992; by
    the projections of Chambolle, "An algorithm for total variation minimization and applications",
    J. Math. Imaging Vis. 20 (2004), each plane by itself.
    """
    noise = noise_of(observed, settings)
    if not noise:
        return Restored.as_it_came(observed)
    found = [
        _least_variation(plane, settings.weight * profile.level, settings.iterations)
        for plane, profile in zip(to_planes(observed.image), noise, strict=True)
    ]
    return Restored(to_image(found, observed.image))


def _least_variation(plane: FloatArray, weight: float, iterations: int) -> FloatArray:
    if weight <= 0:
        return plane
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    step = np.float32(0.25)
    divergence = np.zeros_like(plane)
    for _ in range(iterations):
        change = divergence - plane / np.float32(weight)
        dx, dy = np.zeros_like(plane), np.zeros_like(plane)
        np.subtract(change[:, 1:], change[:, :-1], out=dx[:, :-1])
        np.subtract(change[1:], change[:-1], out=dy[:-1])
        length = 1 + step * cv2.magnitude(dx, dy)
        across = (across + step * dx) / length
        down = (down + step * dy) / length
        divergence = across + down
        divergence[:, 1:] -= across[:, :-1]
        divergence[1:] -= down[:-1]
    return np.asarray(plane - np.float32(weight) * divergence, np.float32)


def nonlocal_means(observed: Observed, settings: NonLocalSettings) -> Restored:
    """Each pixel the mean of those whose patches look like its own; OpenCV's.

    Buades, Coll and Morel, "A non-local algorithm for image denoising", CVPR 2005.
    """
    image = observed.image
    noise = noise_of(observed, settings)
    if not noise:
        return Restored.as_it_came(observed)
    level = noise[0].level / (GAINS[0] if image.ndim == 3 else 1.0)
    strength = settings.filter * level * float(np.iinfo(image.dtype).max)
    sides = (settings.patch_px | 1, settings.search_px | 1)
    return Restored(_alike(image, strength, *sides))


def _alike(image: ImageArray, strength: float, patch: int, search: int) -> ImageArray:
    if image.dtype == np.uint8:
        found = cv2.fastNlMeansDenoising(image, None, strength, patch, search)
    else:
        # Of 16 bits OpenCV compares patches by their absolute differences alone.
        limits = [strength]
        found = cv2.fastNlMeansDenoising(image, limits, None, patch, search, cv2.NORM_L1)
    return np.asarray(found, image.dtype)  # type: ignore[return-value]
