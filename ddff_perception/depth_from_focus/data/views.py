"""What the data sets share: random crops, mirroring, and images as floats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ...files.photographs import images_in
from ...types import FloatArray, ImageArray

# Crops are drawn again while less of them has truth, at most so often.
_ENOUGH_TRUTH, _TRIES = 0.5, 8


def item_generator(augment: bool) -> np.random.Generator | None:
    """Random numbers of one item, from the seed that training gives it; None without any."""
    return np.random.default_rng(torch.initial_seed()) if augment else None


def view_of(
    valid: NDArray[np.bool_], crop: int, random: np.random.Generator | None
) -> tuple[slice, slice]:
    """Rows and columns of a `crop` x `crop` view: in the centre, or at random where truth is."""
    room = [length - crop for length in valid.shape]
    if random is None:
        top, left = (length // 2 for length in room)
        return slice(top, top + crop), slice(left, left + crop)
    for _ in range(_TRIES):
        top, left = (int(random.integers(length + 1)) for length in room)
        view = slice(top, top + crop), slice(left, left + crop)
        if valid[view].mean() >= _ENOUGH_TRUTH:
            break
    return view


def as_floats(images: Sequence[ImageArray]) -> FloatArray:
    """Colour images as S x 3 x H x W float32, 0..1."""
    stacked = np.stack(images)
    top = np.float32(255 if stacked.dtype == np.uint8 else 65535)
    return np.moveaxis(stacked, -1, 1).astype(np.float32) / top


def brightened(pixels: FloatArray, random: np.random.Generator) -> FloatArray:
    """The same with one random exposure for all slices; what is too bright is saturated."""
    bright: FloatArray = np.minimum(pixels * np.float32(random.uniform(0.7, 1.3)), np.float32(1))
    return bright


def mirrored(
    arrays: Sequence[NDArray[Any]], random: np.random.Generator | None
) -> list[NDArray[Any]]:
    """The arrays, all mirrored alike along their last two axes or not, in memory of their own."""
    if random is not None:
        for axis in (-1, -2):
            if random.random() < 0.5:
                arrays = [np.flip(array, axis) for array in arrays]
    return [np.array(array) for array in arrays]


def coloured(image: ImageArray) -> ImageArray:
    """A grey image as H x W x 3."""
    return image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]


def images_by_stem(folder: Path) -> dict[str, Path]:
    """The images in a folder by their names without suffix, in natural order of the names.

    Raises InputError where there are none.
    """
    return {file.stem: file for file in images_in(folder)}
