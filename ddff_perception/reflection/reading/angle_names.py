"""Polarizer angles that file names say: I135.png, img_045.png, window_90deg.jpg."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...types import InputError
from ..capture.images import same_angle

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?!\d)")
# A count goes up by small steps; angles that tell anything apart lie further from each other.
_LEAST_STEP_DEG = 5.0


def angles_in_names(files: Sequence[Path]) -> list[float] | None:
    """The polarizer angle in each file's name, degrees; None where names say none.

    It is the one number that differs from name to name, lies in 0 .. 360 and tells all apart
    modulo 180 degrees. Raises InputError where two numbers of a name could be it.
    """
    numbers = [[float(text) for text in _NUMBER.findall(file.stem)] for file in files]
    if len(files) < 2 or len({len(row) for row in numbers}) != 1:
        return None
    columns = [column for column in zip(*numbers, strict=True) if _are_angles(column)]
    if len(set(columns)) > 1:
        say = " or ".join(", ".join(f"{angle:g}" for angle in column) for column in columns)
        raise InputError(f"the names may say the angles {say}: choose by --angles")
    return list(columns[0]) if columns else None


def agreed_angles(
    files: Sequence[Path], given: Sequence[float] | None
) -> tuple[list[float] | None, str]:
    """The polarizer angles of `files`, and where they come from; None where nothing says them.

    `given` (by the user, in the files' order) wins over names that hold no such angles, and
    raises InputError where names hold the same angles in another order.
    """
    named = angles_in_names(files) if given is None else _quietly(files)
    if given is None:
        return named, "from the names"
    if named is not None and sorted(named) == sorted(given) and list(given) != named:
        wrong = next(n for n, (a, b) in enumerate(zip(named, given, strict=True)) if a != b)
        raise InputError(
            f"--angles says {given[wrong]:g} of {files[wrong].name}, whose name says "
            f"{named[wrong]:g}: give angles and files in one order, or leave --angles away"
        )
    return list(given), "from --angles"


def _quietly(files: Sequence[Path]) -> list[float] | None:
    try:
        return angles_in_names(files)
    except InputError:
        return None


def _are_angles(column: Sequence[float]) -> bool:
    if not all(0 <= angle <= 360 for angle in column):
        return False
    pairs = [(a, b) for n, a in enumerate(column) for b in column[:n]]
    return all(abs(a - b) >= _LEAST_STEP_DEG and not same_angle(a, b) for a, b in pairs)
