"""A folder of photographs as a focal stack: one's own camera, no stack.json yet."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from ..types import CameraModel, FocalStack, FocusSlice, ImageArray, InputError
from .camera_formats import HEIF_SUFFIXES, RAW_SUFFIXES, require_package
from .focus_distances import (
    FocusDistances,
    distances_from_exif,
    distances_from_names,
    why_unknown,
)
from .image_header import ORIENTATION, ImageHeader, image_header
from .images import read_image, read_page, require_room
from .slices import ImageSource, filled_range, slices_of

SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm", ".pnm", ".avif",
    ".gif", ".jp2",
)  # fmt: skip
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
_TAKEN, _TAKEN_SUBSECONDS = 36867, 37521
_FOCAL_MM, _F_NUMBER, _FOCAL_35MM = 37386, 33437, 41989
_PIXELS_PER_UNIT, _UNIT = 41486, 41488
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0}
_FILM_WIDTH_MM = 36.0
# Neighbours in a sweep differ about alike; a step so many times larger is no step of the lens.
_STRANGE = 4.0
_COMPARED_PX = 96
# Photographs of one distance whose sharpness differs by less are alike: the first stays.
_ALIKE = 1.1


@dataclass(frozen=True, slots=True)
class Photograph:
    """A file, or one `page` of a file with several (from 0 on), and what its header says."""

    file: Path
    header: ImageHeader
    page: int | None = None

    @property
    def name(self) -> str:
        """As messages name it."""
        return self.file.name if self.page is None else f"{self.file.name} page {self.page + 1}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as read: turned by EXIF."""
        turned = self.header.exif.get(ORIENTATION, 1) in (5, 6, 7, 8)
        width, height = self.header.width, self.header.height
        return (height, width) if turned else (width, height)

    @property
    def taken_s(self) -> float | None:
        """When it was taken, in seconds of the camera's own clock; None where that is unknown."""
        try:
            day = datetime.strptime(str(self.header.exif[_TAKEN]), "%Y:%m:%d %H:%M:%S")
        except (KeyError, ValueError):
            return None
        fraction = str(self.header.exif.get(_TAKEN_SUBSECONDS, "")).strip()
        return day.timestamp() + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)

    def read(self) -> ImageArray:
        """Its pixels; raises InputError as `read_image` does."""
        return read_image(self.file) if self.page is None else read_page(self.file, self.page)


@dataclass(frozen=True, slots=True)
class PhotographedStack:
    """The stack, where its distances are from, and what the user should know, in sentences."""

    stack: FocalStack
    distances: FocusDistances
    notes: tuple[str, ...]


def is_image(file: Path, suffixes: Sequence[str] = SUFFIXES) -> bool:
    """Whether the name is an image's; hidden files are none, nor `._` files of a Mac's card."""
    return file.suffix.lower() in suffixes and not file.name.startswith(".")


