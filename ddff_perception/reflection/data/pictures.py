"""Pictures to mix: procedural ones with the statistics of photographs, and a user's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import read_image
from ...files.photographs import find_photographs
from ...optics.srgb import srgb_decode
from ...optics.textures import MAKERS, make_texture, one_over_f
from ...types import FloatArray, InputError

Pictures = Sequence[NDArray[np.float16]]
# Drawn apart from every other use of the textures: the rendered judge has seeds of its own.
_SEED = 777
_SIDE = 512
_THREADS = 4
_LARGEST_SIDE = 1024
_KINDS = (
    "dead_leaves", "dead_leaves", "dead_leaves", "cloth", "wood", "tiles",
    "checker", "stripes", "text", "clouds", "dead_leaves", "text",
)  # fmt: skip


@lru_cache(maxsize=2)
def procedural_pictures(count: int) -> Pictures:
    """`count` pictures, each 512 x 512 x 3 float16, linear, the same ones each time."""
    # Most of the time goes into OpenCV and Fourier transforms, which run beside each other.
    with ThreadPoolExecutor(_THREADS) as threads:
        return tuple(threads.map(_picture, range(count)))


def _picture(number: int) -> NDArray[np.float16]:
    rng = np.random.default_rng([_SEED, number])
    kind = _KINDS[number % len(_KINDS)]
    image = make_texture(kind, rng, _SIDE) if kind in MAKERS else _clouds(rng)
    if kind == "dead_leaves" and rng.random() < 0.7:
        shade = 1 + rng.uniform(0.1, 0.5) * one_over_f(rng, _SIDE, 1.2)
        image = image * np.clip(shade, 0.1, 3)[..., None]
    return np.asarray(image, np.float16)


def _clouds(rng: np.random.Generator) -> FloatArray:
    """The power spectrum of photographs and nothing else, in colours."""
    tint = [one_over_f(rng, _SIDE, rng.uniform(1, 1.6)) for _ in range(3)]
    grey = one_over_f(rng, _SIDE, 1.2)
    image = 0.5 + 0.2 * np.stack(tint, axis=-1) + 0.25 * grey[..., None]
    return np.asarray(np.clip(image, 0.02, 1.5), np.float32)


def photographs(folder: Path) -> Pictures:
    """The photographs in `folder`, linear (sRGB undone), at most 1024 pixels wide and high.

    Raises InputError where there are fewer than two.
    """
    paths = find_photographs(folder)
    if len(paths) < 2:
        raise InputError(f"{folder} holds fewer than two photographs to mix")
    return [_photograph(path) for path in paths]


def _photograph(path: Path) -> NDArray[np.float16]:
    image = read_image(path)
    values = image.astype(np.float32) / np.iinfo(image.dtype).max
    linear = srgb_decode(values)
    if linear.ndim == 2:
        linear = np.repeat(linear[..., None], 3, axis=2)
    scale = min(1.0, _LARGEST_SIDE / max(linear.shape[:2]))
    size = (round(linear.shape[1] * scale), round(linear.shape[0] * scale))
    return np.asarray(cv2.resize(linear, size, interpolation=cv2.INTER_AREA), np.float16)
