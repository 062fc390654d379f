"""What is wrong with an image; of a stream, looked for anew only now and then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ...files.images import held_bits
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..demosaicking import bilinear_mosaic, interpolated_along_edges
from ..planes import to_planes
from ..solution import Degradation
from .blur import edge_blur_px
from .jpeg import compression
from .noise import noise_profiles

# A stream whose mean brightness moves by more than this share is of another exposure.
_OTHER_EXPOSURE = 0.1
_DARK = 4.0 / 255


@dataclass(frozen=True)
class SeenSettings(Settings):
    """From where on something is wrong with an image."""

    noise_least: float = parameter(
        1.8,
        "noise in brightness, in 8-bit steps, under which an image counts as free of it",
        limits=(0.0, 50.0),
    )
    blur_least_px: float = parameter(
        1.2,
        "blur of the sharpest edges, standard deviation, under which an image counts as sharp",
        "px",
        (0.0, 20.0),
    )
    every: int = parameter(
        5,
        "what is wrong is looked for anew in every n-th image of a stream, and where its size, "
        "type or brightness change",
        limits=(1, 1000),
    )


def degradation(image: ImageArray, settings: SeenSettings) -> Degradation:
    """What is wrong with `image`, H x W or H x W x 3 BGR of 8 or 16 bits."""
    seen = _degradation(image, settings)
    red = bilinear_mosaic(image)
    if red is None:
        return seen
    beyond = _degradation(interpolated_along_edges(image, red), settings)
    return replace(seen, kinds=("demosaicking", *seen.kinds), red=red, beyond=beyond)


def _degradation(image: ImageArray, settings: SeenSettings) -> Degradation:
    planes = to_planes(image)
    bright = planes[0]
    with ThreadPoolExecutor(1) as beside:
        looked = beside.submit(compression, bright)
        noise = noise_profiles(planes)
        first = noise[0]
        blur = edge_blur_px(bright, first.level)
        packed = looked.result()
    kinds = {
        "noise": first.level > 0 and 255 * first.level >= settings.noise_least,
        "jpeg": packed.quality < 100,
        "blur": blur > 0 and blur >= settings.blur_least_px,
    }
    top = np.iinfo(image.dtype).max
    clipped, black = (float(np.mean(image == edge)) for edge in (top, 0))
    wrong = tuple(name for name, there in kinds.items() if there)
    return Degradation(noise, blur, packed, clipped, black, wrong, held_bits([image]))


class SeenInStream:
    """What is wrong with the images of a stream."""

    def __init__(self, settings: SeenSettings) -> None:
        self.settings = settings
        self.counters = {"looked": 0, "exposure_changes": 0, "size_changes": 0}
        self.clear()

    def clear(self) -> None:
        """Forgets what was seen."""
        self._last: Degradation | None = None
        self._kind: tuple[object, ...] = ()
        self._mean = 0.0
        self._age = 0

    def of(self, image: ImageArray) -> Degradation:
        """What is wrong with the next image."""
        mean = float(_thinned(image).mean()) / np.iinfo(image.dtype).max
        kind = (image.shape, image.dtype)
        changed = self._changes(kind, mean)
        self._age += 1
        if self._last is None or changed or self._age >= self.settings.every:
            self._last, self._age = degradation(image, self.settings), 0
            self.counters["looked"] += 1
            self._kind, self._mean = kind, mean
        return self._last

    def _changes(self, kind: tuple[object, ...], mean: float) -> bool:
        if self._last is None:
            return False
        if kind != self._kind:
            self.counters["size_changes"] += 1
            return True
        other = abs(mean - self._mean) > _OTHER_EXPOSURE * max(mean, self._mean, _DARK)
        self.counters["exposure_changes"] += other
        return other


def _thinned(image: ImageArray) -> FloatArray:
    return np.asarray(image[::8, ::8], np.float32)
