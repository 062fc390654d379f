"""Readers of the sets of the thesis: CMP Facades, NYUv2 with 13 classes, Cityscapes' categories.

Each gives pairs of files by split; `labels_of` reads the labels: H x W uint8, indices into the
set's names (the order of the thesis' tables), 255 unlabelled. Thesis, sec. 5.5: Facades 400 / 100 /
106, NYUv2 795 / 654 (printed as 694, E8), Cityscapes 2975 / 500.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import read_image
from ...files.light_fields import read_matlab
from ...simulation.classes import NYU13, UNLABELLED
from ...types import ImageArray, InputError

FACADES = (
    "background", "balcony", "blind", "cornice", "deco", "door", "facade", "molding", "pillar",
    "shop", "sill", "window",
)  # fmt: skip
CITYSCAPES = ("construction", "flat", "human", "nature", "object", "sky", "vehicle")
# CMP's numbers from 1 on, and the colours (R, G, B) in which pix2pix's version shows them.
_CMP = (
    "background", "facade", "window", "door", "cornice", "sill", "balcony", "blind", "deco",
    "molding", "pillar", "shop",
)  # fmt: skip
_CMP_RGB = (
    (0, 0, 170), (0, 0, 255), (0, 85, 255), (0, 170, 255), (0, 255, 255), (85, 255, 170),
    (170, 255, 85), (255, 255, 0), (255, 170, 0), (255, 85, 0), (255, 0, 0), (170, 0, 0),
)  # fmt: skip
# Of 442 between black and white: what JPEG does to a colour is a few.
_FAR = 20.0
# Cityscapes' labelIds by category; what is not named is void.
_CITY_IDS = {
    "flat": range(7, 11), "construction": range(11, 17), "object": range(17, 21),
    "nature": range(21, 23), "sky": range(23, 24), "human": range(24, 26), "vehicle": range(26, 34),
}  # fmt: skip

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledFiles:
    """An image and where its labels are; `read` gives both, of one size."""

    image: Path
    labels: Path
    read: Callable[[Path, Path], tuple[ImageArray, Labels]]

    def load(self) -> tuple[ImageArray, Labels]:
        """H x W x 3 BGR uint8 and H x W; raises InputError where they do not fit."""
        image, labels = self.read(self.image, self.labels)
        if image.ndim != 3 or image.shape[:2] != labels.shape:
            raise InputError(
                f"{self.labels}: labels of {labels.shape} do not fit the image of {image.shape}"
            )
        return image, labels


def facades(folder: Path, split: str) -> list[LabelledFiles]:
    """Facades: pix2pix's version (`train`, `val`, `test` with photo and coloured labels side by
    side, N.jpg), or CMP's own (cmp_b0001.jpg with cmp_b0001.png beside), which has no splits:
    its first 400, next 100 and last images.
    """
    paired = sorted((folder / split).glob("*.jpg"), key=_number)
    if paired:
        return [LabelledFiles(file, file, _side_by_side) for file in paired]
    own = sorted(folder.rglob("cmp_*.jpg"))
    parts = {"train": slice(0, 400), "val": slice(400, 500), "test": slice(500, None)}
    chosen = own[parts[split]] if split in parts else []
    return _some([LabelledFiles(f, f.with_suffix(".png"), _cmp) for f in chosen], folder, split)


def nyu13(folder: Path, split: str) -> list[LabelledFiles]:
    """NYUv2 with 13 classes: nyu_rgb_0001.png and new_nyu_class13_0001.png (0 unlabelled, then
    1 .. 13), anywhere in `folder`; splits.mat says which are train and test.
    """
    images = {_number(file): file for file in folder.rglob("nyu_rgb_*.png")}
    labels = {_number(file): file for file in folder.rglob("new_nyu_class13_*.png")}
    both = sorted(images.keys() & labels.keys())
    splits = next(iter(sorted(folder.rglob("splits.mat"))), None)
    if splits is None:
        raise InputError(f"{folder} has no splits.mat: it says which images are for training")
    name = {"train": "trainNdxs", "test": "testNdxs"}.get(split, "")
    found = read_matlab(splits)
    if name not in found:
        raise InputError(f"{splits} has no split {split!r}: there are train and test")
    wanted = {int(n) for n in np.asarray(found[name]).ravel()}
    chosen = [LabelledFiles(images[n], labels[n], _from_one) for n in both if n in wanted]
    return _some(chosen, folder, split)


def cityscapes(folder: Path, split: str) -> list[LabelledFiles]:
    """Cityscapes: leftImg8bit/SPLIT/CITY/*_leftImg8bit.png with gtFine/SPLIT/CITY/
    *_gtFine_labelIds.png.
    """
    found = []
    for file in sorted((folder / "leftImg8bit" / split).glob("*/*_leftImg8bit.png")):
        name = file.name.replace("_leftImg8bit", "_gtFine_labelIds")
        labels = folder / "gtFine" / split / file.parent.name / name
        found.append(LabelledFiles(file, labels, _categories))
    return _some(found, folder, split)


