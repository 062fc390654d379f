"""Batches for networks of a fixed number of slices, out of batches of any sweeps.

Batches are dicts as every depth-from-focus network here trains on: `images` B x S x 3 x H x W
float32 in 0..1 BGR, `dioptres` B x S float32 (1/m), `truth` B x H x W float32 (1/m), `valid` B x H
x W bool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset, IterableDataset

from ...types import InputError
from ..learned.sweep_slices import choose_slices

Batch = dict[str, Tensor]
# Patches with more missing are not learned from (Hazirbas et al., section 4).
LEAST_VALID, CROP_TRIES = 0.8, 4
# How much flatter than a disc a Gaussian of the same variance is: sigma = diameter / 4.
DISC_TO_SIGMA = 0.25


class FixedSlices(IterableDataset[Batch]):
    """The batches of `source` with `slices` slices, nearest first, in random crops of `crop` px."""

    def __init__(self, source: Iterable[Batch], slices: int, crop: int) -> None:
        self._source = source
        self._slices = slices
        self._crop = crop

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._source:
            yield with_slices(random_crop(batch, self._crop), self._slices)


class Mixed(IterableDataset[Batch]):
    """Batches of `first`, and with probability `share` of `second` instead."""

    def __init__(self, first: Iterable[Batch], second: Iterable[Batch], share: float) -> None:
        self._sources, self._share = (first, second), share

    def __iter__(self) -> Iterator[Batch]:
        first, second = (iter(source) for source in self._sources)
        while True:
            yield next(second if float(torch.rand(())) < self._share else first)


class FixedSliceItems(Dataset[Batch]):
    """The same for a data set of single stacks (no B axis), as the readers of the papers' data
    give them; `crop` 0 leaves the images whole.

    Where there are disparities in pixels they are what is learned, as the papers do. A sweep of
    unknown distances is taken as even, and its truth as it is. The all-in-focus image `rgb`
    becomes `image`.
    """

    def __init__(self, stacks: Dataset[Batch], slices: int, crop: int = 0) -> None:
        self._stacks, self._slices, self._crop = stacks, slices, crop

    def __len__(self) -> int:
        return len(self._stacks)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Batch:
        item = self._stacks[index]
        places = item.get("disparities", item["dioptres"])
        if places.isnan().any():
            places = torch.linspace(1.0, 0.0, len(places))
        batch = {
            "images": item["images"],
            "dioptres": places,
            "truth": item.get("truth_disparity", item["truth"]),
            "valid": item["valid"],
            **({"image": item["rgb"]} if "rgb" in item else {}),
        }
        batch = with_slices({name: v[None] for name, v in batch.items()}, self._slices)
        if self._crop:
            batch = random_crop(batch, self._crop)
        return {name: v[0] for name, v in batch.items()}


def random_crop(batch: Batch, crop: int) -> Batch:
    """One crop of `crop` x `crop` px for all maps of a batch; smaller images stay whole.

    Where less than `LEAST_VALID` of it has a truth it is drawn anew, a few times.
    """
    height, width = batch["truth"].shape[-2:]
    rows, columns = min(crop, height), min(crop, width)
    cut = batch
    for _ in range(CROP_TRIES):
        y = int(torch.randint(height - rows + 1, ()))
        x = int(torch.randint(width - columns + 1, ()))
        place = (..., slice(y, y + rows), slice(x, x + columns))
        cut = {name: v if name == "dioptres" else v[place] for name, v in batch.items()}
        if cut["valid"].float().mean() >= LEAST_VALID:
            break
    return cut


def with_slices(batch: Batch, slices: int) -> Batch:
    """`batch` with `slices` slices chosen by `sweep_slices.choose_slices`, nearest first."""
    chosen = torch.from_numpy(choose_slices(batch["dioptres"].numpy(), slices))
    rows = torch.arange(len(chosen))[:, None]
    return batch | {
        "images": batch["images"][rows, chosen],
        "dioptres": batch["dioptres"][rows, chosen],
    }


class PlaneStacks(IterableDataset[Batch]):
    """Endless sweeps over textured planes at two distances, made on the spot.

    For a first look at whether a network trains, and to show a network what focus is: everything
    is textured, blur is Gaussian, nothing hides anything. Blur, contrast and noise differ from
    stack to stack. `size`: side of the images in px; random numbers are torch's.
    """

    def __init__(self, batch: int, slices: int, size: int) -> None:
        if size < 16:
            raise InputError(f"planes need images of 16 px or more, not {size}")
        self._batch, self._slices, self._size = batch, slices, size

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self._draw()

    def _draw(self) -> Batch:
        size, count = self._size, self._batch
        dioptres = torch.linspace(0.2, 2.2, self._slices).repeat(count, 1)
        near, far = 1.2 + torch.rand(count), 0.2 + torch.rand(count)
        edge = size // 4 + int(torch.randint(size // 2, ()))
        truth = far[:, None, None].repeat(1, size, size)
        truth[..., :edge] = near[:, None, None]
        # Disc diameter in px per dioptre: 5 to 24 px over the whole sweep.
        blur = 2.5 * torch.exp(torch.rand(count) * 1.57)
        texture, noise = self._texture(), 0.03 * torch.rand(count, 1, 1, 1).square()
        images = [self._seen(texture, truth, focus, blur, noise) for focus in dioptres[0]]
        return {
            "images": torch.stack(images, dim=1),
            "dioptres": dioptres,
            "truth": truth,
            "valid": torch.ones_like(truth, dtype=torch.bool),
        }

    def _texture(self) -> Tensor:
        """Noise in four octaves of any contrast, B x 3 x size x size in 0..1."""
        total = torch.zeros(self._batch, 3, self._size, self._size)
        for octave in range(4):
            side = -(-self._size // 2**octave)
            noise = torch.rand(self._batch, 3, side, side) - 0.5
            total += functional.interpolate(noise, size=(self._size, self._size), mode="bilinear")
        contrast = torch.rand(self._batch, 1, 1, 1) + 0.05
        return (0.2 + 0.6 * torch.rand(self._batch, 3, 1, 1) + contrast * total).clamp(0, 1)

    def _seen(
        self, texture: Tensor, truth: Tensor, focus: Tensor, blur: Tensor, noise: Tensor
    ) -> Tensor:
        image = torch.empty_like(texture)
        for number, planes in enumerate(truth):
            for plane in planes.unique():
                sigma = DISC_TO_SIGMA * float(blur[number] * (plane - focus).abs())
                blurred = _gaussian(texture[number], sigma)
                image[number] = torch.where(planes == plane, blurred, image[number])
        return (image + noise * torch.randn_like(image)).clamp(0, 1)


def _gaussian(image: Tensor, sigma: float) -> Tensor:
    """3 x H x W blurred along both axes."""
    if sigma < 0.3:
        return image
    radius = int(np.ceil(3 * sigma))
    offsets = torch.arange(-radius, radius + 1, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma).square())
    kernel = kernel / kernel.sum()
    padded = functional.pad(image[:, None], (radius,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel[None, None, None])
    return functional.conv2d(across, kernel[None, None, :, None])[:, 0]
