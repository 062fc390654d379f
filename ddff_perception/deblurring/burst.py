"""What the methods take and give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..optics.resampling import Matrix
from ..types import FloatArray, ImageArray


@dataclass(frozen=True, slots=True)
class Source:
    """A frame as it came, and `matrix` from pixels of the newest frame to its own. `memory`: what a
    method found in it, as long as the frame is kept.
    """

    image: ImageArray
    matrix: Matrix
    memory: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Burst:
    """Frames as the newest one sees them, the newest first, all of one size and type.

    `images`: H x W or H x W x 3 BGR, uint8 or uint16. `trust`: for each, H x W float32 in 0..1,
    how far a pixel shows what the newest frame's does (1 everywhere for that one). `blur`: blur
    score of each, 0 sharp to 1 blurred, NaN unknown. `ages_s`: seconds before the newest. `sharp`:
    whether the newest frame needs no method. `sources`: all frames as they came.
    """

    images: tuple[ImageArray, ...]
    trust: tuple[FloatArray, ...]
    blur: tuple[float, ...]
    ages_s: tuple[float, ...] = (0.0,)
    sharp: bool = False
    sources: tuple[Source, ...] = ()

    @property
    def newest(self) -> ImageArray:
        return self.images[0]


@dataclass(frozen=True, slots=True)
class Deblurred:
    """The newest frame without its blur, in its size and type.

    `confidence`: H x W float32 in 0..1, how much of the detail was seen in some frame rather than
    guessed; None where the method has none of its own (`confidence.recovered` finds it). `burst`:
    what it was made of. `untouched`: the frame is handed on as it came.
    """

    image: ImageArray
    burst: Burst
    confidence: FloatArray | None = None
    untouched: bool = False
