"""sensor_msgs/PointCloud2 to and from NumPy arrays.

Calls and results are those of sensor_msgs_py 5.3 (Jazzy), as far as `ddff_perception` makes them.
Wrong arguments raise AssertionError, as there.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.recfunctions import unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

__all__ = ["create_cloud", "read_points"]

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


def create_cloud(
    header: Header, fields: Sequence[PointField], points: npt.NDArray[Any]
) -> PointCloud2:
    """A cloud of one row that holds a copy of `points`, N x F, one column per field."""
    dtype = _dtype(fields, None)
    same = len({field.datatype for field in fields}) == 1
    _require(same and points.ndim == 2 and points.shape[1] == len(fields), "points need the fields")
    structured = unstructured_to_structured(points, dtype=dtype)
    return PointCloud2(
        header=header,
        height=1,
        width=len(points),
        fields=fields,
        is_bigendian=sys.byteorder == "big",
        point_step=dtype.itemsize,
        row_step=dtype.itemsize * len(points),
        data=array("B", structured.tobytes()),
        is_dense=False,
    )


def read_points(
    cloud: PointCloud2, field_names: Sequence[str] | None = None, skip_nans: bool = False
) -> npt.NDArray[Any]:
    """The points as a structured array of length N, a view of the message's data where it can be.

    `field_names`: only these fields, None for all. `skip_nans`: without points that have a NaN in
    a returned field (not looked for when the cloud says that it is dense).
    """
    _require(isinstance(cloud, PointCloud2), "cloud is no sensor_msgs.msg.PointCloud2")
    dtype = _dtype(cloud.fields, cloud.point_step)
    points: npt.NDArray[Any] = np.ndarray(cloud.width * cloud.height, dtype, buffer=cloud.data)
    if field_names is not None:
        missing = set(field_names) - set(dtype.names or ())
        _require(not missing, f"the cloud has no field {', '.join(sorted(missing))}")
        points = points[list(field_names)]
    if skip_nans and not cloud.is_dense:
        kept = [~np.isnan(points[name]) for name in points.dtype.names or ()]
        points = points[np.logical_and.reduce(kept)]
    return points


def _dtype(fields: Sequence[PointField], size: int | None) -> np.dtype[Any]:
    layout: Any = {
        "names": [field.name for field in fields],
        "formats": [_TYPES[field.datatype] for field in fields],
        "offsets": [field.offset for field in fields],
    }
    if size is not None:
        layout["itemsize"] = size
    dtype: np.dtype[Any] = np.dtype(layout)
    return dtype


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
