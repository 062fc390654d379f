"""Training stacks on disk, and the batches that every network here trains on.

A batch is a dict of tensors:

    images    B x S x 3 x H x W float32 in 0..1, BGR, with noise
    dioptres  B x S float32, focus positions in 1/m, ascending
    truth     B x H x W float32, inverse depth in 1/m
    valid     B x H x W bool, where the truth lies within the sweep (5 % beyond its ends at most)

With `bins` there are FocusStream's inputs instead of the images (`data_contrasts.network_inputs`).
All stacks of a batch have one S, which differs from batch to batch.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from ....files.atomic import atomic_write, make_folder
from ....files.results import written_by
from ....types import InputError
from ...learned.focus_stream import SMALL_SUBCELL, SUBCELL
from ..views import view_of
from .contrasts import Contrasts, network_inputs
from .scenes import SceneMaker, SharpScene
from .stacks import StackSettings, TrainingStack, make_stack

_STACKS_PER_SCENE = 3
_NAME = re.compile(r"(\d\d)_\d{6}\.npz$")

Batch = dict[str, Tensor]


def read_view(file: Path) -> SharpScene:
    """A view of `simulation/sharp_views.py`: H x W x 4 float16, root of the radiance, dioptres."""
    values = np.load(file, allow_pickle=False).astype(np.float32)
    return SharpScene(np.square(values[..., :3]), np.maximum(values[..., 3], 0.0))


@written_by("training data")
def write_stacks(
    folder: Path,
    numbers: range,
    views: Path | None = None,
    settings: StackSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Makes the stacks `numbers` into `folder`, three of each scene; those that are there stay.

    `views` is a folder of path-traced views, from which six scenes in ten come; the others are
    procedural.
    """
    make_folder(folder)
    maker: SceneMaker | None = None
    chosen = settings or StackSettings()
    for done, first in enumerate(range(numbers.start, numbers.stop, _STACKS_PER_SCENE)):
        rng = np.random.default_rng([first, 20])
        traced = sorted(views.glob("*.npy")) if views is not None else []
        if traced and rng.random() < 0.6:
            scene = read_view(traced[int(rng.integers(len(traced)))])
        else:
            maker = maker or SceneMaker(np.random.default_rng([first, 21]))
            scene = maker.scene(int(chosen.height * 1.6), int(chosen.width * 1.6))
        for number in range(first, first + _STACKS_PER_SCENE):
            slices = int(rng.choice(chosen.slice_counts))
            file = folder / f"{slices:02d}_{number:06d}.npz"
            stack = make_stack(scene, slices, chosen, rng)
            if not file.exists():
                _write(file, stack)
        if progress is not None:
            progress((done + 1) * _STACKS_PER_SCENE, len(numbers))


def _write(file: Path, stack: TrainingStack) -> None:
    with atomic_write(file) as opened:
        np.savez(
            opened,
            images=stack.images,
            dioptres=stack.dioptres,
            truth=stack.truth.astype(np.float16),
            blur_scale=np.float32(stack.blur_scale),
        )


def stack_files(folder: Path) -> list[Path]:
    """The files of `write_stacks` in `folder`."""
    return sorted(file for file in folder.glob("*.npz") if _NAME.fullmatch(file.name))


