"""Batches of training stacks that are never seen twice, made on whatever device trains.

Crops of sharp views (`view_pool.py`) through random lenses (`stacks.py`), with a camera's noise
(`camera.py`) and FocusStream's inputs (`inputs.py`). The same on a processor as on a GPU, but for
two operations that each has in its own fast way, as tests hold them to: the lens's blur and the
inputs' contrasts. A batch is a dict of tensors:

    images    B x S x 3 x H x W float32 in 0..1, BGR, with noise
    dioptres  B x S float32, focus positions in 1/m, ascending
    truth     B x H x W float32, inverse depth in 1/m
    valid     B x H x W bool, where the truth lies within the sweep (5 % beyond its ends at most)
    beyond    B x H x W bool, where it is known to lie further out: sky, what is too near
    empty     B x H x W bool, where no slice shows anything but noise

With inputs there are `contrasts`, `positions` and `templates` in place of the images. All stacks of
a batch have one S, which differs from batch to batch. Random numbers are torch's: a batch depends
on the seed that is set before it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import IterableDataset

from ....training.fit import uses_gpu
from ....training.job import Batch
from ....training.presets import FitSettings
from ....training.views.camera import NoiseSettings, with_noise
from ....training.views.field import bordered, disturbed, turned
from ....training.views.view_pool import CLOSEST, TRACED_SHARE, ViewPool
from ...learned.focus_stream import SMALL_SUBCELL, SUBCELL
from .inputs import NetworkInputs
from .stacks import StackSettings, random_stacks

# Height, width and views per batch of 32: most batches are many small crops, some are few large
# ones, in which a wall is as wide as in a whole image.
_SIZES = ((192, 256, 1.0), (320, 448, 0.375))
_LARGE = 0.25
# What shows nothing: so many grey levels over this share of the width, seen in means of 4 x 4 px.
_EVEN_LEVELS, _EVEN_SHARE, _EVEN_STEP = 3.0, 1 / 8, 4
COUNTS = (3, 4, *(5, 6) * 2, *(7, 8) * 3, 9, 9, *(10,) * 3, 11, 12, 12, 13, 15, 15)


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """`views` of every batch, each seen with `takes` noises; `bins` of FocusStream's inputs, 0 for
    plain images, nearest focus first; `sizes`: (height, width, share of `views`), the second in
    `large` of the batches; `enlarged`: share of batches whose images are enlarged as small ones
    are at run time.
    """

    views: int = 16
    takes: int = 2
    bins: int = 0
    large: float = _LARGE
    enlarged: float = 0.0
    sizes: tuple[tuple[int, int, float], tuple[int, int, float]] = _SIZES
    sweep: StackSettings = field(default_factory=lambda: StackSettings(slice_counts=COUNTS))
    noise: NoiseSettings = field(default_factory=NoiseSettings)


class GeneratedBatches(IterableDataset[Batch]):
    """Endless batches of new stacks on the pool's device."""

    def __init__(self, pool: ViewPool, settings: GeneratorSettings) -> None:
        self._pool, self._settings = pool, settings
        self._inputs = NetworkInputs(settings.bins, pool.device) if settings.bins else None

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self.draw()

    @torch.no_grad()
    def draw(self) -> Batch:
        """One batch; its random numbers are torch's."""
        settings = self._settings
        height, width, share = settings.sizes[int(torch.rand(()) < settings.large)]
        views = max(1, round(settings.views * share))
        clean = random_stacks(*self._pool.draw(views, height, width), settings.sweep)
        images, dioptres, truth = (
            values.repeat_interleave(settings.takes, dim=0)
            for values in (clean.images, clean.dioptres, clean.truth)
        )
        batch = noisy_batch(
            images, dioptres, truth, settings.noise, settings.enlarged, self._inputs
        )
        if self._inputs is not None:
            return batch
        # The papers' networks take the nearest focus first.
        return batch | {name: batch[name].flip(1) for name in ("images", "dioptres")}


def view_batches(
    folders: Sequence[Path],
    settings: FitSettings,
    traced: float = TRACED_SHARE,
    closest: float = CLOSEST,
    **generator: Any,
) -> tuple[GeneratedBatches, str]:
    """Batches of `settings.batch` stacks, blurred on the training device from the views in
    `folders`, and what they are in a few words; `traced`, `closest`: as `ViewPool` takes them,
    `generator`: further values of GeneratorSettings.
    """
    device = torch.device("cuda" if uses_gpu(settings) else "cpu")
    pool = ViewPool(folders, device, traced, closest)
    takes = 2 if settings.batch % 2 == 0 else 1
    drawn = GeneratorSettings(settings.batch // takes, takes, **generator)
    views = f"{pool.traced} path-traced and {pool.procedural} procedural views"
    return GeneratedBatches(pool, drawn), f"stacks without end of {views}"


def noisy_batch(
    images: Tensor,
    dioptres: Tensor,
    truth: Tensor,
    noise: NoiseSettings,
    enlarged: float,
    inputs: NetworkInputs | None,
) -> Batch:
    """A batch of `TrainingStacks`' images, dioptres and truth."""
    images, dioptres, truth = turned(images, dioptres, truth, noise.field)
    images = disturbed(images, noise.field)
    empty = shows_nothing(images)
    images = with_noise(images, noise)
    images = bordered(images, noise.field.bordered)
    if enlarged and float(torch.rand(())) < enlarged:
        images, truth = _enlarged(images, truth)
        whole = functional.interpolate(empty[:, None].float(), size=truth.shape[-2:])
        empty = whole[:, 0] > 0.5
    valid = within(truth, dioptres)
    batch = {"dioptres": dioptres, "truth": truth, "valid": valid, "beyond": ~valid, "empty": empty}
    return batch | (inputs(images, dioptres) if inputs else {"images": images / 255.0})


def within(truth: Tensor, dioptres: Tensor) -> Tensor:
    """B x H x W bool, where the truth lies within the sweep (5 % beyond its ends at most)."""
    first, last = dioptres[:, 0, None, None], dioptres[:, -1, None, None]
    beyond = 0.05 * (last - first)
    return (truth > first - beyond) & (truth < last + beyond)


def shows_nothing(images: Tensor) -> Tensor:
    """B x H x W bool, where every slice (B x S x 3 x H x W uint8, without noise) is even to a few
    grey levels over an eighth of its width: no focus can be told there.
    """
    side, step = int(images.shape[-1] * _EVEN_SHARE / _EVEN_STEP) | 1, _EVEN_STEP
    grey = functional.avg_pool2d(images.flatten(0, 1).float().mean(dim=1, keepdim=True), step)
    padded = functional.pad(grey, (side // 2,) * 4, "replicate")
    highest, lowest = (functional.max_pool2d(sign * padded, side, 1) for sign in (1, -1))
    spread = (highest + lowest).unflatten(0, images.shape[:2]).amax(dim=1)
    whole = functional.interpolate(spread, size=images.shape[-2:], mode="nearest-exact")
    return whole[:, 0] <= _EVEN_LEVELS


def _enlarged(images: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """`images` (B x S x 3 x H x W uint8) and `truth` (B x H x W) in the size that small images are
    enlarged to at run time, in multiples of 32.
    """
    size = [round(side * SUBCELL / SMALL_SUBCELL / 32) * 32 for side in truth.shape[-2:]]
    grown = functional.interpolate(
        images.flatten(0, 1).float(), size=size, mode="bicubic", align_corners=False
    )
    nearest = functional.interpolate(truth[:, None], size=size, mode="nearest-exact")[:, 0]
    return grown.round().clamp(0, 255).byte().unflatten(0, images.shape[:2]), nearest
