"""Polarizer angles that file names say: I135.png, img_045.png, window_90deg.jpg."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...types import InputError
from ..capture.images import same_angle

_NUMBER = re.compile(r"(-?)(\d+(?:\.\d+)?)(?!\d)")
# A count goes up by small steps; angles that tell anything apart lie further from each other.
_LEAST_STEP_DEG = 5.0


def angles_in_names(files: Sequence[Path]) -> list[float] | None:
    """The polarizer angle in each file's name, degrees; None where names say none.

    It is the one number that differs from name to name, lies in -360 .. 360 and tells all apart
    modulo 180 degrees. A dash before it in every name parts it from what comes before, in some it
    is a sign. Raises InputError where two numbers of a name could be it, or where it would be one
    that names an angle twice.
    """
    found = [_NUMBER.findall(file.stem) for file in files]
    if len(files) < 2 or len({len(row) for row in found}) != 1:
        return None
    columns = {_numbers(column) for column in zip(*found, strict=True)}
    could = sorted(filter(_are_far_apart, columns))
    angles = [column for column in could if not _repeated(column)]
    if len(angles) > 1:
        say = " or ".join(", ".join(f"{angle:g}" for angle in column) for column in angles)
        raise InputError(f"the names may say the angles {say}: choose by --angles")
    if could and not angles:
        one, other = _repeated(could[0])
        raise InputError(
            f"the names may say the angles {one:g} and {other:g}, which are one of a polarizer "
            "(modulo 180 degrees): leave an image away, or say what they are by --angles"
        )
    return list(angles[0]) if angles else None


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


def _numbers(column: Sequence[tuple[str, str]]) -> tuple[float, ...]:
    """The numbers at one place of all names, (dash, digits) each."""
    parted = all(dash for dash, _ in column)
    return tuple(float(digits if parted else dash + digits) for dash, digits in column)


def _are_far_apart(column: Sequence[float]) -> bool:
    pairs = [(a, b) for n, a in enumerate(column) for b in column[:n]]
    return all(abs(a) <= 360 for a in column) and all(
        abs(a - b) >= _LEAST_STEP_DEG for a, b in pairs
    )


def _repeated(column: Sequence[float]) -> tuple[float, ...]:
    """Two of the angles that are one of a polarizer, or nothing."""
    pairs = ((b, a) for n, a in enumerate(column) for b in column[:n])
    return next((pair for pair in pairs if same_angle(*pair)), ())
