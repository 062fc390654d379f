"""Crops of defocused images whose truth is known: of one's own stacks and triples, of NYUv2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...optics.thin_lens import signed_defocus_px
from ...types import FloatArray, ImageArray, InputError
from .lens_views import LensSettings, told_lens


@dataclass(frozen=True, slots=True)
class KnownImage:
    """`image` as the lens shows it, H x W x 3 BGR or H x W grey, `sharp` the same in focus all over
    (None where nobody knows), `depth` H x W metres, NaN unknown; the plane in focus (1/m) and the
    disc per dioptre (px).
    """

    image: ImageArray
    sharp: ImageArray | None
    depth: FloatArray
    focus_dioptres: float
    blur_scale: float


class KnownImages(Protocol):
    """Images by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> KnownImage: ...


class KnownCrops(Dataset[dict[str, Tensor]]):
    """`count` crops of what `sources` hold, each source as often as it has images; items as
    `LensViews` gives them but `known`, H x W bool, where the truth is.

    The same each time where `fixed`. Raises InputError where there is no image; an item does where
    its image is smaller than a crop.
    """

    def __init__(
        self,
        sources: Sequence[KnownImages],
        settings: LensSettings,
        count: int,
        fixed: bool = False,
    ) -> None:
        self._sources, self._settings, self._count, self._fixed = sources, settings, count, fixed
        self._ends = np.cumsum([len(source) for source in sources])
        if not sources or not self._ends[-1]:
            raise InputError("there are no images of known truth to learn from")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not self._fixed:
            return self._drawn()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(index)
            return self._drawn()

    def _drawn(self) -> dict[str, Tensor]:
        number = _any(int(self._ends[-1]))
        which = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[which - 1]) if which else 0
        return cropped(self._sources[which][number - before], self._settings)


def cropped(known: KnownImage, settings: LensSettings) -> dict[str, Tensor]:
    """A random crop as an item. Raises InputError where the image is smaller."""
    rows, columns = known.depth.shape
    if rows < settings.height or columns < settings.width:
        raise InputError(
            f"an image of {columns} x {rows} is smaller than {settings.width} x {settings.height} "
            "pixels: set height and width"
        )
    top, left = _any(rows - settings.height + 1), _any(columns - settings.width + 1)
    crop = (slice(top, top + settings.height), slice(left, left + settings.width))
    with np.errstate(divide="ignore"):
        dioptres = np.asarray(1.0 / known.depth[crop], np.float32)
    there = np.isfinite(dioptres)
    dioptres = np.where(there, dioptres, np.float32(0.0))
    scale, focus = known.blur_scale, known.focus_dioptres
    sharp = None if known.sharp is None else _tensor(known.sharp[crop])
    image = _tensor(known.image[crop])
    if settings.all_in_focus and sharp is not None:
        image = sharp
    return {
        "image": image,
        "lens": told_lens(scale, focus, settings.unknown),
        "sharp": image if sharp is None else sharp,
        "restorable": torch.tensor(sharp is not None),
        "defocus": torch.from_numpy(signed_defocus_px(dioptres, focus, scale).astype(np.float32)),
        "dioptres": torch.from_numpy(dioptres),
        "known": torch.from_numpy(there),
        "scale": torch.tensor(scale, dtype=torch.float32),
    }


def _any(count: int) -> int:
    return int(torch.randint(count, ()))


def _tensor(image: ImageArray) -> Tensor:
    """3 x H x W, 0..255, red, green, blue."""
    colour = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., ::-1]
    values = colour.astype(np.float32) * np.float32(255.0 / np.iinfo(image.dtype).max)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))
