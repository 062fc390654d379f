"""Clean pictures with class labels where there are some: published sets, views, photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ...files.images import read_image
from ...files.photographs import find_photographs
from ...optics.srgb import srgb_bytes
from ...optics.textures import MAKERS
from ...simulation.assets.record import SUMMARY
from ...simulation.classes import NYU13, UNLABELLED, to_13
from ...simulation.dataset.reader import open_world
from ...types import InputError
from .published_sets import SETS, recognised

# The textures of procedural pictures are their classes.
DRAWN = tuple(name for name in MAKERS if name != "plain")
_SIDE, _REGIONS, _LONGEST = 320, 9, 960


@dataclass(frozen=True)
class Pictures:
    """`images`: each 3 x H x W uint8, BGR. `labels`: H x W uint8, 255 unlabelled, indices into
    `classes`. `source`: what they are. `folders`: which of them came together.
    """

    images: Sequence[Tensor]
    labels: Sequence[Tensor]
    classes: tuple[str, ...]
    source: str
    folders: Sequence[range]

    def drawn(self) -> int:
        """The number of an image, by torch's random numbers: each folder as often as another, and
        in it each image.
        """
        folder = self.folders[int(torch.randint(len(self.folders), ()))]
        return folder[int(torch.randint(len(folder), ()))]


def clean_pictures(
    folders: Sequence[Path],
    count: int,
    split: str = "train",
    *,
    judges: bool = False,
    resize: int = 0,
) -> Pictures:
    """Of folders: one published set (`published_sets.SETS`), rendered data sets, photographs (which
    have no labels); without any, `count` procedural ones whose textures are their classes.

    `judges`: they are to judge by. `resize`: side in pixels to which each is brought, both ways;
    0: none. Raises InputError where nothing is found, two sets have other
    classes, or a data set is kept for judges and these are not.
    """
    if not folders:
        drawn = (_drawn(np.random.default_rng([n, 31])) for n in range(count))
        made = [_squared(*pair, resize) for pair in drawn]
        return _pictures(made, DRAWN, f"{count} procedural pictures", [range(count)])
    pairs: list[tuple[Any, Any]] = []
    ranges: list[range] = []
    classes: tuple[str, ...] = ()
    kinds: list[str] = []
    for folder in folders:
        found, own, kind = _of_folder(folder, split, judges)
        if own and classes and own != classes:
            raise InputError(f"{folder} has other classes than what was given before it")
        ranges.append(range(len(pairs), len(pairs) + len(found)))
        classes = classes or own
        pairs += [_squared(*pair, resize) for pair in found]
        kinds.append(kind)
    source = f"{len(pairs)} images of {', '.join(dict.fromkeys(kinds))}"
    return _pictures(pairs, classes or ("anything",), source, ranges)


def _pictures(
    pairs: Sequence[tuple[Any, Any]],
    classes: tuple[str, ...],
    source: str,
    folders: Sequence[range],
) -> Pictures:
    images = [torch.from_numpy(np.ascontiguousarray(i.transpose(2, 0, 1))) for i, _ in pairs]
    labels = [torch.from_numpy(np.ascontiguousarray(own)) for _, own in pairs]
    return Pictures(images, labels, classes, source, folders)


def _of_folder(
    folder: Path, split: str, judges: bool
) -> tuple[list[tuple[Any, Any]], tuple[str, ...], str]:
    pairs: list[tuple[Any, Any]] = []
    if (folder / SUMMARY).is_file():
        views = open_world(folder, judges=judges)
        for number in range(len(views)):
            view = views[number]
            seen = srgb_bytes(np.ascontiguousarray(view.middle[..., ::-1]))
            pairs.append((seen, to_13(view.classes)))
        return pairs, NYU13, "rendered views"
    name = recognised(folder) if folder.is_dir() else ""
    if name:
        read, classes = SETS[name]
        return [_shrunken(*files.load()) for files in read(folder, split)], classes, name
    for file in find_photographs(folder, 1):
        image: Any = read_image(file)
        image = (image >> 8).astype(np.uint8) if image.dtype == np.uint16 else image
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image
        pairs.append(_shrunken(image, np.full(image.shape[:2], UNLABELLED, np.uint8)))
    return pairs, (), "photographs"


def _shrunken(image: Any, labels: Any) -> tuple[Any, Any]:
    """No longer than 960 pixels: labels by the nearest."""
    scale = _LONGEST / max(image.shape[:2])
    if scale >= 1:
        return image, labels
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return _resized(image, labels, size, cv2.INTER_AREA)


def _squared(image: Any, labels: Any, side: int) -> tuple[Any, Any]:
    """`side` x `side`, whatever the shape was, as the thesis has it; as they are for 0."""
    return _resized(image, labels, (side, side), cv2.INTER_CUBIC) if side else (image, labels)


def _resized(image: Any, labels: Any, size: tuple[int, int], how: int) -> tuple[Any, Any]:
    return (
        cv2.resize(image, size, interpolation=how),
        cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST),
    )


def _drawn(rng: np.random.Generator) -> tuple[Any, Any]:
    """Regions about random points, each of one texture, whose number is the label."""
    points = rng.uniform(0, _SIDE, (_REGIONS, 2))
    rows, columns = np.indices((_SIDE, _SIDE))
    distance = np.hypot(rows[..., None] - points[:, 0], columns[..., None] - points[:, 1])
    region, labels = distance.argmin(2), np.zeros((_SIDE, _SIDE), np.uint8)
    light = np.zeros((_SIDE, _SIDE, 3), np.float32)
    for number in range(_REGIONS):
        label = int(rng.integers(len(DRAWN)))
        inside = region == number
        texture = np.asarray(MAKERS[DRAWN[label]](rng, _SIDE), np.float32)
        light[inside], labels[inside] = texture[:_SIDE, :_SIDE][inside], label
    return srgb_bytes(light), labels
