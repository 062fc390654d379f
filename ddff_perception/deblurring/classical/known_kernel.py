"""Deconvolution of one frame by a known kernel: Wiener's filter, Richardson-Lucy with TV."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from ...files.images import read_image
from ...optics.blur_kernels import motion_kernel
from ...optics.fourier_plan import FourierPlan
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray, InputError
from ..burst import Burst, Deblurred

_LARGEST_KERNEL_PX = 129


@dataclass(frozen=True)
class KernelSettings(Settings):
    """The blur of the newest frame."""

    length_px: float = parameter(9.0, "length of a straight motion blur", "px", (0.0, 100.0))
    angle_deg: float = parameter(
        0.0, "its direction from the image's x axis towards y down", "deg", (-360.0, 360.0)
    )
    kernel_file: str = parameter(
        "", "grey image of the kernel in place of a straight motion; it need not sum to 1"
    )


@dataclass(frozen=True)
class WienerSettings(KernelSettings):
    """Values of `wiener`."""

    noise: float = parameter(
        0.01, "power of the noise as a share of the image's", limits=(1e-6, 10.0)
    )


@dataclass(frozen=True)
class RichardsonLucySettings(KernelSettings):
    """Values of `richardson_lucy`."""

    iterations: int = parameter(15, "how many steps are made", limits=(1, 500))
    total_variation: float = parameter(
        0.002, "weight of the total variation; 0: none", limits=(0.0, 0.2)
    )


def kernel_of(settings: KernelSettings) -> FloatArray:
    """The kernel that the settings describe; raises InputError where the file holds none."""
    if settings.kernel_file:
        return _kernel_from(settings.kernel_file)
    return motion_kernel(settings.length_px, settings.angle_deg)


@lru_cache(maxsize=4)
def _kernel_from(file: str) -> FloatArray:
    image = read_image(Path(file).expanduser())
    if image.ndim != 2 or max(image.shape) > _LARGEST_KERNEL_PX or not image.any():
        raise InputError(
            f"{file} is no kernel: a grey image up to {_LARGEST_KERNEL_PX} pixels that is not black"
        )
    odd = [n + 1 - n % 2 for n in image.shape]
    kernel = np.zeros(odd, np.float32)
    kernel[: image.shape[0], : image.shape[1]] = image
    return np.asarray(kernel / kernel.sum(), np.float32)


def wiener(burst: Burst, settings: WienerSettings) -> Deblurred:
    """The newest frame by Wiener's filter: conj(K) Y / (|K|² + noise).

    Wiener, "Extrapolation, interpolation and smoothing of stationary time series", 1949; in a
    camera's encoded values, as everyone has it. A wrong kernel or noise gives ringing.
    """
    plan = Plan(burst.newest, kernel_of(settings))
    power = np.square(np.abs(plan.transfer)) + np.float32(settings.noise)
    found = [plan.back(np.conj(plan.transfer) * plan.forth(plane) / power) for plane in plan.planes]
    return Deblurred(plan.image(found), burst)


def richardson_lucy(burst: Burst, settings: RichardsonLucySettings) -> Deblurred:
    """The newest frame by Richardson-Lucy steps with total variation.

    Richardson 1972, Lucy 1974; Dey et al., "Richardson-Lucy algorithm with total variation
    regularization for 3D confocal microscope deconvolution", Microsc. Res. Tech. 69 (2006).
    """
    plan = Plan(burst.newest, kernel_of(settings))
    found = []
    for plane in plan.planes:
        wide = np.maximum(plan.padded(plane), 1e-4)
        estimate = wide.copy()
        for _ in range(settings.iterations):
            seen = np.maximum(plan.filtered(estimate, plan.transfer), 1e-4)
            factor = plan.filtered(np.asarray(wide / seen, np.float32), np.conj(plan.transfer))
            if settings.total_variation:
                factor /= np.maximum(1.0 - settings.total_variation * _curvature(estimate), 0.1)
            estimate = np.maximum(estimate * factor, 1e-4)
        found.append(plan.cropped(estimate))
    return Deblurred(plan.image(found), burst)


def _curvature(values: FloatArray) -> FloatArray:
    """Divergence of the unit gradient."""
    dx, dy = np.roll(values, -1, 1) - values, np.roll(values, -1, 0) - values
    length = np.sqrt(dx * dx + dy * dy + np.float32(1e-6))
    dx, dy = dx / length, dy / length
    return np.asarray(dx - np.roll(dx, 1, 1) + dy - np.roll(dy, 1, 0), np.float32)


class Plan(FourierPlan):
    """One image and one kernel in the Fourier domain.

    `planes`: the channels in 0..1. `transfer`: the kernel's transform.
    """

    def __init__(self, image: ImageArray, kernel: FloatArray) -> None:
        super().__init__((image.shape[0], image.shape[1]), 2 * max(kernel.shape))
        self._like = image
        values = np.multiply(image, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)
        split = [values] if image.ndim == 2 else cv2.split(values)
        self.planes: list[FloatArray] = [np.asarray(plane, np.float32) for plane in split]
        self.transfer = self.transform_of(kernel)

    def image(self, planes: list[FloatArray]) -> ImageArray:
        """The planes as an image of the input's type."""
        values = planes[0] if self._like.ndim == 2 else cv2.merge(planes)
        top = np.iinfo(self._like.dtype).max
        return cast(ImageArray, (values * top).round().clip(0, top).astype(self._like.dtype))
