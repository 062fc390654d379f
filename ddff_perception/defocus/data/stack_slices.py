"""A person's own focal stacks to learn from: each slice is a defocused image of known truth.

A stack folder with true depth (depth.npy, of a sensor or of the whole stack by `ddff depth`), known
focus distances and a camera with its aperture gives as many images as it has slices; where aif.png
lies beside them, that is what the blur is taken from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...files.images import read_image
from ...files.stack_folder import read_stack
from ...optics.thin_lens import signed_defocus_px
from ...types import FloatArray, FocalStack, ImageArray, InputError
from ..learned.lens_vector import lens_vector
from .lens_views import LensSettings

SHARP = "aif.png"


class StackSlices(Dataset[dict[str, Tensor]]):
    """`count` crops of the slices of the stacks in `folders`, items as `LensViews` gives them but
    `known`, H x W bool, where the truth is.

    Raises InputError where a stack lacks its depth, its camera's aperture or its focus distances,
    or is smaller than a crop.
    """

    def __init__(
        self, folders: Sequence[Path], settings: LensSettings, count: int, fixed: bool = False
    ) -> None:
        self._settings, self._count, self._fixed = settings, count, fixed
        self._stacks = [self._read(folder) for folder in folders]
        if not self._stacks:
            raise InputError("there are no stack folders to learn from")

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not self._fixed:
            return self._drawn()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(index)
            return self._drawn()

    def _read(self, folder: Path) -> tuple[FocalStack, FloatArray, ImageArray | None]:
        content = read_stack(folder)
        stack, camera = content.stack, content.stack.camera
        if content.truth is None:
            raise InputError(f"{folder} has no depth.npy: its slices say nothing without depth")
        if camera is None or not camera.aperture_diameter_m:
            raise InputError(f"{folder} names no aperture_diameter_m: how much it blurs is unknown")
        if not np.isfinite(1.0 / stack.focus_distances_m).all():
            raise InputError(f"{folder} has slices of unknown focus distance")
        own = self._settings
        if content.truth.shape[0] < own.height or content.truth.shape[1] < own.width:
            raise InputError(f"{folder} is smaller than {own.width} x {own.height} pixels")
        sharp = folder / SHARP
        return stack, content.truth, read_image(sharp) if sharp.is_file() else None

    def _drawn(self) -> dict[str, Tensor]:
        stack, depth, sharp = self._stacks[_any(len(self._stacks))]
        taken, camera = stack.slices[_any(len(stack.slices))], stack.camera
        assert camera is not None and camera.aperture_diameter_m is not None
        own = self._settings
        top, left = _any(depth.shape[0] - own.height + 1), _any(depth.shape[1] - own.width + 1)
        crop = (slice(top, top + own.height), slice(left, left + own.width))
        scale = camera.aperture_diameter_m * camera.fx
        focus = 1.0 / taken.focus_distance_m
        with np.errstate(divide="ignore"):
            dioptres = np.asarray(1.0 / depth[crop], np.float32)
        known = np.isfinite(dioptres)
        dioptres = np.where(known, dioptres, np.float32(0.0))
        defocus = signed_defocus_px(dioptres, focus, scale).astype(np.float32)
        image = _tensor(taken.image[crop])
        return {
            "image": image,
            "lens": torch.from_numpy(lens_vector(scale, focus)),
            "sharp": image if sharp is None else _tensor(sharp[crop]),
            "defocus": torch.from_numpy(defocus),
            "dioptres": torch.from_numpy(dioptres),
            "known": torch.from_numpy(known),
            "scale": torch.tensor(scale, dtype=torch.float32),
        }


def _any(count: int) -> int:
    return int(torch.randint(count, ()))


def _tensor(image: ImageArray) -> Tensor:
    """3 x H x W, 0..255, red, green, blue."""
    colour = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., ::-1]
    values = colour.astype(np.float32) * np.float32(255.0 / np.iinfo(image.dtype).max)
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))
