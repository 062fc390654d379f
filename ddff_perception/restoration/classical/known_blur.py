"""A Gaussian blur, given or seen, or that of a kernel, undone by deconvolution."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...optics import deconvolution
from ...optics.blur_kernels import gaussian_kernel, kernel_from_file
from ...parameters import Settings, parameter
from ...types import FloatArray
from ..solution import Observed, Restored


@dataclass(frozen=True)
class BlurSettings(Settings):
    """The blur of the image. Raises InputError where the file shows no kernel."""

    blur_px: float = parameter(
        0.0, "standard deviation of a Gaussian blur; 0: estimated", "px", (0.0, 20.0)
    )
    kernel_file: str = parameter(
        "", "grey image of the kernel in place of a Gaussian; it need not sum to 1"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel_file:
            kernel_from_file(self.kernel_file)


@dataclass(frozen=True)
class WienerSettings(BlurSettings):
    """Values of `wiener`."""

    noise: float = parameter(
        0.003, "power of the noise as a share of the image's", limits=(1e-6, 10.0)
    )


@dataclass(frozen=True)
class RichardsonLucySettings(BlurSettings):
    """Values of `richardson_lucy`."""

    iterations: int = parameter(15, "how many steps are made", limits=(1, 500))
    total_variation: float = parameter(
        0.002, "weight of the total variation; 0: none", limits=(0.0, 0.2)
    )


def kernel_of(observed: Observed, settings: BlurSettings) -> FloatArray | None:
    """The kernel that is given or seen; None where no blur is seen."""
    if settings.kernel_file:
        return kernel_from_file(settings.kernel_file)
    sigma = settings.blur_px
    if sigma <= 0:
        sigma = observed.seen.blur_px if "blur" in observed.seen.kinds else math.nan
    return None if math.isnan(sigma) else gaussian_kernel(sigma)


def wiener(observed: Observed, settings: WienerSettings) -> Restored:
    """By `optics.deconvolution.wiener`."""
    kernel = kernel_of(observed, settings)
    if kernel is None:
        return Restored.as_it_came(observed)
    return Restored(deconvolution.wiener(observed.image, kernel, settings.noise))


def richardson_lucy(observed: Observed, settings: RichardsonLucySettings) -> Restored:
    """By `optics.deconvolution.richardson_lucy`."""
    kernel = kernel_of(observed, settings)
    if kernel is None:
        return Restored.as_it_came(observed)
    steps, weight = settings.iterations, settings.total_variation
    return Restored(deconvolution.richardson_lucy(observed.image, kernel, steps, weight))
