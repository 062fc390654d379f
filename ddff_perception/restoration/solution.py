"""What a method takes, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..types import FloatArray, ImageArray
from .demosaicking import Site
from .estimation.jpeg import Compression
from .estimation.noise import NoiseProfile


@dataclass(frozen=True)
class Degradation:
    """What is wrong with an image.

    `noise`: of each of `planes.to_planes`. `blur_px`: standard deviation of the Gaussian that
    blurs the sharpest edges, NaN unknown. `compression`: by JPEG. `clipped`, `black`: shares of the
    pixels at the top and at the bottom of the range. `red`: where it is in the colour filter array
    whose colours were interpolated bilinearly, where that is seen; `beyond`: what is wrong with the
    image once they are interpolated better. `kinds`: those of demosaicking, noise, jpeg, blur that
    are seen. `bits`: that a 16-bit image holds, 0 where it fills its type. `memory`: what a method
    found out by itself, as long as it is not looked anew.
    """

    noise: tuple[NoiseProfile, ...]
    blur_px: float
    compression: Compression = field(default_factory=Compression)
    clipped: float = 0.0
    black: float = 0.0
    kinds: tuple[str, ...] = ()
    bits: int = 0
    red: Site | None = None
    beyond: Degradation | None = None
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def noise_levels(self) -> float:
        """Standard deviation of the noise in brightness, 8-bit steps."""
        return 255 * self.noise[0].level

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong that could be undone."""
        return not self.kinds


@dataclass(frozen=True)
class Observed:
    """An image, H x W or H x W x 3 BGR of 8 or 16 bits, and what is wrong with it.

    `came`: the image itself, where `image` is it with all bits of its type filled.
    """

    image: ImageArray
    seen: Degradation
    _came: ImageArray | None = None

    @property
    def came(self) -> ImageArray:
        """The image as it came."""
        return self.image if self._came is None else self._came


@dataclass(frozen=True)
class Restored:
    """The image without what was wrong, in its type; larger where it was to be enlarged.

    `error`: H x W float32, standard deviation of what is left, in 0..1 of full range, where the
    method knows it. `untouched`: the image is handed on as it came.
    """

    image: ImageArray
    error: FloatArray | None = None
    untouched: bool = False

    @classmethod
    def as_it_came(cls, observed: Observed) -> Restored:
        """Nothing was done."""
        shape = observed.image.shape[:2]
        return cls(observed.image, np.zeros(shape, np.float32), untouched=True)
