"""DDFF 12-Scene: the stacks of C. Hazirbas et al., Deep Depth From Focus, sections 3.2 and 3.4.

An HDF5 file holds

    stack_train, stack_val   N x S x H x W x 3, RGB, 0..255, near to far
    disp_train, disp_val     N x H x W (a further axis of one is fine), pixels

The test set's disparity is held back by the authors. A batch is that of `stack_folders.py`, in
dioptres, with the disparities in pixels beside it, which the paper's networks learn: `disparities`
(B x S) and `truth_disparity` (B x H x W).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ...files.light_fields import open_hdf5
from ...optics.light_field import LYTRO_ILLUM
from ...types import FloatArray, InputError

# Disparity outside is no truth; the stacks are refocused between the same two (0.2825 .. 0.0202).
NEAR_PX, FAR_PX = (float(LYTRO_ILLUM.disparity_px(z)) for z in (0.5, 7.0))
_APERTURE_M = 9 * LYTRO_ILLUM.baseline_m * 2 / np.sqrt(np.pi)  # a disc of 9 x 9 grid cells' area


def crop_corners(height: int, width: int, crop: int, stride: int) -> list[tuple[int, int]]:
    """Top left corners of crops that cover the image; the last ones are moved to its border.

    Raises InputError where the image is smaller than a crop.
    """
    if crop > min(height, width):
        raise InputError(f"a crop of {crop} px does not fit into {width}x{height}")
    rows, columns = (
        sorted({*range(0, length - crop, stride), length - crop}) for length in (height, width)
    )
    return [(top, left) for top in rows for left in columns]


def clipped(disparity: NDArray[Any]) -> FloatArray:
    """Disparity in pixels, 0 (no truth) outside the range of the stacks."""
    disparity = np.asarray(disparity, np.float32)
    inside = (disparity >= FAR_PX) & (disparity <= NEAR_PX)  # False for NaN
    return np.where(inside, disparity, np.float32(0))


class Ddff12Scene(Dataset[dict[str, Tensor]]):
    """Crops of one split, `train` or `val`, of the file at `path`.

    Crops with more than `missing` of their disparity unknown are left out, as in the paper (20 %).
    Nothing is resized or augmented. The file is opened anew in each loading process. Raises
    InputError where the file is not of this data set.
    """

    def __init__(
        self,
        path: Path,
        split: str = "train",
        *,
        crop: int = 224,
        stride: int = 56,
        missing: float = 0.2,
    ) -> None:
        self._path, self._split, self._crop = path, split, crop
        self._file: Any = None
        self._process = -1
        shape = self._checked_shape()
        self.slices, (height, width) = shape[1], shape[2:4]
        corners = crop_corners(height, width, crop, stride)
        self._views = [
            (number, corner)
            for number in range(shape[0])
            for corner in self._with_truth(number, corners, missing)
        ]
        self._close()

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        number, (top, left) = self._views[index]
        rows, columns = slice(top, top + self._crop), slice(left, left + self._crop)
        stack = self._opened()[f"stack_{self._split}"][number, :, rows, columns]
        pixels = np.moveaxis(np.asarray(stack, np.float32)[..., ::-1] / np.float32(255), -1, 1)
        disparities = np.linspace(NEAR_PX, FAR_PX, self.slices)
        truth = self._disparity(number)[rows, columns]
        dioptres = 1.0 / LYTRO_ILLUM.distance_m(np.where(truth > 0, truth, FAR_PX))
        return {
            "images": torch.from_numpy(np.ascontiguousarray(pixels)),
            "dioptres": torch.from_numpy(np.float32(1.0 / LYTRO_ILLUM.distance_m(disparities))),
            "truth": torch.from_numpy(np.where(truth > 0, dioptres, 0).astype(np.float32)),
            "valid": torch.from_numpy(truth > 0),
            "blur_scale": torch.tensor(_APERTURE_M * LYTRO_ILLUM.camera.fx, dtype=torch.float32),
            "disparities": torch.from_numpy(disparities.astype(np.float32)),
            "truth_disparity": torch.from_numpy(truth),
        }

    def _with_truth(
        self, number: int, corners: list[tuple[int, int]], missing: float
    ) -> list[tuple[int, int]]:
        unknown = self._disparity(number) <= 0
        size = self._crop
        return [(t, l) for t, l in corners if unknown[t : t + size, l : l + size].mean() <= missing]

    def _disparity(self, number: int) -> FloatArray:
        """H x W pixels, 0 where unknown."""
        return clipped(np.squeeze(self._opened()[f"disp_{self._split}"][number]))

    def _checked_shape(self) -> tuple[int, ...]:
        file = self._opened()
        stacks, disparities = names = f"stack_{self._split}", f"disp_{self._split}"
        for name in names:
            if name not in file:
                there = ", ".join(file) or "nothing"
                raise InputError(f"{self._path} has no {name}, but {there}: is it DDFF 12-Scene?")
        shape: tuple[int, ...] = file[stacks].shape
        if len(shape) != 5 or shape[4] != 3 or shape[1] < 2:
            raise InputError(f"{self._path}: {stacks} is {shape}, not N x S x H x W x 3")
        maps = file[disparities].shape
        if maps[0] != shape[0] or tuple(n for n in maps[1:] if n != 1) != shape[2:4]:
            raise InputError(f"{self._path}: {disparities} is {maps}, the stacks {shape}")
        return shape

    def _opened(self) -> Any:
        """The file, opened in this process: HDF5 handles do not survive a fork."""
        if self._file is None or self._process != os.getpid():
            self._file, self._process = open_hdf5(self._path), os.getpid()
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
