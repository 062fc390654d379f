"""A folder of photographs as a focal stack: one's own camera, no stack.json yet."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from ..types import FocalStack, FocusSlice, InputError
from .images import read_image, require_room

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
# A number with a decimal point at the end of a name: `image_3_0.6` was focused at 0.6 m.
_DISTANCE_IN_NAME = re.compile(r"(?:^|[_\-\s])(\d+\.\d+|inf)\s*m?$", re.IGNORECASE)


def find_photographs(folder: Path) -> list[Path]:
    """The images in `folder` in natural order: 2 before 10. Raises InputError on fewer than 2."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the folder that holds the photographs")
    files = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES]
    if len(files) < 2:
        raise InputError(f"{folder} holds {len(files)} images; a focal stack needs at least 2")
    return sorted(files, key=natural_key)


def read_photographs(
    files: Sequence[Path], distances_m: Sequence[float] | None = None
) -> FocalStack:
    """The photographs as a stack, turned by their EXIF orientation.

    `distances_m`: focus distance per file in metres (+inf for infinity, NaN unknown); None takes
    them from the names where every name ends in one (`image_3_0.6.png`), else leaves them unknown.
    Raises InputError where the numbers do not match, or the images differ in size.
    """
    if distances_m is None:
        found = [distance_in_name(file) for file in files]
        distances_m = [math.nan if d is None else d for d in found]
        if any(d is None for d in found):
            distances_m = [math.nan] * len(files)
    if len(distances_m) != len(files):
        raise InputError(f"there are {len(files)} images but {len(distances_m)} distances")
    require_room(files, files[0].parent)
    slices = []
    for file, distance in zip(files, distances_m, strict=True):
        if distance <= 0:
            raise InputError(f"the focus distance {distance:g} m of {file.name} must be positive")
        slices.append(FocusSlice(read_image(file), float(distance)))
    return FocalStack(tuple(slices))


def distance_in_name(file: Path) -> float | None:
    """The focus distance in metres at the end of a file's name, None if there is none."""
    match = _DISTANCE_IN_NAME.search(file.stem)
    return float(match.group(1)) if match else None


def natural_key(file: Path) -> list[tuple[int, int | str]]:
    """Sorts the names of files as people do: 2 before 10."""
    parts = re.split(r"(\d+)", file.stem.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
