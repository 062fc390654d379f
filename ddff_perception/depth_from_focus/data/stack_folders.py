"""Stack folders with true depth as training data: what a person fine-tunes on.

A batch is a dict of float32 tensors (B stacks of S slices):

    images      B x S x 3 x H x W, BGR as everywhere, 0..1
    dioptres    B x S, inverse focus distance per slice, 1/m; 0 is infinity
    truth       B x H x W, inverse depth, 1/m
    valid       B x H x W, bool: where there is truth
    blur_scale  B, aperture diameter x focal length, m px; NaN where unknown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...files.stack_folder import read_stack
from ...types import FloatArray, ImageArray, InputError
from .views import as_floats, brightened, coloured, item_generator, mirrored, view_of


def find_stacks(folders: Sequence[Path]) -> list[Path]:
    """Every stack folder among `folders` and one level below them, in the order of their names.

    Raises InputError where a folder holds none.
    """
    found: list[Path] = []
    for folder in folders:
        if (folder / "stack.json").is_file():
            found.append(folder)
            continue
        below = sorted(file.parent for file in folder.glob("*/stack.json"))
        if not below:
            raise InputError(f"{folder} holds no stack folders (with a stack.json and depth.npy)")
        found += below
    return found


def split_stacks(folders: Sequence[Path], share: float = 0.2) -> tuple[list[Path], list[Path]]:
    """Stacks to learn from and stacks to validate on, the latter evenly picked.

    At least one of either where there are two or more; a single stack is only learned from.
    """
    count = min(len(folders) - 1, max(1, round(share * len(folders)))) if len(folders) > 1 else 0
    held = {round((i + 0.5) * len(folders) / count - 0.5) for i in range(count)}
    return (
        [f for i, f in enumerate(folders) if i not in held],
        [f for i, f in enumerate(folders) if i in held],
    )


@dataclass(frozen=True)
class TrueStack:
    """A stack with its truth: `images` H x W x 3 uint8 or uint16 BGR; `dioptres` (S,) float32, 1/m;
    `truth` H x W float32, inverse depth, 1/m; `valid` H x W bool, where there is truth;
    `blur_scale` m px, NaN where unknown.
    """

    images: list[ImageArray]
    dioptres: FloatArray
    truth: FloatArray
    valid: np.ndarray
    blur_scale: float


class StackFolders(Dataset[dict[str, Tensor]]):
    """One random view of a stack per item, all of one size and with as many slices.

    Both are the smallest stack's: its slices, drawn anew of those of a larger one, in the sweep's
    order; its shorter side, rounded down to a multiple of 32 pixels. Images are never resized,
    which would change their blur, but mirrored and made brighter or darker. `augment` False: the
    centre, the same slices each time, as it is.

    Raises InputError on a stack without truth, with unknown distances, with a single slice, or
    smaller than 32 pixels.
    """

    def __init__(self, folders: Sequence[Path], *, augment: bool = True) -> None:
        if not folders:
            raise InputError("there are no stack folders to learn from")
        self._stacks = [load_true_stack(folder) for folder in folders]
        counts = [len(stack.images) for stack in self._stacks]
        sides = [min(stack.truth.shape) for stack in self._stacks]
        self.slices, self.crop, self._augment = min(counts), min(sides) // 32 * 32, augment
        for folder, count, side in zip(folders, counts, sides, strict=True):
            if count < 2:
                raise InputError(f"{folder} has one slice: training needs at least two")
            if side < 32:
                raise InputError(f"{folder} is {side} pixels high or wide: at least 32 are needed")

    def __len__(self) -> int:
        return len(self._stacks)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not 0 <= index < len(self):
            raise IndexError(index)
        stack = self._stacks[index]
        random = item_generator(self._augment)
        which = _chosen(len(stack.images), self.slices, random)
        rows, columns = view_of(stack.valid, self.crop, random)
        pixels = as_floats([stack.images[i][rows, columns] for i in which])
        truth, valid = stack.truth[rows, columns], stack.valid[rows, columns]
        if random is not None:
            pixels = brightened(pixels, random)
        pixels, truth, valid = mirrored((pixels, truth, valid), random)
        return {
            "images": torch.from_numpy(pixels),
            "dioptres": torch.from_numpy(stack.dioptres[which]),
            "truth": torch.from_numpy(truth),
            "valid": torch.from_numpy(valid),
            "blur_scale": torch.tensor(stack.blur_scale, dtype=torch.float32),
        }


def _chosen(
    there: int, wanted: int, random: np.random.Generator | None
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Numbers of `wanted` slices in rising order: drawn, or evenly spread."""
    if random is None:
        return np.rint(np.linspace(0, there - 1, wanted)).astype(np.intp)
    return np.sort(random.choice(there, wanted, replace=False)).astype(np.intp)


def load_true_stack(folder: Path) -> TrueStack:
    """A stack folder to learn from; raises InputError where it lacks truth or focus distances."""
    content = read_stack(folder)
    stack = content.stack
    if content.truth is None:
        raise InputError(f"{folder} has no depth.npy: training needs the true depth")
    distances = stack.focus_distances_m
    if np.isnan(distances).any():
        raise InputError(f"{folder} has slices of unknown focus distance: training needs them")
    images: list[ImageArray] = [coloured(image) for image in stack.images]
    valid = content.truth > 0  # NaN is unknown, infinity is 0 dioptres
    if not valid.any():
        raise InputError(f"{folder}: depth.npy holds no depth above 0")
    truth = np.zeros_like(content.truth)
    np.divide(np.float32(1), content.truth, out=truth, where=valid)
    camera = stack.camera
    aperture = None if camera is None else camera.aperture_diameter_m
    scale = np.nan if camera is None or aperture is None else aperture * camera.fx
    dioptres = (1.0 / distances).astype(np.float32)
    return TrueStack(images, dioptres, truth, valid, float(scale))
