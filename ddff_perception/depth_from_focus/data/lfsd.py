"""DUT-LFDD and LFSD: focal stacks of Lytro cameras with an all-in-focus image and a depth map.

The data sets of the dynamic fusion network (section 4.1), which learns from 630 samples. They come
in several packings; a folder here holds

    allfocus | all_focus_images | RGB                 one image per sample
    depth | depth_maps | GT_depth                     one grey image per sample, any scale
    focalstack | focal_stack | focal                  of sample NAME one of
        NAME/*.png                                    its slices in natural order
        NAME__refocus_00.jpg ...                      its slices
        NAME.mat                                      `img`, H x W x 3 S, RGB slices

below `train...` where there are splits. Focus distances are unknown, and so is the
unit of the depth: it is 0..1 of the map's own range of values. A batch is

    images    B x S x 3 x H x W, BGR 0..1        rgb     B x 3 x H x W, all in focus
    dioptres  B x S, NaN                         truth   B x H x W, 0..1;  valid  B x H x W, bool
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ...files.images import read_image
from ...files.light_fields import read_matlab
from ...files.photographs import find_photographs, natural_key
from ...types import FloatArray, ImageArray, InputError
from .views import as_floats, coloured, images_by_stem, item_generator

_TURN_DEG, _JITTER = 5.0, 0.4
_ALL_IN_FOCUS = ("allfocus", "all_focus_images", "rgb")
_DEPTHS = ("depth", "depth_maps", "gt_depth")
_STACKS = ("focalstack", "focal_stack", "focal")


@dataclass(frozen=True)
class LightFieldSample:
    """Where the parts of one sample are; `slices`: image files, or one .mat file."""

    name: str
    all_in_focus: Path
    depth: Path
    slices: tuple[Path, ...]


def find_samples(folder: Path) -> list[LightFieldSample]:
    """The samples below `folder`, or below its folder `train...` where it has one.

    Raises InputError where folders or a sample's slices are missing.
    """
    folder = next((path for path in sorted(folder.glob("[Tt]rain*")) if path.is_dir()), folder)
    images = images_by_stem(_part(folder, _ALL_IN_FOCUS))
    depths = images_by_stem(_part(folder, _DEPTHS))
    stacks = _part(folder, _STACKS)
    named = _refocused(stacks)
    samples = []
    for name, image in images.items():
        if name not in depths:
            raise InputError(f"{folder}: the sample {name} has no depth map")
        samples.append(LightFieldSample(name, image, depths[name], _slices(stacks, name, named)))
    return samples


class LightFieldSamples(Dataset[dict[str, Tensor]]):
    """Whole samples, unless `augment` is False changed at random as in the paper: mirrored left to
    right half of the time, turned by up to 5 degrees, and brightness, contrast and saturation
    multiplied by 0.6 .. 1.4, all slices alike.

    `slices`: how many, evenly picked of those that are there (with repetition where fewer are).
    """

    def __init__(
        self, samples: list[LightFieldSample], *, slices: int = 12, augment: bool = True
    ) -> None:
        if not samples:
            raise InputError("there are no samples to learn from")
        self._samples, self._slices, self._augment = samples, slices, augment

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        sample = self._samples[index]
        there = read_slices(sample)
        which = np.rint(np.linspace(0, len(there) - 1, self._slices)).astype(int)
        rgb, depth = coloured(read_image(sample.all_in_focus)), read_image(sample.depth)
        depth = depth if depth.ndim == 2 else depth[..., 0]
        parts = [*(there[i] for i in which), rgb]
        if any(part.shape[:2] != depth.shape for part in parts):
            raise InputError(f"{sample.depth}: depth, image and slices must have one size")
        random = item_generator(self._augment)
        if random is not None:
            parts, depth = _turned(parts, depth, random)
        truth = depth.astype(np.float32) / np.float32(np.iinfo(depth.dtype).max)
        floats = as_floats(parts)
        pixels = torch.from_numpy(floats if random is None else _jittered(floats, random))
        return {
            "images": pixels[:-1],
            "rgb": pixels[-1],
            "dioptres": torch.full((self._slices,), torch.nan),
            "truth": torch.from_numpy(truth),
            "valid": torch.from_numpy(truth > 0),
        }


def _turned(
    parts: list[ImageArray], depth: ImageArray, random: np.random.Generator
) -> tuple[list[ImageArray], ImageArray]:
    """Images and depth mirrored or not and turned; depth that comes from outside is unknown."""
    if random.random() < 0.5:
        parts, depth = [part[:, ::-1] for part in parts], depth[:, ::-1]
    height, width = depth.shape
    angle = random.uniform(-_TURN_DEG, _TURN_DEG)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    size = (width, height)
    mirrored = cv2.BORDER_REFLECT_101
    turned: list[ImageArray] = [
        cv2.warpAffine(np.ascontiguousarray(part), matrix, size, borderMode=mirrored)  # type: ignore[misc]
        for part in parts
    ]
    flat = cv2.warpAffine(np.ascontiguousarray(depth), matrix, size, flags=cv2.INTER_NEAREST)
    return turned, flat  # type: ignore[return-value]


def _jittered(pixels: FloatArray, random: np.random.Generator) -> FloatArray:
    """S x 3 x H x W with one change of saturation, contrast and brightness for all."""
    saturation, contrast, brightness = random.uniform(1 - _JITTER, 1 + _JITTER, 3)
    grey = pixels.mean(axis=1, keepdims=True)
    pixels = grey + (pixels - grey) * np.float32(saturation)
    middle = pixels.mean()
    pixels = (middle + (pixels - middle) * np.float32(contrast)) * np.float32(brightness)
    return np.asarray(np.clip(pixels, 0, 1), np.float32)


def read_slices(sample: LightFieldSample) -> list[ImageArray]:
    """The slices of a sample, H x W x 3 BGR; raises InputError where they cannot be read."""
    first = sample.slices[0]
    if first.suffix.lower() != ".mat":
        return [coloured(read_image(file)) for file in sample.slices]
    stack = read_matlab(first).get("img")
    if stack is None or stack.ndim != 3 or stack.shape[2] % 3:
        raise InputError(f"{first} must hold `img`, H x W x 3 S")
    if stack.dtype != np.uint8:
        raise InputError(f"{first}: `img` is {stack.dtype}, not uint8")
    count = stack.shape[2] // 3
    return [np.ascontiguousarray(stack[..., 3 * i : 3 * i + 3][..., ::-1]) for i in range(count)]


def _part(folder: Path, names: tuple[str, ...]) -> Path:
    found = [p for p in sorted(folder.glob("*")) if p.is_dir() and p.name.lower() in names]
    if len(found) != 1:
        raise InputError(f"{folder} must hold one folder named {' or '.join(names)}")
    return found[0]


def _refocused(stacks: Path) -> dict[str, list[Path]]:
    """Slices named NAME__refocus_00.jpg, by NAME."""
    named: dict[str, list[Path]] = {}
    for file in sorted(stacks.glob("*__refocus_*"), key=natural_key):
        named.setdefault(file.stem.partition("__refocus_")[0], []).append(file)
    return named


def _slices(stacks: Path, name: str, named: dict[str, list[Path]]) -> tuple[Path, ...]:
    if (stacks / name).is_dir():
        return tuple(find_photographs(stacks / name))
    if (stacks / f"{name}.mat").is_file():
        return (stacks / f"{name}.mat",)
    if name in named:
        return tuple(named[name])
    raise InputError(f"{stacks} holds no slices of the sample {name}")
