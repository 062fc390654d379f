"""A person's own stack folders as FocusStream's batches: what it is fine-tuned on.

A batch is that of `generated/batches.py` with FocusStream's inputs. Stacks have the size in which
the networks see them at run time (`learned.resized`). Each item is a random crop and a random
choice of slices, mirrored or not, brighter or darker; no noise is added: a camera's own is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ...training.batches import make_loader
from ...training.job import Batch
from ...training.presets import FitSettings
from ...types import FloatArray, InputError
from ..learned.focus_stream import SUBCELL, resized, subcell_px
from .generated.inputs import NetworkInputs
from .stack_folders import TrueStack, find_stacks, load_true_stack, split_stacks
from .views import as_floats, brightened, item_generator, mirrored, view_of

FEWEST_SLICES = 3
# The networks' coarsest level needs the sides of a crop to be a multiple of this.
MULTIPLE = 32
# Shares: batches that use as many slices as all their stacks have; items whose ends stay.
_ALL_SLICES, _ENDS_STAY = 0.5, 0.75
# Truth this far beyond the sweep's ends, as a share of the sweep, still counts.
_BEYOND = 0.05


@dataclass(frozen=True)
class OwnStacks:
    """What is learned from, what it is validated on, and how many stacks are learned from."""

    train: IterableDataset[Batch]
    validation: DataLoader[Batch] | None
    learned: int


def own_stacks(data: Sequence[Path], settings: FitSettings, bins: int, crop: int) -> OwnStacks:
    """The stack folders in `data` and one level below; every fifth is held back.

    `crop`: longest side of the crops in pixels. Raises InputError where there are none, and on a
    stack without truth, with unknown distances, fewer than three different ones, or too small.
    """
    learned, held = split_stacks(_found(data))
    validation = None
    if held:
        whole = HeldStacks(held, crop, bins)
        validation = make_loader(whole, settings, shuffle=False)
    return OwnStacks(OwnStackBatches(learned, settings.batch, crop, bins), validation, len(learned))


def _found(data: Sequence[Path]) -> list[Path]:
    try:
        return find_stacks(data)
    except InputError as error:
        raise InputError(f"there are no training stacks (.npz) in --data, and {error}") from error


class OwnStackBatches(IterableDataset[Batch]):
    """Endless random batches; the number of slices differs from batch to batch, from 3 up."""

    def __init__(self, folders: Sequence[Path], batch: int, crop: int, bins: int) -> None:
        self._stacks = [_ascending(folder) for folder in folders]
        self._side = _side(self._stacks, crop)
        self._batch, self._inputs = batch, NetworkInputs(bins)

    def __iter__(self) -> Iterator[Batch]:
        while True:
            random = np.random.default_rng(int(torch.randint(2**62, (1,))))
            drawn = [
                self._stacks[int(i)] for i in random.integers(len(self._stacks), size=self._batch)
            ]
            count = min(len(stack.images) for stack in drawn)
            if random.random() >= _ALL_SLICES:
                count = int(random.integers(FEWEST_SLICES, count + 1))
            parts = []
            for stack in drawn:
                which = _drawn_slices(len(stack.images), count, random)
                parts.append(_view(stack, which, self._side, random))
            yield _batch(parts, self._inputs)


class HeldStacks(Dataset[Batch]):
    """The centre of each stack as it is, with as many slices, evenly picked, as all have."""

    def __init__(self, folders: Sequence[Path], crop: int, bins: int) -> None:
        self._stacks = [_ascending(folder) for folder in folders]
        self._side = _side(self._stacks, crop)
        self._slices = min(len(stack.images) for stack in self._stacks)
        self._inputs = NetworkInputs(bins)

    def __len__(self) -> int:
        return len(self._stacks)

    def __getitem__(self, index: int) -> Batch:
        stack = self._stacks[index]
        which = np.rint(np.linspace(0, len(stack.images) - 1, self._slices)).astype(np.intp)
        part = _view(stack, which, self._side, item_generator(False))
        return {name: values[0] for name, values in _batch([part], self._inputs).items()}


_View = tuple[NDArray[np.uint8], FloatArray, FloatArray, NDArray[np.bool_]]


def _ascending(folder: Path) -> TrueStack:
    """The stack from far to near focus, one slice per distance."""
    stack = load_true_stack(folder)
    values, order = np.unique(stack.dioptres, return_index=True)
    if len(values) < FEWEST_SLICES:
        raise InputError(
            f"{folder} has {len(values)} different focus distances: FocusStream needs at least "
            f"{FEWEST_SLICES}"
        )
    if min(stack.truth.shape) < MULTIPLE:
        height, width = stack.truth.shape
        raise InputError(f"{folder} is {width} x {height} pixels: at least {MULTIPLE} are needed")
    return _as_at_run_time(replace(stack, images=[stack.images[i] for i in order], dioptres=values))


def _as_at_run_time(stack: TrueStack) -> TrueStack:
    """`stack` resized as its images are before the encoder sees them."""
    height, width = stack.truth.shape
    subcell = subcell_px(width, height)
    known = resized(stack.valid.astype(np.uint8), subcell, cv2.INTER_NEAREST)
    return TrueStack(
        images=[resized(image, subcell) for image in stack.images],
        dioptres=stack.dioptres,
        truth=resized(stack.truth, subcell, cv2.INTER_NEAREST),
        valid=known.astype(bool),
        blur_scale=stack.blur_scale * SUBCELL / subcell,
    )


def _side(stacks: Sequence[TrueStack], longest: int) -> int:
    """Of the crops, which all stacks can give."""
    smallest = min(int(min(stack.truth.shape)) for stack in stacks)
    return min(smallest, max(longest, MULTIPLE)) // MULTIPLE * MULTIPLE


def _drawn_slices(there: int, wanted: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Numbers of `wanted` of `there` slices, rising; the ends of the sweep mostly stay."""
    every = np.arange(there)
    if random.random() >= _ENDS_STAY:
        return np.sort(random.choice(every, wanted, replace=False))
    inner = np.sort(random.choice(every[1:-1], wanted - 2, replace=False))
    return np.concatenate([every[:1], inner, every[-1:]])


def _view(
    stack: TrueStack, which: NDArray[np.intp], side: int, random: np.random.Generator | None
) -> _View:
    """Slices S x 3 x H x W, their dioptres, truth, and where it is known and within the sweep."""
    dioptres = stack.dioptres[which]
    reach = _BEYOND * (dioptres[-1] - dioptres[0])
    inside = (stack.truth >= dioptres[0] - reach) & (stack.truth <= dioptres[-1] + reach)
    known = stack.valid & inside
    rows, columns = view_of(known, side, random)
    pixels = as_floats([stack.images[int(i)][rows, columns] for i in which])
    if random is not None:
        pixels = brightened(pixels, random)
    pixels, truth, known = mirrored(
        (pixels, stack.truth[rows, columns], known[rows, columns]), random
    )
    levels = np.rint(np.float32(255) * pixels).astype(np.uint8)
    return levels, dioptres, truth, known


def _batch(parts: Sequence[_View], inputs: NetworkInputs) -> Batch:
    images, dioptres, truth, valid = (
        torch.from_numpy(np.stack(kind)) for kind in zip(*parts, strict=True)
    )
    return {**inputs(images, dioptres), "dioptres": dioptres, "truth": truth, "valid": valid}
