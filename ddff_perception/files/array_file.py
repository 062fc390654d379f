"""One file of arrays: a header that says what follows, then arrays that can be memory-mapped.

    8 bytes   the kind's magic, of which the last is the version
    4 bytes   length of the header, little-endian
    4 bytes   CRC-32 of the header
    header    JSON: facts, and per array its type, shape, place and CRC-32
    arrays    each at a multiple of 4096 bytes, little-endian

Nothing in it is code, and sizes are checked before anything is mapped.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..types import InputError
from .atomic import atomic_write

_PREFIX = struct.Struct("<8sII")
_ALIGNMENT = 4096
_HEADER_LIMIT = 1 << 20
_BLOCK = 1 << 24
_TYPES = ("uint8", "uint32", "int64", "float32", "float64")


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of such files: its `magic` of eight bytes, what it is called ("index"), the command
    that writes it, its arrays with their number of axes (None: any), and those of them that are
    small enough to be compared with their checksums when a file is opened.
    """

    magic: bytes
    name: str
    command: str
    arrays: Mapping[str, int | None]
    small: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """An array in a file: `dtype` name, `shape`, `start` byte, `crc` of its bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    crc: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def stop(self) -> int:
        return self.start + self.size


def placed(kinds: Mapping[str, tuple[str, tuple[int, ...]]]) -> dict[str, Placed]:
    """Where arrays of these types and shapes lie behind a header."""
    found: dict[str, Placed] = {}
    start = _ALIGNMENT
    for name, (dtype, shape) in kinds.items():
        found[name] = Placed(dtype, shape, start)
        start = -(-found[name].stop // _ALIGNMENT) * _ALIGNMENT
    return found


def write(
    kind: FileKind, path: Path, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Writes arrays and what is to be known of them; raises InputError as `atomic_write` does."""
    places = placed({name: (a.dtype.name, a.shape) for name, a in arrays.items()})
    with atomic_write(path) as file:
        for name, array in arrays.items():
            file.seek(places[name].start)
            for part in _bytes_of(array):
                file.write(part)
        crcs = {name: crc_of(array) for name, array in arrays.items()}
        finish(kind, file, facts, places, crcs)


def finish(
    kind: FileKind,
    file: BinaryIO,
    facts: Mapping[str, Any],
    places: Mapping[str, Placed],
    crcs: Mapping[str, int],
) -> None:
    """Writes the header of a file whose arrays are in place, and its full length."""
    described = {
        name: {"dtype": p.dtype, "shape": list(p.shape), "start": p.start, "crc": crcs[name]}
        for name, p in places.items()
    }
    header = json.dumps({**facts, "arrays": described}).encode()
    if _PREFIX.size + len(header) > _ALIGNMENT:
        raise InputError(f"the header of the {kind.name} is too long")
    file.truncate(max(p.stop for p in places.values()))
    file.seek(0)
    file.write(_PREFIX.pack(kind.magic, len(header), zlib.crc32(header)) + header)


def crc_of(array: NDArray[Any]) -> int:
    """CRC-32 of an array's bytes."""
    crc = 0
    for part in _bytes_of(array):
        crc = zlib.crc32(part, crc)
    return crc


def _bytes_of(array: NDArray[Any]) -> Iterable[memoryview]:
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    for start in range(0, len(flat), _BLOCK):
        yield flat[start : start + _BLOCK].data


def read(
    kind: FileKind, path: Path, in_memory: bool
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Facts and arrays of a file, mapped (private: changes do not reach it) or in memory.

    Raises InputError on a file that is none, or not whole.
    """
    facts, places = _read_header(kind, path)
    arrays = {name: _mapped(path, place, in_memory) for name, place in places.items()}
    for name in places if in_memory else kind.small:
        _require_whole(kind, path, name, arrays[name], places[name].crc)
    return facts, arrays


def is_of(kind: FileKind, path: Path) -> bool:
    """Whether a file begins as one of this kind does, of whatever version."""
    try:
        with path.open("rb") as file:
            return file.read(len(kind.magic))[:-1] == kind.magic[:-1]
    except OSError:
        return False


def verify(kind: FileKind, path: Path) -> None:
    """Compares every array with its checksum; raises InputError where one differs."""
    _, places = _read_header(kind, path)
    for name, place in places.items():
        _require_whole(kind, path, name, _mapped(path, place, False), place.crc)


def _require_whole(kind: FileKind, path: Path, name: str, array: NDArray[Any], crc: int) -> None:
    if crc_of(array) != crc:
        raise InputError(f"{path} is damaged ({name}): copy it again, or build it anew")


def _read_header(kind: FileKind, path: Path) -> tuple[dict[str, Any], dict[str, Placed]]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            prefix = file.read(_PREFIX.size)
            if len(prefix) < _PREFIX.size or prefix[:7] != kind.magic[:7]:
                raise InputError(f"{path} is no {kind.name} of {kind.command}")
            magic, length, crc = _PREFIX.unpack(prefix)
            header = file.read(min(length, _HEADER_LIMIT))
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"cannot read the {kind.name} {path}: {reason}") from error
    if magic != kind.magic:
        raise InputError(
            f"{path} is a file of version {magic[7]}, this program reads version {kind.magic[7]}"
        )
    if len(header) != length or zlib.crc32(header) != crc:
        raise InputError(f"{path} is truncated or damaged: copy it again, or build it anew")
    try:
        facts = json.loads(header)
        described = {
            name: Placed(item["dtype"], tuple(item["shape"]), item["start"], item["crc"])
            for name, item in facts["arrays"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} has a header that cannot be read") from error
    _require_sound(kind, path, described, size)
    return facts, described


def _require_sound(kind: FileKind, path: Path, places: Mapping[str, Placed], size: int) -> None:
    """Raises InputError where a place cannot be, or the file is not as long as they say."""
    whole = set(kind.arrays) == set(places) and all(
        place.dtype in _TYPES
        and all(isinstance(n, int) and n >= 0 for n in (*place.shape, place.start))
        and place.start % _ALIGNMENT == 0
        and kind.arrays[name] in (None, len(place.shape))
        for name, place in places.items()
    )
    if not whole:
        raise InputError(f"{path} has a header that cannot be read")
    if size != max(place.stop for place in places.values()):
        raise InputError(f"{path} is truncated: copy it again, or build it anew")


def _mapped(path: Path, place: Placed, in_memory: bool) -> NDArray[Any]:
    if not place.size:
        return np.empty(place.shape, place.dtype)
    found = np.memmap(path, place.dtype, "c", place.start, place.shape)
    return np.array(found) if in_memory else np.asarray(found)
