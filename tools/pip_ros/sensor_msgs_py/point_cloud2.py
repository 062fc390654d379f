"""sensor_msgs/PointCloud2 to and from NumPy arrays.

Calls, argument names and defaults are those of sensor_msgs_py 5.3 (Jazzy). Wrong arguments raise
AssertionError, as there. Like there, `row_step` is not read (rows must not be padded), and an
organised cloud is an array of shape (width, height).
"""

from __future__ import annotations

import sys
from array import array
from collections import namedtuple
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.recfunctions import structured_to_unstructured, unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

__all__ = [
    "DUMMY_FIELD_PREFIX",
    "create_cloud",
    "create_cloud_xyz32",
    "dtype_from_fields",
    "read_points",
    "read_points_list",
    "read_points_numpy",
]

DUMMY_FIELD_PREFIX = "unnamed_field"

_TYPES = {
    PointField.INT8: np.int8,
    PointField.UINT8: np.uint8,
    PointField.INT16: np.int16,
    PointField.UINT16: np.uint16,
    PointField.INT32: np.int32,
    PointField.UINT32: np.uint32,
    PointField.FLOAT32: np.float32,
    PointField.FLOAT64: np.float64,
}


def read_points(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> npt.NDArray[Any]:
    """Return the points as a structured array of length N, or (width, height) when asked.

    `field_names`: only these fields, None for all. `skip_nans`: without points that have a NaN in
    a returned field (not looked for when the cloud says that it is dense). `uvs`: only the points
    with these indices. The array may share memory with the message.
    """
    _require(isinstance(cloud, PointCloud2), "cloud is no sensor_msgs.msg.PointCloud2")
    native = dtype_from_fields(cloud.fields, cloud.point_step)
    stored = native.newbyteorder(">" if cloud.is_bigendian else "<")
    points: npt.NDArray[Any] = np.ndarray(cloud.width * cloud.height, stored, buffer=cloud.data)
    if stored != native:
        points = points.astype(native)
    if field_names is not None:
        missing = set(field_names) - set(native.names or ())
        _require(not missing, f"the cloud has no field {', '.join(sorted(missing))}")
        points = points[list(field_names)]
    if skip_nans and not cloud.is_dense:
        points = points[~_has_nan(points)]
    if uvs is not None:
        points = points[uvs if isinstance(uvs, np.ndarray) else np.fromiter(uvs, np.intp)]
    if reshape_organized_cloud and cloud.height > 1:
        points = points.reshape(cloud.width, cloud.height)
    return points


def read_points_numpy(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> npt.NDArray[Any]:
    """Return fields of one and the same type as a plain array, the fields on its last axis.

    Arguments as for `read_points`.
    """
    chosen = {f.datatype for f in cloud.fields if field_names is None or f.name in field_names}
    _require(len(chosen) <= 1, "fields of several types do not fit one array: use read_points()")
    points = read_points(cloud, field_names, skip_nans, uvs, reshape_organized_cloud)
    return structured_to_unstructured(points)


def read_points_list(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
) -> list[Any]:
    """Return the points as a list of named tuples. Arguments as for `read_points`."""
    points = read_points(cloud, field_names, skip_nans, uvs)
    point_type = namedtuple("Point", points.dtype.names or ())  # type: ignore[misc]
    return [point_type(*point) for point in points]


def dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype[Any]:
    """Return the structured dtype of one point, `point_step` bytes long (None: as needed).

    A field without a name becomes "unnamed_field_<index>"; one with `count` n > 1 becomes n fields
    with the suffixes "_0" to "_<n - 1>".
    """
    names: list[str] = []
    formats: list[np.dtype[Any]] = []
    offsets: list[int] = []
    for index, field in enumerate(fields):
        _require(field.count > 0, f"field {field.name!r} has count 0")
        base = field.name or f"{DUMMY_FIELD_PREFIX}_{index}"
        dtype = np.dtype(_TYPES[field.datatype])
        for part in range(field.count):
            names.append(base if field.count == 1 else f"{base}_{part}")
            formats.append(dtype)
            offsets.append(field.offset + part * dtype.itemsize)
    _require(len(set(names)) == len(names), "two fields have the same name")
    layout: Any = {"names": names, "formats": formats, "offsets": offsets}
    if point_step is not None:
        layout["itemsize"] = point_step
    point: np.dtype[Any] = np.dtype(layout)
    return point


def create_cloud(
    header: Header,
    fields: Sequence[PointField],
    points: Iterable[Any],
    point_step: int | None = None,
) -> PointCloud2:
    """Return a cloud of `points`.

    `points`: a structured array of the fields' dtype; a plain array with the fields, all of one
    type, on its last axis; or an iterable of one sequence per point. An array of points with two
    axes makes an organised cloud of width shape[0] and height shape[1].
    """
    dtype = dtype_from_fields(fields, point_step)
    if not isinstance(points, np.ndarray):
        points = np.array([tuple(point) for point in points], dtype=dtype)
    elif points.dtype.names is None:
        same = len({field.datatype for field in fields}) <= 1
        _require(same, "fields of several types need a structured array")
        points = unstructured_to_structured(points, dtype=dtype)
    else:
        _require(points.dtype == dtype, "the fields do not describe the array's dtype")
    _require(points.ndim <= 2, "points can be organised along two axes at most")

    width, height = points.shape if points.ndim == 2 else (points.shape[0], 1)
    return PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=fields,
        is_bigendian=sys.byteorder == "big",
        point_step=dtype.itemsize,
        row_step=dtype.itemsize * width,
        data=array("B", points.tobytes()),
        is_dense=False,
    )


def create_cloud_xyz32(header: Header, points: Iterable[Any]) -> PointCloud2:
    """Return a cloud of `points` with the float32 fields x, y and z."""
    fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate("xyz")
    ]
    return create_cloud(header, fields, points)


def _has_nan(points: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    found = np.zeros(points.shape, dtype=bool)
    for name in points.dtype.names or ():
        found |= np.isnan(points[name])
    return found


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
