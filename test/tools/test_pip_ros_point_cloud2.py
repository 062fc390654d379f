"""Behaviour of sensor_msgs_py.point_cloud2 that ROS documents.

The same tests hold for the ROS package and for the stand-in of the pip environment.
"""

import sys
from array import array
from pathlib import Path

import numpy as np
import pytest
import sensor_msgs_py
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

IS_STAND_IN = "pip_ros" in Path(sensor_msgs_py.__file__).parts
HEADER = Header(frame_id="camera_optical_frame")
XYZ = np.array(
    [[0.0, 0.5, 1.0], [2.0, np.nan, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, np.inf]], np.float32
)
TYPE_NAMES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")


def field(name, offset, datatype=PointField.FLOAT32, count=1):
    return PointField(name=name, offset=offset, datatype=datatype, count=count)


XYZ_FIELDS = [field("x", 0), field("y", 4), field("z", 8)]
MIXED_FIELDS = [
    field("a", 0),
    field("b", 4, PointField.FLOAT64),
    field("label", 14, PointField.UINT16),
]


def cloud_of(points, fields, bigendian=sys.byteorder == "big", **changes):
    """A cloud of one row with the bytes of the structured array `points`."""
    stored = points.astype(points.dtype.newbyteorder(">" if bigendian else "<"))
    values = {
        "header": HEADER,
        "height": 1,
        "width": points.size,
        "fields": fields,
        "is_bigendian": bigendian,
        "point_step": points.dtype.itemsize,
        "row_step": points.nbytes,
        "data": array("B", stored.tobytes()),
    }
    return PointCloud2(**{**values, **changes})


def mixed_points(number=5):
    dtype = np.dtype(
        {
            "names": ["a", "b", "label"],
            "formats": [np.float32, np.float64, np.uint16],
            "offsets": [0, 4, 14],
            "itemsize": 20,
        }
    )
    points = np.zeros(number, dtype)
    points["a"] = np.arange(number) / 4
    points["b"] = np.arange(number) * -1e9
    points["label"] = np.arange(number) * 1000
    return points


def columns(points):
    return np.stack([points[name] for name in points.dtype.names], axis=-1)


# --- reading --------------------------------------------------------------------------------


def test_points_come_as_a_structured_array_of_the_fields():
    points = mixed_points()
    got = point_cloud2.read_points(cloud_of(points, MIXED_FIELDS))
    assert got.shape == (5,)
    assert got.dtype == points.dtype
    for name in ("a", "b", "label"):
        np.testing.assert_array_equal(got[name], points[name])


@pytest.mark.parametrize("names", [["label"], ["label", "a"], ("a", "b")])
def test_only_the_named_fields_are_read_in_the_order_asked(names):
    points = mixed_points()
    got = point_cloud2.read_points(cloud_of(points, MIXED_FIELDS), field_names=names)
    assert got.dtype.names == tuple(names)
    for name in names:
        np.testing.assert_array_equal(got[name], points[name])


def test_unknown_fields_and_foreign_messages_are_refused():
    cloud = cloud_of(mixed_points(), MIXED_FIELDS)
    with pytest.raises(AssertionError):
        point_cloud2.read_points(cloud, field_names=["a", "intensity"])
    for read in (point_cloud2.read_points, point_cloud2.read_points_list):
        with pytest.raises(AssertionError):
            read("no cloud")


def test_too_little_data_is_refused():
    cloud = cloud_of(mixed_points(), MIXED_FIELDS)
    cloud.data = cloud.data[:-1]
    with pytest.raises(TypeError):
        point_cloud2.read_points(cloud)


@pytest.mark.parametrize("names", [None, ["label", "b"]])
def test_big_endian_points_come_in_native_order(names):
    points = mixed_points()
    cloud = cloud_of(points, MIXED_FIELDS, bigendian=sys.byteorder == "little")
    got = point_cloud2.read_points(cloud, field_names=names)
    for name in names or points.dtype.names:
        np.testing.assert_array_equal(got[name], points[name])
        assert got.dtype[name].isnative


def test_reading_leaves_a_big_endian_message_alone():
    if not IS_STAND_IN:
        pytest.skip("sensor_msgs_py swaps the bytes of the message in place")
    cloud = cloud_of(mixed_points(), MIXED_FIELDS, bigendian=sys.byteorder == "little")
    before = bytes(cloud.data)
    point_cloud2.read_points(cloud)
    assert bytes(cloud.data) == before


