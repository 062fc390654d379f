"""Images of files as slices: held in memory, or where they are too large, left where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..types import FocusSlice, ImageArray, StoredSlice
from .image_header import ImageHeader
from .images import held_bits
from .limits import GIB, HELD_GIB


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An image file by its header, and what reads it (turned by its EXIF orientation)."""

    header: ImageHeader
    read: Callable[[], ImageArray]


def slices_of(
    sources: Sequence[ImageSource],
    seen: Sequence[tuple[float, int]],
    progress: Callable[[], None] | None = None,
) -> tuple[FocusSlice, ...]:
    """A slice per source; `seen` is the focus distance in metres and the stamp of each.

    More than `limits.HELD_GIB` of pixels stay on disk (`StoredSlice`): what has the header of an
    image that was read is taken to be of its size and type. `progress` is called once per source.
    Raises InputError where an image cannot be read.
    """
    stored = sum(source.header.size_bytes for source in sources) > HELD_GIB.value * GIB
    kinds: dict[tuple[Any, ...], tuple[tuple[int, ...], np.dtype[Any]]] = {}
    slices: list[FocusSlice] = []
    for source, said in zip(sources, seen, strict=True):
        if stored:
            if source.header.kind not in kinds:
                image = source.read()
                kinds[source.header.kind] = image.shape, image.dtype
            slices.append(StoredSlice(source.read, *kinds[source.header.kind], *said))
        else:
            slices.append(FocusSlice(source.read(), *said))
        if progress is not None:
            progress()
    return tuple(slices)


def filled_range(slices: Sequence[FocusSlice]) -> tuple[tuple[FocusSlice, ...], int]:
    """16-bit slices that hold fewer bits (as 10- and 12-bit cameras write them), scaled to fill
    their type, and how many bits they held; as they are, and 0, where they fill it already.
    """
    bits = held_bits(item.image for item in slices)
    if not bits:
        return tuple(slices), 0
    fill = partial(_filled, factor=65535 / ((1 << bits) - 1))
    return tuple(item.changed(fill) for item in slices), bits


def _filled(image: ImageArray, factor: float) -> ImageArray:
    return np.asarray(np.minimum(np.rint(image * np.float32(factor)), 65535), np.uint16)