def read_training_stack(file: Path) -> TrainingStack:
    """Raises InputError where the file is none of `write_stacks`."""
    try:
        with np.load(file, allow_pickle=False) as values:
            return TrainingStack(
                values["images"],
                values["dioptres"],
                values["truth"].astype(np.float32),
                float(values["blur_scale"]),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{file} is no training stack: {error}") from error


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """What a batch's images suffer, drawn per stack: `photon` and `read` bound the standard
    deviation of each colour's noise at saturation and in the dark, relative to saturation;
    `speckle` that of noise in proportion to the light, the same in all colours, as path tracing
    has it; `jpeg` and `clean` are shares of stacks.
    """

    photon: float = 0.03
    read: float = 0.008
    speckle: float = 0.13
    jpeg: float = 0.12
    clean: float = 0.15


class StackBatches(IterableDataset[Batch]):
    """Endless random batches from folders of `write_stacks`; stacks may still be arriving.

    Each time a stack is drawn it has new noise, and one time in three fewer of its slices. What is
    drawn depends on torch's default generator and `seed`. `enlarged`: share of batches whose images
    are enlarged as small ones are at run time (`learned.subcell_px`). `crop`: side in px of the
    square that is used of each stack, one where truth is; 0 is all of it.
    """

    def __init__(
        self,
        folders: Path | Sequence[Path],
        batch: int,
        seed: int = 0,
        noise: NoiseSettings | None = None,
        fewest_slices: int = 3,
        bins: int = 0,
        enlarged: float = 0.0,
        crop: int = 0,
    ) -> None:
        self._enlarged, self._crop = enlarged, crop
        self._folders = (folders,) if isinstance(folders, Path) else tuple(folders)
        self._batch, self._seed = batch, seed
        self._noise = noise or NoiseSettings()
        self._fewest = fewest_slices
        self._bins, self._contrasts = bins, Contrasts()
        if not self._groups():
            names = ", ".join(str(folder) for folder in self._folders)
            raise InputError(f"there are no training stacks in {names}")

    def __iter__(self) -> Iterator[Batch]:
        groups = self._groups()
        for drawn in range(10**9):
            if drawn % 100 == 99:
                groups = self._groups()
            rng = np.random.default_rng([self._seed, int(torch.randint(2**62, (1,)))])
            counts = list(groups)
            sizes = np.array([len(groups[count]) for count in counts], np.float64)
            count = counts[int(rng.choice(len(counts), p=sizes / sizes.sum()))]
            files = groups[count]
            chosen = [files[int(i)] for i in rng.integers(len(files), size=self._batch)]
            yield self._make([read_training_stack(file) for file in chosen], rng)

    def _groups(self) -> dict[int, list[Path]]:
        groups: dict[int, list[Path]] = {}
        for folder in self._folders:
            for file in stack_files(folder):
                groups.setdefault(int(file.name[:2]), []).append(file)
        return groups

    def _make(self, stacks: list[TrainingStack], rng: np.random.Generator) -> Batch:
        kept = self._kept(len(stacks[0].dioptres), rng)
        images, dioptres, truths, valid = [], [], [], []
        for stack in stacks:
            places = stack.dioptres[kept]
            span = float(places[-1] - places[0])
            truth = stack.truth
            inside = (truth > places[0] - 0.05 * span) & (truth < places[-1] + 0.05 * span)
            clean = stack.images[kept]
            if self._crop:
                part = view_of(inside, min(self._crop, *inside.shape), rng)
                truth, inside, clean = truth[part], inside[part], clean[:, part[0], part[1]]
            noisy = add_noise(clean, self._noise, rng)
            if rng.random() < 0.5:
                noisy, truth, inside = noisy[:, :, ::-1], truth[:, ::-1], inside[:, ::-1]
            images.append(noisy)
            dioptres.append(places)
            truths.append(truth)
            valid.append(inside)
        stacked = np.stack(images)
        if self._enlarged and rng.random() < self._enlarged:
            stacked = _as_small_ones(stacked, cv2.INTER_CUBIC)
            truths = list(_as_small_ones(np.stack(truths), cv2.INTER_NEAREST))
            flags = np.stack(valid).astype(np.uint8)
            valid = list(_as_small_ones(flags, cv2.INTER_NEAREST).astype(bool))
        if self._bins:
            shown = network_inputs(stacked, np.stack(dioptres), self._contrasts, self._bins)
        else:
            pixels = torch.from_numpy(np.ascontiguousarray(stacked.transpose(0, 1, 4, 2, 3)))
            shown = {"images": pixels.float().div_(255.0)}
        return {
            **shown,
            "dioptres": torch.from_numpy(np.stack(dioptres)),
            "truth": torch.from_numpy(np.stack(truths)),
            "valid": torch.from_numpy(np.stack(valid)),
        }

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


def enlarged_size(height: int, width: int) -> tuple[int, int]:
    """Height and width that small images are enlarged to at run time, in multiples of 32."""
    rows, columns = (round(side * SUBCELL / SMALL_SUBCELL / 32) * 32 for side in (height, width))
    return rows, columns


def _as_small_ones(images: NDArray[Any], interpolation: int) -> NDArray[Any]:
    """The images (... x H x W x 3, or ... x H x W) in the size that small ones are enlarged to."""
    first = images.ndim - (3 if images.shape[-1] == 3 else 2)
    height, width = enlarged_size(*images.shape[first : first + 2])
    flat = images.reshape(-1, *images.shape[first:])
    resized = [cv2.resize(one, (width, height), interpolation=interpolation) for one in flat]
    return np.stack(resized).reshape(*images.shape[:first], *resized[0].shape)


def add_noise(
    images: NDArray[np.uint8], settings: NoiseSettings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """`images` (S x H x W x 3) with a camera's noise, independent from slice to slice."""
    if rng.random() < settings.clean:
        return images
    photon = settings.photon * rng.random() ** 1.5
    read = settings.read * rng.random() ** 1.5
    speckle = settings.speckle * rng.random()
    level = (np.arange(256, dtype=np.float32) / 255) ** 2.2
    # The tone curve's slope carries noise of the light over to the 8-bit image.
    slope = (255 / 2.2) * np.maximum(level, 0.002) ** (1 / 2.2 - 1)
    own = (slope * np.sqrt(photon**2 * level + read**2)).astype(np.float32)
    shared = (slope * speckle * level).astype(np.float32)
    noise: Any = np.empty(images.shape, np.float32)
    common: Any = np.empty(images.shape[:-1], np.float32)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise.reshape(-1, images.shape[-2], 3), np.zeros(3), np.ones(3))
    cv2.randn(common.reshape(-1, images.shape[-2]), np.zeros(1), np.ones(1))
    noise *= own[images]
    noise += shared[images] * common[..., None]
    noise += images
    noisy: NDArray[np.uint8] = np.clip(np.rint(noise, out=noise), 0, 255).astype(np.uint8)
    if rng.random() < settings.jpeg:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
        for number, image in enumerate(noisy):
            coded = cv2.imencode(".jpg", image, quality)[1]
            decoded: Any = cv2.imdecode(coded, cv2.IMREAD_COLOR)
            noisy[number] = decoded
    return noisy
