"""Deconvolution of the newest frame by a known kernel."""

from __future__ import annotations

from dataclasses import dataclass

from ...optics import deconvolution
from ...optics.blur_kernels import kernel_from_file, motion_kernel
from ...parameters import Settings, parameter
from ...types import FloatArray
from ..burst import Burst, Deblurred


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
        return kernel_from_file(settings.kernel_file)
    return motion_kernel(settings.length_px, settings.angle_deg)


def wiener(burst: Burst, settings: WienerSettings) -> Deblurred:
    """The newest frame by `optics.deconvolution.wiener`."""
    found = deconvolution.wiener(burst.newest, kernel_of(settings), settings.noise)
    return Deblurred(found, burst)


def richardson_lucy(burst: Burst, settings: RichardsonLucySettings) -> Deblurred:
    """The newest frame by `optics.deconvolution.richardson_lucy`."""
    steps, weight = settings.iterations, settings.total_variation
    found = deconvolution.richardson_lucy(burst.newest, kernel_of(settings), steps, weight)
    return Deblurred(found, burst)
