"""Sweeps of a board on disk: one folder per board distance, one image per lens position.

    sweeps/0.30m/120.png  sweeps/0.30m/125.png ...    # 0.30 m away, lens at 120, 125 ...
    sweeps/50cm/stack.json ...                        # a stack folder does as well

The folder's name is the distance (m, cm or mm; m if nothing is said). The last number of an image's
name is the lens position. A `stack.json` gives the positions as `lens_position` of each slice, or,
without it, as what the camera takes for the dioptres (1 / focus_distance_m).
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ...files.images import read_image, read_json
from ...files.photographs import is_image
from ...files.stack_folder import read_stack
from ...types import InputError
from .lens import FocusSweep

_METRES = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "": 1.0}
_DISTANCE = re.compile(r"(\d+(?:\.\d+)?)\s*(mm|cm|m)?(?![A-Za-z0-9])", re.IGNORECASE)
# A minus sign after a letter or digit is a hyphen: lens-120.png is at 120.
_NUMBER = re.compile(r"(?:(?<![A-Za-z0-9])-)?\d+(?:\.\d+)?")


def read_sweeps(folder: Path) -> list[FocusSweep]:
    """The sweeps in the folders under `folder`, nearest board first; images are read later.

    Raises InputError where there are none, or a name says no distance or position.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give one with a folder of images per distance")
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    if not folders:
        raise InputError(
            f"{folder} holds no folders: make one per board distance, named like 0.50m"
        )
    return sorted((_read_sweep(path) for path in folders), key=lambda sweep: sweep.distance_m)


def distance_of_name(name: str) -> float:
    """Metres that a folder's name says; raises InputError where it says none."""
    found = _DISTANCE.search(name)
    distance = float(found[1]) * _METRES[(found[2] or "").lower()] if found else 0.0
    if not distance > 0:
        raise InputError(f"the folder {name} must say the distance of the board, like 0.50m")
    return distance


def position_of_name(name: str) -> float:
    """The lens position that an image's name says; raises InputError where it says none."""
    found = _NUMBER.findall(Path(name).stem)
    if not found:
        raise InputError(f"the image {name} must say the lens position, like 120.png")
    return float(found[-1])


def _read_sweep(folder: Path) -> FocusSweep:
    distance = distance_of_name(folder.name)
    if (folder / "stack.json").is_file():
        return _read_stack_sweep(folder, distance)
    files = sorted(path for path in folder.iterdir() if is_image(path))
    positions = tuple(position_of_name(path.name) for path in files)
    _check(folder, positions)
    return FocusSweep(folder.name, distance, positions, lambda index: read_image(files[index]))


def _read_stack_sweep(folder: Path, distance: float) -> FocusSweep:
    stack = read_stack(folder).stack
    entries = read_json(folder / "stack.json")["slices"]
    given = [entry.get("lens_position") for entry in entries]
    if all(position is None for position in given):
        positions = tuple(1.0 / item.focus_distance_m for item in stack.slices)
    else:
        positions = tuple(_number(position) for position in given)
    _check(folder, positions)
    return FocusSweep(folder.name, distance, positions, lambda i: stack.slices[i].image)


def _number(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if good else math.nan  # type: ignore[arg-type]


def _check(folder: Path, positions: tuple[float, ...]) -> None:
    if not all(math.isfinite(position) for position in positions):
        raise InputError(f"{folder}: every slice needs a lens_position or a focus_distance_m")
    if len(positions) < 3:
        raise InputError(f"{folder} holds {len(positions)} images: a sweep needs at least three")
    if len(set(positions)) < len(positions):
        raise InputError(f"{folder} holds two images of one lens position")
