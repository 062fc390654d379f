"""Furniture libraries (.sh3f): what is in them, its class, and its size."""

from __future__ import annotations

import functools
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ...types import InputError
from ..classes import NYU40
from .catalogue import DATA, USES
from .wavefront import read_member

PLACES = ("floor", "top", "wall", "ceiling", "outdoors", "none")
_PROPERTIES = "PluginFurnitureCatalog.properties"
_MAX_PROPERTIES_BYTES = 2_000_000
_CENTIMETRES = 0.01


@dataclass(frozen=True, slots=True)
class FurnitureClass:
    """What we say of one model: `group` is what a room asks for, `label` of NYU40, `place` of
    PLACES, `use` of USES.
    """

    library: str
    model: str
    name: str
    group: str
    label: str
    place: str
    use: str
    creator: str

    @property
    def key(self) -> str:
        """What an index calls the model: `library/path`."""
        return f"{self.library}/{self.model}"


@dataclass(frozen=True, slots=True)
class FurnitureSize:
    """What the library says of a model: `size` width, depth, height in metres; `elevation` metres
    above the floor; `rotation` (3, 3), applied before the size.
    """

    size: tuple[float, float, float]
    elevation: float
    rotation: NDArray[np.float64]


@functools.cache
def furniture_classes(path: Path = DATA / "furniture.json") -> tuple[FurnitureClass, ...]:
    """Every model of every library, reviewed. Raises InputError where a row is not well formed."""
    rows = tuple(FurnitureClass(**row) for row in json.loads(path.read_text(encoding="utf-8")))
    for row in rows:
        if row.label not in NYU40 or row.place not in PLACES or row.use not in USES:
            raise InputError(f"{path}: {row.key} has no proper label, place or use")
    return rows


def read_sizes(library: Path) -> dict[str, FurnitureSize]:
    """The library's catalogue by model path. Raises InputError where it has none."""
    with open_library(library) as packed:
        content = read_member(packed, _PROPERTIES, _MAX_PROPERTIES_BYTES)
    entries: dict[str, dict[str, str]] = {}
    for line in content.decode("latin-1").splitlines():
        match = re.match(r"\s*(\w+)#(\d+)\s*=\s*(.*)", line)
        if match:
            entries.setdefault(match[2], {})[match[1]] = _unescaped(match[3].strip())
    return {
        entry["model"].lstrip("/"): _size(entry)
        for entry in entries.values()
        if {"model", "width", "depth", "height"} <= entry.keys()
    }


def open_library(library: Path) -> zipfile.ZipFile:
    """The library as a zip file; raises InputError where it is none."""
    try:
        return zipfile.ZipFile(library)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{library} is no furniture library ({error}): `ddff assets fetch` mends it"
        ) from error


def library_name(path: str) -> str:
    """`Scopia` of `usr/share/.../Scopia.sh3f`."""
    return PurePosixPath(path).stem


def _size(entry: dict[str, str]) -> FurnitureSize:
    width, depth, height = (float(entry[k]) * _CENTIMETRES for k in ("width", "depth", "height"))
    numbers = [float(word) for word in entry.get("modelRotation", "").split()]
    rotation = np.reshape(numbers, (3, 3)) if len(numbers) == 9 else np.eye(3)
    elevation = float(entry.get("elevation", 0.0)) * _CENTIMETRES
    return FurnitureSize((width, depth, height), elevation, rotation)


def _unescaped(text: str) -> str:
    """Without Java's escapes: code points in hexadecimal, a backslash before a character."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"\\(.)", r"\1", text)
