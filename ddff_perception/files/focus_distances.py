"""Where photographs were focused, as their names, their EXIF or a table say."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..types import InputError
from .limits import FILE_MIB

UNITS = {"um": 1e-6, "µm": 1e-6, "μm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}
_UNIT = "um|µm|μm|mm|cm|m"
# The number at the end of a name: `image_3_0.6`, `far_2m`, `z_2.5um`, `z_-2.5um`, `near inf m`.
_AT_THE_END = re.compile(
    r"(?:^|[_\-\s])(?:(?P<letter>[zf])[_\-\s=/]?)?(?P<sign>(?<=z[_\s=])-)?"
    rf"(?P<number>[0-9]+(?:[.,][0-9]+)?|inf(?:inity)?)\s*(?P<unit>{_UNIT})?$",
    re.IGNORECASE,
)
_OF_THE_HEADING = re.compile(rf"[\s_(\[/](?P<unit>{_UNIT})\W*$", re.IGNORECASE)
_SUBJECT_DISTANCE, _INFINITE = 37382, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class FocusDistances:
    """Metres per photograph (+inf at infinity, NaN unknown), and `source` in words."""

    metres: tuple[float, ...]
    source: str

    def __str__(self) -> str:
        known = [value for value in self.metres if not math.isnan(value)]
        if not known:
            return f"focus distances unknown{self.source}"
        return f"{min(known):.4g} .. {max(known):.4g} m, from {self.source}"


class _Named(NamedTuple):
    number: float
    is_decimal: bool
    unit: str
    letter: str


def distances_from_names(files: Sequence[Path], unit: str | None = None) -> FocusDistances | None:
    """What the names end in, None unless every name ends in a distance.

    A number with a unit is one, and one without where most of the others have a decimal point (a
    whole metre among decimals), or where `unit` says what the numbers are. `f2.8` is an f-number
    and never a distance; `z_2.5` is the position of a stage, which is one only with a unit, and
    none of them is where one is zero or negative.
    """
    found = [_named(file) for file in files]
    if any(name is None or name.letter == "f" for name in found):
        return None
    names = [name for name in found if name is not None]
    if any(name.number <= 0 for name in names):
        return None
    plain = [name for name in names if not name.unit and math.isfinite(name.number)]
    if plain and unit is None:
        decimals = sum(name.is_decimal for name in plain)
        if 2 * decimals < len(plain) or any(name.letter == "z" for name in plain):
            return None
    metres = tuple(name.number * UNITS[name.unit or unit or "m"] for name in names)
    return FocusDistances(metres, "the names")


def why_unknown(files: Sequence[Path], unit: str | None) -> str:
    """In brackets, why these names, of which some look like it, say no distances; or nothing."""
    found = [_named(file) for file in files]
    names = [name for name in found if name is not None]
    if len(names) == len(files) and all(name.letter == "z" for name in names):
        if any(name.number <= 0 for name in names) and all(name.unit or unit for name in names):
            return " (positions such as z_-2.5um are none: they are not measured from the lens)"
        return " (positions such as z_2.5 are none: --unit um if they are measured from the lens)"
    told = sum(bool(name.unit) for name in names)
    if 2 * told >= len(files) and told < len(files):
        without = next(f for f, name in zip(files, found, strict=True) if not (name and name.unit))
        return f" ({told} of {len(files)} names end in a distance, but not {without.name})"
    return ""


def distances_from_exif(exif: Sequence[Mapping[int, Any]]) -> FocusDistances | None:
    """The cameras' own subject distances, None unless every photograph has one and they differ."""
    metres = []
    for tags in exif:
        try:
            value = tags[_SUBJECT_DISTANCE]
            distance = float(value)
            numerator = getattr(value, "numerator", 0)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None
        metres.append(math.inf if numerator == _INFINITE else distance)
    if len(set(metres)) < 2 or not all(distance > 0 for distance in metres):
        return None
    return FocusDistances(tuple(metres), "EXIF")


def distances_from_table(table: Path, files: Sequence[Path], unit: str | None) -> FocusDistances:
    """The distances in a CSV file: rows of a file's name (its suffix may be left out) and a number
    with a unit, `unit` or metres otherwise. Columns are parted by commas, by tabs, or by semicolons
    (numbers may have a comma then). A first row without a number is a heading, and may say the
    unit: `distance_cm`, `z [mm]`.

    Raises InputError on an unreadable table, a row that is none, and files that it does not name.
    """
    try:
        FILE_MIB.check(table.stat().st_size / 2**20, str(table))
        lines = table.read_text(encoding="utf-8-sig").splitlines()
        parted = next((mark for mark in ";\t" if lines and mark in lines[0]), ",")
        rows = list(csv.reader(lines, delimiter=parted))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the table {table}: {error}") from error
    known: dict[str, float] = {}
    for number, row in enumerate(row for row in rows if any(cell.strip() for cell in row)):
        value = _metres(row[1], unit) if len(row) > 1 else None
        if value is not None:
            known[row[0].strip()] = value
        elif number:
            raise InputError(f"{table}: {parted.join(row)!r} is no file's name and a distance")
        elif len(row) > 1 and unit is None and (said := _OF_THE_HEADING.search(row[1])):
            unit = said["unit"].lower()
    missing = [file.name for file in files if not {file.name, file.stem} & set(known)]
    if missing:
        raise InputError(f"{table} has no distance for {missing[0]}: add a row for each photograph")
    values = (known.get(file.name, known.get(file.stem, math.nan)) for file in files)
    return FocusDistances(tuple(values), str(table))


def _named(file: Path) -> _Named | None:
    match = _AT_THE_END.search(file.stem)
    if match is None:
        return None
    text, unit, letter = match["number"], match["unit"] or "", match["letter"] or ""
    number = float(f"{match['sign'] or ''}{text.replace(',', '.')}")
    return _Named(number, not text.isdecimal(), unit.lower(), letter.lower())


def _metres(text: str, unit: str | None) -> float | None:
    match = re.fullmatch(rf"\s*([0-9.,eE+-]+|inf)\s*({_UNIT})?\s*", text, re.IGNORECASE)
    try:
        if match is None:
            return None
        return float(match[1].replace(",", ".")) * UNITS[(match[2] or unit or "m").lower()]
    except ValueError:
        return None
