"""Sharp pictures in linear light to blur: photographs, rendered views, or procedural ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ...files.images import read_image
from ...files.photographs import find_photographs
from ...optics.srgb import srgb_decode
from ...optics.textures import dead_leaves
from ...simulation.assets.record import SUMMARY
from ...simulation.dataset.reader import open_world
from ...types import FloatArray, InputError

# Pictures whose mean step between neighbours, encoded, is less are flat or blurred already.
_LEAST_STEP, _DARKEST = 0.004, 0.02
_LONGEST = 960


def sharp_pictures(folders: Sequence[Path], count: int) -> list[Tensor]:
    """Each 3 x H x W float16, linear BGR: of folders of photographs or rendered data sets
    (`ddff simulate dataset`), without them `count` procedural ones.

    Flat, blurred and dark ones are left out. Raises InputError where nothing is left, or a
    data set is kept for judges.
    """
    if not folders:
        rngs = (np.random.default_rng([n, 23]) for n in range(count))
        return [_tensor(np.asarray(dead_leaves(rng, 384), np.float32)) for rng in rngs]
    found = [picture for folder in folders for picture in _of_folder(folder)]
    kept = [_tensor(picture) for picture in found if is_useful(picture)]
    if not kept:
        raise InputError("the folders hold no sharp pictures: give photographs or rendered views")
    return kept


def is_useful(picture: FloatArray) -> bool:
    """Whether a linear picture (H x W x 3) has enough edges and light to learn from."""
    encoded = np.clip(picture, 0, 1) ** (1 / 2.2)
    steps = np.abs(np.diff(encoded, axis=0)).mean() + np.abs(np.diff(encoded, axis=1)).mean()
    return bool(steps / 2 > _LEAST_STEP and encoded.mean() > _DARKEST)


def _of_folder(folder: Path) -> list[FloatArray]:
    if (folder / SUMMARY).is_file():
        views = open_world(folder)
        return [
            np.ascontiguousarray(views[n].middle[..., ::-1], np.float32) for n in range(len(views))
        ]
    pictures = []
    for file in find_photographs(folder, 1):
        image: Any = read_image(file)
        if image.ndim != 3:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), image.dtype)
        values: Any = srgb_decode(image.astype(np.float32) / np.iinfo(image.dtype).max)
        scale = _LONGEST / max(values.shape[:2])
        if scale < 1:
            values = cv2.resize(values, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        pictures.append(np.asarray(values, np.float32))
    return pictures


def _tensor(picture: FloatArray) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy()).clamp(0, 8).half()
