"""Point clouds as binary PLY files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray, InputError
from .atomic import atomic_write

_POSITION = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
_COLOUR = [("red", "u1"), ("green", "u1"), ("blue", "u1")]
_PLY_TYPES = {"f4": "float", "u1": "uchar"}


_DIGITS = 12

Band = tuple[FloatArray, NDArray[np.uint8] | None]
"""Points, float32 metres, H x W x 3 (organised) or N x 3, with uint8 BGR of the same shape."""


def write_ply(path: Path, points: FloatArray, colour: NDArray[np.uint8] | None = None) -> int:
    """Writes a cloud as little-endian binary PLY and returns its number of points.

    `points`: float32 metres, H x W x 3 (organised) or N x 3; points that are not finite are left
    out. `colour`: uint8 BGR of the same shape. Raises InputError where the shapes do not fit or
    the file cannot be written.
    """
    return write_ply_bands(path, [(points, colour)])


def write_ply_bands(path: Path, bands: Iterable[Band]) -> int:
    """As `write_ply`, of a cloud that comes band by band, all with colours or none."""
    count = 0
    fields = _POSITION
    with atomic_write(path) as file:
        for number, (points, colour) in enumerate(bands):
            vertices = _vertices(points, colour)
            if number == 0:
                fields = _POSITION + (_COLOUR if colour is not None else [])
                file.write(_header(0, fields).encode("ascii"))
            file.write(vertices.tobytes())
            count += int(vertices.size)
        # Whose number is known only now: it has the same width.
        file.seek(0)
        file.write(_header(count, fields).encode("ascii"))
    return count


def _vertices(points: FloatArray, colour: NDArray[np.uint8] | None) -> NDArray[np.void]:
    if points.ndim < 2 or points.shape[-1] != 3:
        raise InputError(f"a cloud of shape {points.shape} has no x, y, z per point")
    if colour is not None and (colour.shape != points.shape or colour.dtype != np.uint8):
        raise InputError(
            f"colour is {colour.shape} {colour.dtype}, the cloud {points.shape}: they must agree"
        )
    flat = points.reshape(-1, 3)
    finite = np.isfinite(flat).all(axis=1)
    fields = _POSITION + (_COLOUR if colour is not None else [])
    vertices = np.empty(int(finite.sum()), dtype=fields)
    kept = flat[finite]
    for axis, name in enumerate("xyz"):
        vertices[name] = kept[:, axis]
    if colour is not None:
        kept_colour = colour.reshape(-1, 3)[finite]
        for channel, name in enumerate(("blue", "green", "red")):
            vertices[name] = kept_colour[:, channel]
    return vertices


def _header(count: int, fields: list[tuple[str, str]]) -> str:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += ["comment metres; camera optical frame: x right, y down, z forward"]
    # What pads makes the header as long for any number.
    lines += [f"comment {'.' * (_DIGITS - len(str(count)))}", f"element vertex {count}"]
    lines += [f"property {_PLY_TYPES[kind.lstrip('<')]} {name}" for name, kind in fields]
    return "\n".join([*lines, "end_header", ""])