def test_points_with_nan_are_skipped_on_demand():
    cloud = point_cloud2.create_cloud_xyz32(HEADER, XYZ)
    np.testing.assert_array_equal(columns(point_cloud2.read_points(cloud)), XYZ)
    kept = columns(point_cloud2.read_points(cloud, skip_nans=True))
    np.testing.assert_array_equal(kept, XYZ[[0, 2, 3]])  # infinity is no NaN


def test_nan_counts_only_in_the_fields_that_are_read():
    cloud = point_cloud2.create_cloud_xyz32(HEADER, XYZ)
    got = point_cloud2.read_points(cloud, field_names=["x", "z"], skip_nans=True)
    np.testing.assert_array_equal(columns(got), XYZ[:, [0, 2]])


def test_a_dense_cloud_is_believed_to_have_no_nan():
    cloud = point_cloud2.create_cloud_xyz32(HEADER, XYZ)
    cloud.is_dense = True
    assert len(point_cloud2.read_points(cloud, skip_nans=True)) == len(XYZ)


@pytest.mark.parametrize("uvs", [[2, 0], iter([2, 0]), np.array([2, 0])])
def test_points_can_be_chosen_by_index(uvs):
    cloud = point_cloud2.create_cloud_xyz32(HEADER, XYZ)
    got = point_cloud2.read_points(cloud, uvs=uvs)
    np.testing.assert_array_equal(columns(got), XYZ[[2, 0]])


def test_equal_fields_can_be_read_as_a_plain_array():
    cloud = point_cloud2.create_cloud_xyz32(HEADER, XYZ)
    got = point_cloud2.read_points_numpy(cloud)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, XYZ)
    got = point_cloud2.read_points_numpy(cloud, field_names=["z", "x"], skip_nans=True, uvs=[1])
    np.testing.assert_array_equal(got, XYZ[1:2, [2, 0]])


def test_fields_of_several_types_do_not_fit_a_plain_array():
    fields = [field("x", 0), field("y", 4), field("label", 8, PointField.UINT8)]
    points = np.zeros(3, [("x", np.float32), ("y", np.float32), ("label", np.uint8)])
    points["y"] = [1, 2, 3]
    cloud = cloud_of(points, fields)
    with pytest.raises(AssertionError):
        point_cloud2.read_points_numpy(cloud)
    got = point_cloud2.read_points_numpy(cloud, field_names=["x", "y"])
    np.testing.assert_array_equal(got, [[0, 1], [0, 2], [0, 3]])


def test_points_can_be_read_as_named_tuples():
    cloud = cloud_of(mixed_points(3), MIXED_FIELDS)
    got = point_cloud2.read_points_list(cloud)
    assert [tuple(p) for p in got] == [(0.0, -0.0, 0), (0.25, -1e9, 1000), (0.5, -2e9, 2000)]
    assert got[1].label == 1000
    only = point_cloud2.read_points_list(cloud, field_names=["label"], uvs=[2])
    assert only == [(2000,)]
    assert only[0]._fields == ("label",)


def test_a_cloud_without_points_reads_as_empty():
    cloud = cloud_of(mixed_points(0), MIXED_FIELDS)
    assert point_cloud2.read_points(cloud).shape == (0,)
    assert point_cloud2.read_points_list(cloud) == []


# --- dtypes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TYPE_NAMES)
def test_every_datatype_has_its_numpy_type(name):
    datatype = getattr(PointField, name.upper())
    got = point_cloud2.dtype_from_fields([field("value", 2, datatype)])
    assert got.fields["value"] == (np.dtype(name), 2)


def test_the_point_step_is_the_size_of_the_dtype():
    assert point_cloud2.dtype_from_fields(XYZ_FIELDS).itemsize == 12
    assert point_cloud2.dtype_from_fields(XYZ_FIELDS, point_step=32).itemsize == 32
    assert point_cloud2.dtype_from_fields(MIXED_FIELDS).itemsize == 16
    with pytest.raises(ValueError, match="itemsize"):
        point_cloud2.dtype_from_fields(XYZ_FIELDS, point_step=8)


