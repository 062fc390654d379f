"""Files of vectors: fvecs, bvecs, ivecs (SIFT1M, GIST1M, DEEP1M, BigANN), npy, MNIST, HDF5.

All but gzip are read piece by piece from the disk: a file may be larger than memory.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..types import InputError
from .atomic import atomic_write
from .light_fields import open_hdf5

# Type of a component by suffix; each vector comes after its number of components.
_COMPONENTS = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}
_COUNT_BYTES = 4
_DIMENSION_LIMIT = 1 << 20
_HDF5 = (".hdf5", ".h5")
_MNIST_IMAGES = 0x00000803
_MNIST_LIMIT = 1 << 31


class VectorSource(Protocol):
    """What vectors are read from, a slice at a time: an array, or a file that looks like one."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> NDArray[Any]: ...


class VectorFile:
    """An fvecs, bvecs or ivecs file, memory-mapped: `file[a:b]` is an array (n, d)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kind = np.dtype(_COMPONENTS[path.suffix])
        size = _size(path)
        if size == 0:
            raise InputError(f"{path} is empty")
        with path.open("rb") as file:
            head = file.read(_COUNT_BYTES)
        self._dimensions = struct.unpack("<i", head)[0] if len(head) == _COUNT_BYTES else 0
        if not 0 < self._dimensions <= _DIMENSION_LIMIT:
            raise InputError(f"{path} is no {path.suffix[1:]} file: it begins with no dimension")
        row = _COUNT_BYTES + self._dimensions * self._kind.itemsize
        if size % row:
            raise InputError(
                f"{path} is truncated, or its vectors differ in their dimensions: {size} bytes "
                f"are no multiple of {row}"
            )
        self._rows = np.memmap(path, np.uint8, "r", shape=(size // row, row))

    @property
    def shape(self) -> tuple[int, int]:
        return len(self._rows), self._dimensions

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, part: slice, /) -> NDArray[Any]:
        rows = np.ascontiguousarray(self._rows[part])
        counts = rows[:, :_COUNT_BYTES].copy().view("<i4")
        if (counts != self._dimensions).any():
            raise InputError(f"{self.path} is damaged: its vectors differ in their dimensions")
        return rows[:, _COUNT_BYTES:].copy().view(self._kind)


def open_vectors(path: Path, dataset: str = "train") -> VectorSource:
    """The vectors of a file, by its suffix; `dataset` of an HDF5 file (ann-benchmarks: train,
    test, neighbors).

    Raises InputError on a file that is none of those, truncated, or of no two dimensions.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.suffix in _COMPONENTS:
        return VectorFile(path)
    if path.suffix in _HDF5:
        found = _open_hdf5(path, dataset)
    elif path.suffix == ".npy":
        try:
            found = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise InputError(f"cannot read the array {path}: {error}") from error
    elif "ubyte" in path.name:
        found = _read_mnist(path)
    else:
        known = ", ".join([*_COMPONENTS, ".npy", *_HDF5])
        raise InputError(f"{path} is no file of vectors that is known: {known}, MNIST's ubyte")
    if len(found.shape) != 2:
        raise InputError(f"{path} must hold an array n x dimensions, not one of {found.shape}")
    source: VectorSource = found
    return source


def read_vectors(path: Path, dataset: str = "train") -> NDArray[Any]:
    """All vectors of a file, (n, d), in memory; raises InputError as `open_vectors` does."""
    source = open_vectors(path, dataset)
    return np.asarray(source[0 : len(source)])


def write_vectors(path: Path, vectors: NDArray[Any]) -> None:
    """(n, d) vectors as fvecs, bvecs, ivecs or npy, by the suffix, atomically.

    Raises InputError on another suffix, and where the type of the file cannot hold them: whole
    numbers are never rounded.
    """
    require_suffix(path, (*_COMPONENTS, ".npy"))
    if path.suffix == ".npy":
        with atomic_write(path) as file:
            np.save(file, vectors, allow_pickle=False)
        return
    kind = np.dtype(_COMPONENTS[path.suffix])
    with np.errstate(invalid="ignore"):
        numbers = vectors.astype(kind)
        same = np.array_equal(numbers.astype(vectors.dtype), vectors)
    if not same and kind.kind != "f":
        raise InputError(f"{path.suffix} files hold whole numbers of their range: write .npy")
    if not same and vectors.dtype.kind in "iu":
        raise InputError(f"{path.suffix} files round whole numbers beyond 2^24: write .npy")
    count, dimensions = vectors.shape
    rows = np.empty((count, _COUNT_BYTES + dimensions * kind.itemsize), np.uint8)
    rows[:, :_COUNT_BYTES] = np.frombuffer(struct.pack("<i", dimensions), np.uint8)
    rows[:, _COUNT_BYTES:] = numbers.view(np.uint8).reshape(count, -1)
    with atomic_write(path) as file:
        file.write(rows.tobytes())


def require_suffix(path: Path, known: Sequence[str]) -> None:
    """Raises InputError where a file to be written ends in none of these."""
    if path.suffix not in known:
        raise InputError(f"{path} must end in {' or '.join(known)}")


def _open_hdf5(path: Path, dataset: str) -> Any:
    file = open_hdf5(path)
    if dataset not in file or not hasattr(file[dataset], "shape"):
        raise InputError(f"{path} has no data set {dataset!r}; there are: {', '.join(file)}")
    return file[dataset]


def _read_mnist(path: Path) -> NDArray[np.uint8]:
    """(n, rows * columns) pixels of an idx3 file, gzipped or not."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(16)
            magic, *shape = struct.unpack(">4i", head) if len(head) == 16 else (0, 0)
            size = _checked_size(path, magic, shape)
            content = file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    if len(content) < size:
        raise InputError(f"{path} is truncated: {len(content)} of {size} pixels are there")
    return np.frombuffer(content, np.uint8).reshape(shape[0], -1)


def _checked_size(path: Path, magic: int, shape: Sequence[int]) -> int:
    if magic != _MNIST_IMAGES or min(shape) < 1 or math.prod(shape) > _MNIST_LIMIT:
        raise InputError(f"{path} is no file of images as MNIST has them")
    return math.prod(shape)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
