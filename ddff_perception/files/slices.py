"""Images of files as slices: held in memory, or where they are too large, left where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..types import FocusSlice, ImageArray
from .image_header import ImageHeader
from .images import held_bits
from .limits import GIB, HELD_GIB


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An image file by its header, and what reads it (turned by its EXIF orientation)."""

    header: ImageHeader
    read: Callable[[], ImageArray]


class StoredSlice(FocusSlice):
    """A slice whose image stays where it is stored: each look at `image` reads it anew.

    `read`: gives the image, of `shape` and `dtype`; raises InputError where it cannot be read. For
    stacks that do not fit into memory: take `image` once, use it, let it go.
    """

    __slots__ = ("_dtype", "_read", "_shape")

    def __init__(
        self,
        read: Callable[[], ImageArray],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        focus_distance_m: float,
        stamp_ns: int = 0,
    ) -> None:
        values = (read, shape, dtype, focus_distance_m, stamp_ns)
        names = ("_read", "_shape", "_dtype", "focus_distance_m", "stamp_ns")
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def image(self) -> ImageArray:  # type: ignore[override]
        read: Callable[[], ImageArray] = self._read  # type: ignore[attr-defined]
        return read()

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._shape  # type: ignore[attr-defined]
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self._dtype  # type: ignore[attr-defined]
        return dtype

    def changed(
        self,
        change: Callable[[ImageArray], ImageArray],
        image: ImageArray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> FocusSlice:
        def read() -> ImageArray:
            return change(self.image)

        distance, stamp = self.focus_distance_m, self.stamp_ns
        return StoredSlice(read, shape or self.shape, self.dtype, distance, stamp)


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