def test_counts_become_numbered_fields_and_missing_names_are_made_up():
    fields = [field("normal", 0, count=3), field("", 12), field("end", 16, PointField.UINT8)]
    got = point_cloud2.dtype_from_fields(fields)
    assert got.names == ("normal_0", "normal_1", "normal_2", "unnamed_field_1", "end")
    assert [got.fields[name][1] for name in got.names] == [0, 4, 8, 12, 16]
    assert point_cloud2.DUMMY_FIELD_PREFIX == "unnamed_field"


@pytest.mark.parametrize(
    "fields", [[field("x", 0), field("x", 4)], [field("x", 0, count=0)]], ids=["twice", "count 0"]
)
def test_fields_without_a_meaning_are_refused(fields):
    with pytest.raises(AssertionError):
        point_cloud2.dtype_from_fields(fields)


# --- writing --------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [XYZ, XYZ.tolist(), [tuple(p) for p in XYZ], iter(XYZ)])
def test_an_xyz_cloud_describes_itself(points):
    cloud = point_cloud2.create_cloud_xyz32(HEADER, points)
    assert cloud.header == HEADER
    assert list(cloud.fields) == XYZ_FIELDS
    assert (cloud.height, cloud.width) == (1, 4)
    assert (cloud.point_step, cloud.row_step) == (12, 48)
    assert not cloud.is_dense
    assert cloud.is_bigendian == (sys.byteorder == "big")
    assert bytes(cloud.data) == XYZ.tobytes()


def test_a_plain_array_of_another_type_is_converted():
    cloud = point_cloud2.create_cloud(HEADER, XYZ_FIELDS, XYZ.astype(np.float64)[:, ::1])
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), XYZ)


def test_a_structured_array_becomes_a_cloud_of_its_fields():
    points = mixed_points()
    cloud = point_cloud2.create_cloud(HEADER, MIXED_FIELDS, points, point_step=20)
    assert (cloud.point_step, cloud.row_step, cloud.width) == (20, 100, 5)
    received = deserialize_message(serialize_message(cloud), PointCloud2)
    np.testing.assert_array_equal(point_cloud2.read_points(received), points)


def test_rows_of_values_become_points_of_mixed_types():
    rows = [(0.5, 1e10, 7), (1.5, -1e10, 65535)]
    cloud = point_cloud2.create_cloud(HEADER, MIXED_FIELDS, rows)
    assert [tuple(p) for p in point_cloud2.read_points_list(cloud)] == rows


def test_an_array_that_does_not_match_the_fields_is_refused():
    with pytest.raises(AssertionError):  # the point step is missing
        point_cloud2.create_cloud(HEADER, MIXED_FIELDS, mixed_points())
    with pytest.raises(AssertionError):  # several types need a structured array
        point_cloud2.create_cloud(HEADER, MIXED_FIELDS, np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="fields"):
        point_cloud2.create_cloud(HEADER, XYZ_FIELDS, np.zeros((2, 4), np.float32))
    with pytest.raises(AssertionError):
        point_cloud2.create_cloud(HEADER, XYZ_FIELDS, np.zeros((2, 2, 2, 3), np.float32))


def test_an_organised_cloud_has_the_first_axis_as_its_width():
    grid = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    cloud = point_cloud2.create_cloud_xyz32(HEADER, grid)
    assert (cloud.width, cloud.height) == (2, 3)
    assert (cloud.point_step, cloud.row_step) == (12, 24)
    flat = point_cloud2.read_points_numpy(cloud)
    np.testing.assert_array_equal(flat, grid.reshape(6, 3))
    organised = point_cloud2.read_points_numpy(cloud, reshape_organized_cloud=True)
    np.testing.assert_array_equal(organised, grid)
    assert point_cloud2.read_points(cloud, reshape_organized_cloud=True).shape == (2, 3)


def test_views_are_written_as_they_look():
    if not IS_STAND_IN:
        pytest.skip("sensor_msgs_py refuses structured arrays that are not contiguous")
    points = mixed_points(6)[::-2]
    cloud = point_cloud2.create_cloud(HEADER, MIXED_FIELDS, points, point_step=20)
    np.testing.assert_array_equal(point_cloud2.read_points(cloud), points)


def test_a_cloud_may_be_empty():
    for points in ([], np.zeros((0, 3), np.float32)):
        cloud = point_cloud2.create_cloud_xyz32(HEADER, points)
        assert (cloud.width, cloud.height, len(cloud.data)) == (0, 1, 0)
