"""PointCloud2 messages, live or recorded, as points and colours of a number to send."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..evaluation.depth.figures import colorize_depth
from ..types import FloatArray, InputError

MOST_POINTS = 60_000
"""Larger clouds are thinned before they are sent."""
# sensor_msgs/msg/PointField
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
_COLOURS = ("rgb", "rgba")


class Cloud(NamedTuple):
    """`points`: N x 3 float32 metres, all finite; `colours`: N x 3 uint8 red, green, blue."""

    points: FloatArray
    colours: NDArray[np.uint8]
    facts: str


def cloud_of(message: Any, most: int = MOST_POINTS) -> Cloud:
    """The points that are known, at most about `most`; coloured by distance where they have no
    colour. Raises InputError where the message contradicts itself or has no x, y, z.
    """
    records = _thinned(_records(message), most)
    points = np.stack([records[axis] for axis in "xyz"], axis=-1).astype(np.float32).reshape(-1, 3)
    there = np.isfinite(points).all(axis=1)
    points = points[there]
    colour = next((name for name in _COLOURS if name in (records.dtype.names or ())), None)
    if colour is None:
        painted = colorize_depth(np.maximum(points[:, 2:], np.float32(1e-3)))
        colours = np.ascontiguousarray(painted[:, 0, ::-1]) if len(points) else np.empty((0, 3))
    else:
        packed = np.ascontiguousarray(records[colour]).reshape(-1)[there].view("<u4")
        colours = np.stack([packed >> shift & 255 for shift in (16, 8, 0)], axis=-1)
    facts = f"{len(points):,} of {message.width * message.height:,} points"
    if len(points):
        facts += f", {points[:, 2].min():.3g} .. {points[:, 2].max():.3g} m"
    return Cloud(points, colours.astype(np.uint8), f"{facts}, in {message.header.frame_id[:80]}")


def _records(message: Any) -> NDArray[Any]:
    """H x W records of x, y, z and, where there is one, the colour: a view of the message."""
    height, width = int(message.height), int(message.width)
    order, kinds = ">" if message.is_bigendian else "<", {}
    for field in message.fields:
        if field.name in ("x", "y", "z", *_COLOURS) and field.datatype in _TYPES:
            kinds[field.name] = (order + _TYPES[field.datatype], int(field.offset))
    if not {"x", "y", "z"} <= set(kinds):
        raise InputError("the cloud has no fields x, y, z")
    wide = [n for n in _COLOURS if n in kinds and np.dtype(kinds[n][0]).itemsize != 4]
    kinds = {name: kind for name, kind in kinds.items() if name not in wide}
    step, row = int(message.point_step), int(message.row_step)
    ends = [offset + np.dtype(kind).itemsize for kind, offset in kinds.values()]
    data = memoryview(message.data).cast("B")
    if max(ends) > step or row < step * width or row * height > data.nbytes:
        raise InputError(
            f"the cloud's {data.nbytes} bytes do not hold {height} rows of {width} points of "
            f"{step} bytes"
        )
    kind = np.dtype(
        {
            "names": list(kinds),
            "formats": [kind for kind, _ in kinds.values()],
            "offsets": [offset for _, offset in kinds.values()],
            "itemsize": step,
        }
    )
    if not height or not width:
        return np.empty((0, 0), kind)
    return np.ndarray((height, width), kind, data, 0, (row, step))


def _thinned(records: NDArray[Any], most: int) -> NDArray[Any]:
    height, width = records.shape
    if height * width <= most:
        return records
    if height == 1:
        return records[:, :: -(-width // most)]
    step = math.ceil(math.sqrt(height * width / most))
    return records[::step, ::step]
