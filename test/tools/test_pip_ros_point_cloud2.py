"""Behaviour of sensor_msgs_py.point_cloud2 that the package relies on.

The same tests hold for the ROS package and for the stand-in of the pip environment.
"""

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

HEADER = Header(frame_id="camera_optical_frame")
FIELDS = [
    PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
    for number, name in enumerate(("x", "y", "z", "rgb"))
]
POINTS = np.array(
    [[0.0, 0.5, 1.0, 0], [2.0, np.nan, 3.0, 1], [4.0, 5.0, 6.0, np.nan], [7.0, 8.0, np.inf, 3]],
    np.float32,
)


def cloud():
    return point_cloud2.create_cloud(HEADER, FIELDS, POINTS)


def test_a_cloud_is_described_by_its_fields():
    made = cloud()
    assert (made.height, made.width, made.point_step, made.row_step) == (1, 4, 16, 64)
    assert made.header == HEADER and list(made.fields) == FIELDS
    assert not made.is_dense and not made.is_bigendian
    assert bytes(made.data) == POINTS.tobytes()


def test_points_survive_the_middleware():
    received = deserialize_message(serialize_message(cloud()), PointCloud2)
    read = point_cloud2.read_points(received)
    assert read.dtype.names == ("x", "y", "z", "rgb")
    for number, name in enumerate(read.dtype.names):
        np.testing.assert_array_equal(read[name], POINTS[:, number])


def test_only_the_points_without_nan_in_the_fields_asked_for():
    read = point_cloud2.read_points(cloud(), field_names=["x", "y", "z"], skip_nans=True)
    assert read["x"].tolist() == [0.0, 4.0, 7.0]
    dense = cloud()
    dense.is_dense = True
    assert len(point_cloud2.read_points(dense, skip_nans=True)) == 4


def test_fields_of_several_types_are_read():
    made = PointCloud2(height=1, width=1, point_step=8, row_step=8)
    made.fields = [
        PointField(name="label", offset=0, datatype=PointField.UINT16, count=1),
        PointField(name="x", offset=4, datatype=PointField.FLOAT32, count=1),
    ]
    made.data.frombytes(np.array([7, 0], "<u2").tobytes() + np.array([1.5], "<f4").tobytes())
    read = point_cloud2.read_points(made)
    assert (int(read["label"][0]), float(read["x"][0])) == (7, 1.5)


def test_wrong_arguments_are_assertions():
    with pytest.raises(AssertionError):
        point_cloud2.read_points(cloud(), field_names=["intensity"])
    mixed = [*FIELDS[:3], PointField(name="a", offset=12, datatype=PointField.UINT32, count=1)]
    with pytest.raises(AssertionError):
        point_cloud2.create_cloud(HEADER, mixed, POINTS)