def images_in(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The images right in `folder`, by their names, in natural order.

    Raises InputError where there are none, which says what to give.
    """
    files = [file for file in folder.iterdir() if is_image(file, suffixes)]
    if not files:
        needing = [file for file in folder.iterdir() if is_image(file, HEIF_SUFFIXES)]
        if needing:
            require_package(needing[0])
        raise InputError(what_else(folder) or f"{folder} holds no images")
    return sorted(files, key=natural_key)


def find_photographs(folder: Path, least: int = 2) -> list[Path]:
    """The images in `folder`, or where it has none, in the folders right below it, in natural
    order: 2 before 10.

    Raises InputError on fewer than `least`, which names formats that need a package.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the folder that holds the photographs")
    for pattern in ("*", "*/*"):
        below = list(folder.glob(pattern))
        files = [file for file in below if is_image(file)]
        others = [file for file in below if is_image(file, (*HEIF_SUFFIXES, *RAW_SUFFIXES))]
        if len(files) < least and others:
            require_package(others[0])
            files = others
        if files:
            break
    if len(files) < least:
        raise InputError(
            (not files and what_else(folder))
            or f"{folder} holds {len(files)} images; a focal stack needs at least 2"
        )
    return sorted(files, key=_path_key)


def what_else(place: Path) -> str:
    """What `place`, a file or a folder without photographs, holds instead, and what to do; empty
    where it holds nothing.
    """
    seen = [place] if place.is_file() else sorted(f for f in place.glob("*") if f.is_file())
    files = [file for file in seen if not file.name.startswith(".")]
    if not files:
        return ""
    video = next((file for file in files if file.suffix.lower() in VIDEO_SUFFIXES), None)
    if video is not None:
        return (
            f"{video} is a video: take its frames first (`ffmpeg -i VIDEO FOLDER/%03d.png`) and "
            "give their folder; commands that take videos want the file itself"
        )
    return f"{files[0]} is no photograph that can be read: give JPEG, PNG or TIFF files"


def has_images(place: Path) -> bool:
    """Whether `place` is an image, or a folder with some in it or right below it."""
    kinds = (*SUFFIXES, *HEIF_SUFFIXES, *RAW_SUFFIXES)
    if place.is_file():
        return is_image(place, kinds)
    return any(is_image(file, kinds) for pattern in ("*", "*/*") for file in place.glob(pattern))


def open_photographs(place: Path) -> list[Photograph]:
    """The photographs in a folder, or the pages of one file, in natural order.

    Raises InputError on fewer than two.
    """
    if place.suffix.lower() in VIDEO_SUFFIXES and place.is_file():
        raise InputError(what_else(place))
    files = [place] if place.is_file() else find_photographs(place, 1)
    found: list[Photograph] = []
    for file in files:
        header = image_header(file, f"the image {file}")
        pages = [None] if header.pages == 1 else range(header.pages)
        found += [Photograph(file, header, page) for page in pages]
    if len(found) < 2:
        raise InputError(f"{place} holds {len(found)} images; a focal stack needs at least 2")
    return found


def read_photographs(
    photographs: Sequence[Photograph],
    distances: FocusDistances | None = None,
    unit: str | None = None,
    progress: Callable[[], None] | None = None,
) -> PhotographedStack:
    """The photographs as a stack, turned by their EXIF orientation, held in memory where they are
    small enough (see `files.slices`).

    `distances`: of the photographs; None takes them from the names where every name ends in one,
    else from EXIF, else leaves them unknown; then capture times, where they are known, decide the
    order. Of several at one distance the sharpest stays. `progress` is called once per photograph.
    Raises InputError where the numbers do not match, or the images differ in size.
    """
    notes: list[str] = []
    items = list(photographs)
    found = distances or distances_from_names([item.file for item in items], unit)
    found = found or distances_from_exif([item.header.exif for item in items])
    if found is None or distances is not None:
        order = _by_capture_time(items)
        if order != items:
            notes.append(
                f"the capture times say another order than the names: {order[0].name} .. "
                f"{order[-1].name}"
            )
            items = order
    found = found or FocusDistances(
        (math.nan,) * len(items), why_unknown([item.file for item in items], unit)
    )
    if len(found.metres) != len(items):
        raise InputError(f"there are {len(items)} images but {len(found.metres)} distances")
    for item, distance in zip(items, found.metres, strict=True):
        if distance <= 0:
            raise InputError(f"the focus distance {distance:g} m of {item.name} must be positive")
    _require_one_size(items)
    require_room([item.file for item in items], items[0].file.parent)
    sources = [ImageSource(item.header, item.read) for item in items]
    taken = slices_of(sources, [(metres, 0) for metres in found.metres], progress)
    _require_one_kind(items, taken)
    slices, bits = filled_range(taken)
    if bits:
        notes.append(f"the images hold {bits} of 16 bits: scaled to fill them")
    chosen = _sharpest_of_each(items, slices, found.metres, notes)
    _tell_strangers(items, slices, found, notes)
    return PhotographedStack(FocalStack(chosen, _camera(items)), found, tuple(notes))


def natural_key(file: Path) -> list[tuple[int, int | str]]:
    """Sorts the names of files as people do: 2 before 10."""
    parts = re.split(r"(\d+)", file.stem.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]


def _path_key(file: Path) -> tuple[list[tuple[int, int | str]], list[tuple[int, int | str]]]:
    return natural_key(file.parent), natural_key(file)


def _by_capture_time(items: list[Photograph]) -> list[Photograph]:
    """In the order in which they were taken, where every one says when; ties as they were."""
    times = [item.taken_s for item in items]
    known = [time for time in times if time is not None]
    if len(known) < len(items):
        return items
    numbers = sorted(range(len(items)), key=known.__getitem__)
    return [items[number] for number in numbers]


def _require_one_size(items: Sequence[Photograph]) -> None:
    usual, _ = Counter(item.size for item in items).most_common(1)[0]
    for item in items:
        if item.size != usual:
            raise InputError(
                f"{item.name} is {item.size[0]}x{item.size[1]}{item.header.turned}, the others are "
                f"{usual[0]}x{usual[1]}: all slices must have one size, so crop, turn or remove it"
            )


def _require_one_kind(items: Sequence[Photograph], slices: Sequence[FocusSlice]) -> None:
    kinds = [(item.shape, item.dtype.name) for item in slices]
    usual, _ = Counter(kinds).most_common(1)[0]
    for item, kind in zip(items, kinds, strict=True):
        if kind != usual:
            raise InputError(
                f"{item.name} is {kind[0]} {kind[1]}, the others are {usual[0]} {usual[1]}: all "
                "slices must have one size and type"
            )


def _sharpest_of_each(
    items: Sequence[Photograph],
    slices: Sequence[FocusSlice],
    metres: Sequence[float],
    notes: list[str],
) -> tuple[FocusSlice, ...]:
    """One slice per distance; where several have it, the first of the sharpest."""
    groups: dict[float, list[int]] = {}
    for number, distance in enumerate(metres):
        groups.setdefault(distance, []).append(number)
    if len(groups) < 2 or any(math.isnan(distance) for distance in metres):
        groups = dict(enumerate([number] for number in range(len(items))))
    chosen = []
    for numbers in groups.values():
        sharpness = [_sharpness(slices[number].image) for number in numbers if len(numbers) > 1]
        alike = [
            n for n, s in zip(numbers, sharpness, strict=False) if s * _ALIKE >= max(sharpness)
        ]
        chosen.append((alike or numbers)[0])
    if len(chosen) < len(items):
        left = [item.name for number, item in enumerate(items) if number not in chosen]
        notes.append(
            f"{len(items)} photographs at {len(chosen)} distances: the sharpest of each stays, "
            f"without {', '.join(left)}"
        )
    return tuple(slices[number] for number in sorted(chosen))


def _sharpness(image: ImageArray) -> float:
    """The variance of the Laplacian of the grey image."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_64F).var())


def _tell_strangers(
    items: Sequence[Photograph],
    slices: Sequence[FocusSlice],
    found: FocusDistances,
    notes: list[str],
) -> None:
    """A note on neighbours in the sweep that do not resemble each other."""
    order = list(range(len(items)))
    if not any(math.isnan(value) for value in found.metres):
        order.sort(key=lambda number: found.metres[number])
    small = [_small(slices[number].image) for number in order]
    steps = [float(np.abs(a - b).mean()) for a, b in pairwise(small)]
    usual = float(np.median(steps))
    for place, step in enumerate(steps):
        if len(steps) > 2 and step > _STRANGE * max(usual, 1e-3):
            first, second = items[order[place]].name, items[order[place + 1]].name
            notes.append(f"{first} and {second} do not resemble each other: are they neighbours?")


def _small(image: ImageArray) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Grey, shrunken, of mean 0 and deviation 1: exposure does not count."""
    scale = min(1.0, _COMPARED_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = small.astype(np.float32)
    grey = grey if grey.ndim == 2 else grey.mean(axis=2)
    return np.asarray((grey - grey.mean()) / max(float(grey.std()), 1e-3), np.float32)


def _camera(items: Sequence[Photograph]) -> CameraModel | None:
    """The camera by EXIF: focal length with the sensor's pixels or its 35 mm equivalent, and
    f-number; None where they are unknown.
    """
    exif, (width, height) = items[0].header.exif, items[0].size
    try:
        focal_mm = float(exif[_FOCAL_MM])
        if _FOCAL_35MM in exif and float(exif[_FOCAL_35MM]) > 0:
            fx = max(width, height) * float(exif[_FOCAL_35MM]) / _FILM_WIDTH_MM
        else:
            per_mm = float(exif[_PIXELS_PER_UNIT]) / _MM_PER_UNIT[int(exif.get(_UNIT, 2))]
            fx = focal_mm * per_mm
        f_number = float(exif.get(_F_NUMBER, 0.0))
        aperture_m = focal_mm * 1e-3 / f_number if f_number > 0 and focal_mm > 0 else None
        return CameraModel.centred(width, height, fx, aperture_m)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