SETS: dict[str, tuple[Callable[[Path, str], list[LabelledFiles]], tuple[str, ...]]] = {
    "facades": (facades, FACADES),
    "nyu13": (nyu13, NYU13),
    "cityscapes": (cityscapes, CITYSCAPES),
}
"""Readers by name, with their classes."""


def recognised(folder: Path) -> str:
    """Which of `SETS` lies in a folder; empty where none does."""
    if (folder / "leftImg8bit").is_dir():
        return "cityscapes"
    if next(folder.rglob("new_nyu_class13_*.png"), None) is not None:
        return "nyu13"
    paired = all((folder / name).is_dir() for name in ("train", "val", "test"))
    return "facades" if paired or next(folder.rglob("cmp_*.png"), None) is not None else ""


def _some(found: list[LabelledFiles], folder: Path, split: str) -> list[LabelledFiles]:
    if not found:
        raise InputError(f"{folder} holds no images of the split {split!r}")
    missing = next((one.labels for one in found if not one.labels.is_file()), None)
    if missing is not None:
        raise InputError(f"there are no labels {missing}")
    return found


def _number(file: Path) -> int:
    digits = re.findall(r"\d+", file.stem)
    return int(digits[-1]) if digits else -1


def _table(names: Sequence[str], order: Sequence[str]) -> Labels:
    """From numbers that begin with 1, in the order of `names`, to indices of `order`."""
    table = np.full(256, UNLABELLED, np.uint8)
    table[1 : len(names) + 1] = [order.index(name) for name in names]
    return table


def _grey(file: Path) -> Labels:
    # Palette images have their indices as colours once decoded; labels are indices.
    image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED) if file.is_file() else None
    if image is None or image.ndim != 2 or image.dtype != np.uint8:
        image = _palette(file)
    return np.asarray(image, np.uint8)


def _palette(file: Path) -> Labels:
    from PIL import Image

    try:
        with Image.open(file) as image:
            if image.mode not in ("P", "L"):
                raise InputError(f"{file} holds no labels: an image of indices, 8 bits")
            return np.asarray(image, np.uint8)
    except OSError as error:
        raise InputError(f"the labels {file} cannot be read: {error}") from error


def _cmp(image: Path, labels: Path) -> tuple[ImageArray, Labels]:
    return read_image(image), _table(_CMP, FACADES)[_grey(labels)]


def _from_one(image: Path, labels: Path) -> tuple[ImageArray, Labels]:
    return read_image(image), _table(NYU13, NYU13)[_grey(labels)]


def _categories(image: Path, labels: Path) -> tuple[ImageArray, Labels]:
    table = np.full(256, UNLABELLED, np.uint8)
    for name, numbers in _CITY_IDS.items():
        table[list(numbers)] = CITYSCAPES.index(name)
    return read_image(image), table[_grey(labels)]


def _side_by_side(file: Path, _: Path) -> tuple[ImageArray, Labels]:
    """The photo is on the left; labels are the nearest of the colours, which JPEG has blurred."""
    both = read_image(file)
    if both.ndim != 3 or both.shape[1] % 2:
        raise InputError(f"{file} shows no photo with its labels beside")
    half = both.shape[1] // 2
    colours = np.array(_CMP_RGB, np.float32)[:, ::-1]
    shown = both[:, half:].reshape(-1, 1, 3).astype(np.float32)
    away = np.square(shown - colours).sum(2)
    if np.sqrt(np.median(away.min(1))) > _FAR:
        raise InputError(
            f"{file} shows no labels beside its photo: folders train, val and test are taken for "
            "Facades; name the one that holds the photographs"
        )
    labels = _table(_CMP, FACADES)[away.argmin(1) + 1].reshape(both.shape[0], half)
    return np.asarray(both[:, :half], np.uint8), labels
