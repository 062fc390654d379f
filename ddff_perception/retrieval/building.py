"""An index of more vectors than memory holds: built in waves, straight into its file (digest 1.3).

A first pass learns each vector's bin and code, wave by wave; then every bin's place is known, and a
second pass puts ids, codes and vectors there. What is held in memory is one wave, four bytes per
vector for its bin, and where the bins begin.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..files import array_file
from ..files.atomic import atomic_write, reserve
from ..files.vectors import VectorSource
from ..types import InputError
from .checks import checked_vectors, in_type
from .index import TreeIndex
from .index_file import INDEX
from .quantizers.kmeans import chunks, spread
from .search.exact import Vectors
from .settings import IndexSettings
from .store import id_type

WAVE = 1_000_000
Progress = Callable[[int], None]
# A slot and its codes, in the order of the source.
_Encoded = tuple[NDArray[np.int32], NDArray[np.uint8]]


def build_file(
    path: Path,
    source: VectorSource,
    settings: IndexSettings | None = None,
    wave: int = WAVE,
    progress: Progress | None = None,
) -> TreeIndex:
    """Writes the index of all vectors of `source`, (n, d), ids 0 .. n - 1, and opens it.

    It is the index that `TreeIndex.add` fills in memory, but for the rounding of matrix products of
    another size. `wave`: vectors at a time; `progress` is told of the vectors done in each of two
    passes. Raises InputError as `TreeIndex.fit` and `add` do, and where the file cannot be written.
    """
    told = progress or (lambda done: None)
    index = TreeIndex(settings)
    if len(source.shape) != 2 or not len(source):
        raise InputError(f"vectors must be an array n x dimensions, not of shape {source.shape}")
    index.fit(spread(source, index.settings.learn_from))
    with atomic_write(path) as file, tempfile.TemporaryFile(dir=path.parent) as scratch:
        places, arrays = _make_room(index, len(source), file)
        encoded = _encode(index, source, wave, scratch, told)
        counts = np.bincount(encoded[0], minlength=len(index.store.offsets) - 1)
        arrays["offsets"][1:] = np.cumsum(counts)
        _put_in_place(index, source, wave, encoded, arrays, told)
        crcs = {name: array_file.crc_of(array) for name, array in arrays.items()}
        array_file.finish(INDEX, file, index.facts(), places, crcs)
    return TreeIndex.load(path)


def _wave_of(index: TreeIndex, source: VectorSource, part: slice) -> Vectors:
    try:
        found = checked_vectors(source[part], index.dimensions)
    except InputError as error:
        raise InputError(f"in vectors {part.start} to {part.stop - 1}: {error}") from error
    kept = in_type(found, index.store.vectors.dtype)
    assert kept is not None  # a source has one type
    return kept


def _encode(
    index: TreeIndex, source: VectorSource, wave: int, scratch: BinaryIO, told: Progress
) -> _Encoded:
    count = len(source)
    slots = np.empty(count, np.int32)
    place = array_file.Placed("uint8", (count, index.code_bytes), 0)
    reserve(scratch, place.size)
    codes = _mapped(scratch, place)
    for part in chunks(count, wave):
        slots[part], codes[part] = index.encode(_wave_of(index, source, part))
        told(part.stop)
    return slots, codes


def _make_room(
    index: TreeIndex, count: int, file: BinaryIO
) -> tuple[dict[str, array_file.Placed], dict[str, NDArray[Any]]]:
    """The file's arrays for `count` vectors, mapped; those that are learned are written."""
    known = index.arrays()
    kinds = {name: (array.dtype.name, array.shape) for name, array in known.items()}
    kinds["ids"] = (np.dtype(id_type(count - 1)).name, (count,))
    blocks = known["codes"].shape[1:]
    kinds["codes"] = ("uint8", (-(-count // 32) if index.store.blocked else count, *blocks))
    if index.settings.keep_vectors:
        kinds["vectors"] = (kinds["vectors"][0], (count, index.dimensions))
    places = array_file.placed(kinds)
    reserve(file, max(place.stop for place in places.values()))
    arrays = {name: _mapped(file, place) for name, place in places.items()}
    for name in ("roots", "leaves", "centres"):
        arrays[name][:] = known[name]
    return places, arrays


def _mapped(file: BinaryIO, place: array_file.Placed) -> NDArray[Any]:
    if not place.size:
        return np.empty(place.shape, place.dtype)
    found: Any = file
    return np.memmap(found, place.dtype, "r+", place.start, place.shape)


def _put_in_place(
    index: TreeIndex,
    source: VectorSource,
    wave: int,
    encoded: _Encoded,
    arrays: dict[str, NDArray[Any]],
    told: Progress,
) -> None:
    slots, codes = encoded
    filled = arrays["offsets"][:-1].copy()
    for part in chunks(len(source), wave):
        order = np.argsort(slots[part], kind="stable")
        own = slots[part][order]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(own)) + 1])
        counts = np.diff(np.append(starts, len(own)))
        within = np.arange(len(own)) - np.repeat(starts, counts)
        position = filled[own] + within
        filled[own[starts]] += counts
        arrays["ids"][position] = part.start + order
        rows = codes[part][order]
        if index.store.blocked:
            arrays["codes"][position >> 5, :, position & 31] = rows
        else:
            arrays["codes"][position] = rows
        if index.settings.keep_vectors:
            arrays["vectors"][position] = _wave_of(index, source, part)[order]
        told(part.stop)
