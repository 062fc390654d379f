"""Training stacks on disk: made in advance, so that a processor pays for their blur once."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from ....files.atomic import atomic_write, make_folder
from ....files.limits import ARRAY_GIB, GIB
from ....files.results import written_by
from ....training.job import Batch
from ....training.views.camera import NoiseSettings
from ....training.views.scenes import SceneMaker
from ....training.views.view_pool import random_crops, read_view, scene_view
from ....types import InputError
from ..views import view_of
from .batches import noisy_batch, within
from .inputs import NetworkInputs
from .stacks import StackSettings, TrainingStacks, random_stacks

_STACKS_PER_SCENE = 3
_SCENE_SIZE = 1.6  # in sides of a stack
_NAME = re.compile(r"(\d\d)_\d{6}\.npz$")


@written_by("training data")
def write_stacks(
    folder: Path,
    numbers: range,
    views: Path | None = None,
    settings: StackSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Makes the stacks `numbers` into `folder`, three of each scene; those that are there stay.

    `views` is a folder of path-traced views, from which `settings.traced` of the scenes come; the
    others are procedural.
    """
    make_folder(folder)
    maker: SceneMaker | None = None
    chosen = settings or StackSettings()
    there = {file.name[3:9] for file in stack_files(folder)}
    for done, first in enumerate(range(numbers.start, numbers.stop, _STACKS_PER_SCENE)):
        rng = np.random.default_rng([first, 20])
        traced = sorted(views.glob("*.npy")) if views is not None else []
        if traced and rng.random() < chosen.traced:
            view = read_view(traced[int(rng.integers(len(traced)))])
        else:
            maker = maker or SceneMaker(np.random.default_rng([first, 21]))
            sides = (int(_SCENE_SIZE * side) for side in (chosen.height, chosen.width))
            view = scene_view(maker.scene(*sides))
        seed, whole = int(rng.integers(2**62)), torch.from_numpy(view)[None]
        for number in range(first, first + _STACKS_PER_SCENE):
            if f"{number:06d}" not in there:
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(seed + number)
                    crop = random_crops(whole, chosen.height, chosen.width, chosen.closest)
                    _write(folder, number, random_stacks(*crop, chosen))
        if progress is not None:
            progress((done + 1) * _STACKS_PER_SCENE, len(numbers))


def _write(folder: Path, number: int, stack: TrainingStacks) -> None:
    images = stack.images[0].permute(0, 2, 3, 1).contiguous()
    with atomic_write(folder / f"{len(images):02d}_{number:06d}.npz") as opened:
        np.savez(
            opened,
            images=images.numpy(),
            dioptres=stack.dioptres[0].numpy(),
            truth=stack.truth[0].numpy().astype(np.float16),
            blur_scale=np.float32(stack.blur_scale[0]),
        )


def stack_files(folder: Path) -> list[Path]:
    """The files of `write_stacks` in `folder`."""
    return sorted(file for file in folder.glob("*.npz") if _NAME.fullmatch(file.name))


def read_training_stack(file: Path) -> TrainingStacks:
    """One stack, B = 1. Raises InputError where the file is none of `write_stacks`."""
    try:
        with zipfile.ZipFile(file) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        ARRAY_GIB.check(size / GIB, str(file))
        with np.load(file, allow_pickle=False) as values:
            images = torch.from_numpy(values["images"]).permute(0, 3, 1, 2)
            dioptres = torch.from_numpy(values["dioptres"])
            truth = torch.from_numpy(values["truth"].astype(np.float32))
            scale = torch.tensor(float(values["blur_scale"]))
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{file} is no training stack: {error}") from error
    return TrainingStacks(images[None], dioptres[None], truth[None], scale[None])


class StackBatches(IterableDataset[Batch]):
    """Endless random batches (`batches.py`) from folders of `write_stacks`; stacks may still be
    arriving.

    Each time a stack is drawn it has new noise, and one time in three fewer of its slices, but no
    fewer than `fewest_slices`. What is drawn depends on torch's default generator. `enlarged`:
    share of batches whose images are enlarged as small ones are at run time
    (`learned.subcell_px`). `crop`: side in px of the square that is used of each stack, one where
    truth is; 0 is all of it.
    """

    def __init__(
        self,
        folders: Path | Sequence[Path],
        batch: int,
        noise: NoiseSettings | None = None,
        fewest_slices: int = 3,
        bins: int = 0,
        enlarged: float = 0.0,
        crop: int = 0,
    ) -> None:
        self._enlarged, self._crop = enlarged, crop
        self._folders = (folders,) if isinstance(folders, Path) else tuple(folders)
        self._batch, self._fewest = batch, fewest_slices
        self._noise = noise or NoiseSettings()
        self._inputs = NetworkInputs(bins) if bins else None
        if not self._groups():
            names = ", ".join(str(folder) for folder in self._folders)
            raise InputError(f"there are no training stacks in {names}")

    def __iter__(self) -> Iterator[Batch]:
        groups = self._groups()
        for drawn in range(10**9):
            if drawn % 100 == 99:
                groups = self._groups()
            rng = np.random.default_rng(int(torch.randint(2**62, (1,))))
            kinds = list(groups)
            sizes = np.array([len(groups[kind]) for kind in kinds], np.float64)
            kind = kinds[int(rng.choice(len(kinds), p=sizes / sizes.sum()))]
            files = groups[kind]
            chosen = [files[int(i)] for i in rng.integers(len(files), size=self._batch)]
            kept = torch.from_numpy(self._kept(kind[1], rng))
            parts = [self._part(read_training_stack(file), kept, rng) for file in chosen]
            images, dioptres, truth = (torch.cat(kind) for kind in zip(*parts, strict=True))
            yield noisy_batch(images, dioptres, truth, self._noise, self._enlarged, self._inputs)

    def _groups(self) -> dict[tuple[int, int], list[Path]]:
        """Stacks that a batch may be made of, by folder and number of slices: those of another
        folder may have another size.
        """
        groups: dict[tuple[int, int], list[Path]] = {}
        for number, folder in enumerate(self._folders):
            for file in stack_files(folder):
                groups.setdefault((number, int(file.name[:2])), []).append(file)
        return groups

    def _part(
        self, stack: TrainingStacks, kept: Tensor, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Images, dioptres and truth of what is used of a stack, perhaps mirrored."""
        images, dioptres, truth = stack.images[:, kept], stack.dioptres[:, kept], stack.truth
        if self._crop:
            inside = within(truth, dioptres)[0].numpy()
            rows, columns = view_of(inside, min(self._crop, *inside.shape), rng)
            images, truth = images[..., rows, columns], truth[..., rows, columns]
        if rng.random() < 0.5:
            images, truth = images.flip(-1), truth.flip(-1)
        return images, dioptres, truth

    def _kept(self, slices: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """The slices that are used: all, every second, or some missing; the ends mostly stay."""
        every = np.arange(slices)
        way = rng.random()
        if slices <= self._fewest or way > 0.33:
            return every
        if way < 0.13 and (slices + 1) // 2 >= self._fewest:
            return every[::2] if slices % 2 else np.append(every[::2], slices - 1)
        count = int(rng.integers(max(self._fewest, slices - 4), slices))
        inner = np.sort(rng.choice(every[1:-1], size=count - 2, replace=False))
        return np.concatenate([every[:1], inner, every[-1:]])
