"""Mobile stacks: photographs of a phone that sweeps its focus; no truth.

The stacks of Suwajanakorn et al. (Depth from Focus with Your Mobile Phone, 2015), which the
dynamic fusion network is shown on with 12 of each stack's slices, and those of one's own phone:
one folder of photographs per scene. A batch is

    images    B x S x 3 x H x W, BGR 0..1      dioptres  B x S, 1/m; NaN where unknown
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...files.images import read_image
from ...files.photographs import distance_in_name, find_photographs
from ...types import InputError
from .views import as_floats, coloured

# The order of a sweep is that of the names; the thesis' phone went linearly over these metres.
THESIS_PHONE_M = (0.1, 4.0)


def find_sweeps(folder: Path) -> list[Path]:
    """The folders of photographs directly below `folder`; raises InputError where none is."""
    found = [path for path in sorted(folder.glob("*")) if path.is_dir() and any(path.iterdir())]
    if not found:
        raise InputError(f"{folder} holds no folders of photographs, one per scene")
    return found


class MobileStacks(Dataset[dict[str, Tensor]]):
    """Whole stacks of `slices` slices, evenly picked, the first and the last among them.

    `width`: pixels that wider images are shrunk to (0: none). `sweep_m`: first and last focus
    distance of a sweep with equal steps in metres; otherwise a distance at the end of each name
    counts (`image_3_0.6.png`), and without one it is unknown. Raises InputError where a stack has
    fewer slices or its images differ in size.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        slices: int = 12,
        width: int = 0,
        sweep_m: tuple[float, float] | None = None,
    ) -> None:
        if not folders:
            raise InputError("there are no stacks of photographs")
        if sweep_m is not None and min(sweep_m) <= 0:
            raise InputError("the focus distances of a sweep must be metres > 0")
        self._stacks = [find_photographs(folder) for folder in folders]
        for folder, files in zip(folders, self._stacks, strict=True):
            if len(files) < slices:
                raise InputError(f"{folder} has {len(files)} photographs, fewer than {slices}")
        self._slices, self._width, self._sweep_m = slices, width, sweep_m

    def __len__(self) -> int:
        return len(self._stacks)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        files = self._stacks[index]
        which = np.rint(np.linspace(0, len(files) - 1, self._slices)).astype(int)
        images = [coloured(read_image(files[i])) for i in which]
        if len({(image.shape, image.dtype) for image in images}) > 1:
            raise InputError(f"{files[0].parent}: all photographs must have one size and type")
        height, width = images[0].shape[:2]
        if self._width and width > self._width:
            size = (self._width, max(1, round(height * self._width / width)))
            images = [
                cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[misc]
                for image in images
            ]
        return {
            "images": torch.from_numpy(as_floats(images)),
            "dioptres": torch.from_numpy(self._dioptres(files)[which]),
        }

    def _dioptres(self, files: Sequence[Path]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        if self._sweep_m is not None:
            distances = np.linspace(*self._sweep_m, len(files))
        else:
            found = [distance_in_name(file) for file in files]
            known = all(distance for distance in found)
            distances = np.array([d if known and d else math.nan for d in found])
        return (1.0 / distances).astype(np.float32)
