"""Batches of crops: clean, degraded, and their labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import IterableDataset

from ...parameters import Settings, parameter
from ...training.job import Batch
from ..classical.adaptive import AdaptiveSettings, adaptive
from ..estimation.seen import SeenSettings
from ..estimation.seen import degradation as seen_degradation
from ..solution import Observed
from .degrading import as_seen, degradation
from .pictures import Pictures

# Pixels, of whole blocks of JPEG.
_AROUND = 32


@dataclass(frozen=True)
class RestorationDataSettings(Settings):
    """What restoration learns from, and the network's size."""

    size: int = parameter(128, "side of the samples, a multiple of 8", "px", (16, 1024))
    degradation: str = parameter(
        "mixed",
        "what is done to clean images: mixed, grain (what leaves them sharp), one by name (blur_2, "
        "noise, jpeg ...), or a function "
        "of one's own as package.module:function, which takes and gives B x 3 x H x W in 0..1",
    )
    resize: int = parameter(
        0,
        "side to which each image is brought before samples are cut, both ways, bicubic, as the "
        "thesis does with 286; 0: as it is",
        "px",
        (0, 4096),
    )
    pictures: int = parameter(64, "procedural pictures, without a folder", limits=(1, 100_000))
    width: int = parameter(0, "width of the network; 0: its own", limits=(0, 4096))
    classes: int = parameter(0, "classes of the labels; 0: those of the data", limits=(0, 255))
    blocks: int = parameter(8, "blocks of the thesis' U-Nets (8: 256 pixels)", limits=(3, 8))
    capacity: int = parameter(
        0,
        "parameters that the thesis' networks may have in all, for the same of each; 0: by width",
        limits=(0, 10**9),
    )
    stage: str = parameter(
        "joint",
        "of msn: streams (stage 1), fusion (2a, streams stand still) or joint (2b); start the next "
        "with --start",
        choices=("streams", "fusion", "joint"),
    )
    stream: int = parameter(
        -1,
        "of msn in the stage streams: the class whose stream alone learns, the others stay as "
        "--start has them; -1: all learn",
        limits=(-1, 254),
    )


class Crops(IterableDataset[Batch]):
    """Batches of `image` (B x 3 x S x S in 0..1, BGR, degraded), `clean` (the same before),
    `labels` (B x S x S, 255 unlabelled) and `kinds` (B x 4: how strong what is wrong is).

    `based`: and `base`, what `adaptive` makes of the image. It sees more around each crop, as it
    sees all of an image where it runs.
    """

    def __init__(
        self,
        pictures: Pictures,
        settings: RestorationDataSettings,
        batch: int,
        based: bool = False,
    ) -> None:
        self._pictures, self._batch, self._based = pictures, batch, based
        self._around = _AROUND if based else 0
        self._size = settings.size + 2 * self._around
        self._degrade = degradation(settings.degradation)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            pairs = [self._crop() for _ in range(self._batch)]
            clean = torch.stack([image for image, _ in pairs]).float() / 255
            image, kinds = as_seen(clean, self._degrade)
            made = {
                "image": image,
                "clean": clean,
                "labels": torch.stack([own for _, own in pairs]),
            }
            if self._based:
                made["base"] = torch.stack([_restored(one) for one in image])
            inner = slice(self._around, self._size - self._around)
            yield {**{name: own[..., inner, inner] for name, own in made.items()}, "kinds": kinds}

    def _crop(self) -> tuple[Tensor, Tensor]:
        number = self._pictures.drawn()
        image, labels = self._pictures.images[number], self._pictures.labels[number]
        extra = [max(0, self._size - n) for n in labels.shape]
        if any(extra):
            pad = (0, extra[1], 0, extra[0])
            image = functional.pad(image[None].float(), pad, mode="replicate")[0].byte()
            labels = functional.pad(labels, pad, value=255)
        top, left = (int(torch.randint(n - self._size + 1, ())) for n in labels.shape)
        part = (..., slice(top, top + self._size), slice(left, left + self._size))
        if torch.rand(()) < 0.5:
            return image[part].flip(-1), labels[part].flip(-1)
        return image[part], labels[part]


def _restored(image: Tensor) -> Tensor:
    """3 x H x W in 0..1 without grain by the method without learning; blur is left."""
    seen = np.ascontiguousarray((image * 255).round().byte().permute(1, 2, 0).numpy())
    observed = Observed(seen, seen_degradation(seen, SeenSettings()))
    found = adaptive(observed, AdaptiveSettings(sharpen=0.0)).image
    return torch.from_numpy(found.transpose(2, 0, 1).astype(np.float32)) / 255
