import math
from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")

from ddff_perception.msg import FocalStack as FocalStackMessage
from ddff_perception.msg import FocusState
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

from ddff_perception.image_payload import ENCODINGS
from ddff_perception.ros import messages
from ddff_perception.ros.camera import CameraCache
from ddff_perception.types import CameraModel, FocalStack, FocusSlice, InputError

HEADER = messages.header_at(1_234_567_890_123_456_789, "camera_optical_frame")


def image(encoding: str = "mono8", width: int = 4, height: int = 3, **fields: object) -> Image:
    step = width * {"mono8": 1, "bgr8": 3, "rgb8": 3, "32FC1": 4, "16UC1": 2}[encoding]
    message = Image(encoding=encoding, width=width, height=height, step=step)
    message.data = array("B", bytes(range(step * height)))
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def test_stamps_survive_to_the_nanosecond() -> None:
    assert messages.stamp_ns(HEADER.stamp) == 1_234_567_890_123_456_789
    assert (HEADER.stamp.sec, HEADER.stamp.nanosec) == (1_234_567_890, 123_456_789)
    with pytest.raises(InputError, match="stamp"):
        messages.stamp_message(10**19)


def test_an_image_becomes_a_view_of_the_message() -> None:
    message = image("bgr8")
    pixels = messages.image_array(message)
    assert pixels.shape == (3, 4, 3)
    assert np.shares_memory(pixels, np.frombuffer(message.data, np.uint8))


def test_an_image_message_holds_the_array_once() -> None:
    depth = np.array([[1.5, np.nan], [np.inf, -2.0]], np.float32)
    message = messages.image_message(depth, HEADER)
    assert (message.encoding, message.step, message.is_bigendian) == ("32FC1", 8, 0)
    assert message.header == HEADER
    assert len(message.data) == 16
    np.testing.assert_array_equal(messages.image_array(message), depth)


def test_memory_that_the_cpu_cannot_read_is_refused_in_words() -> None:
    message = image()
    device = SimpleNamespace(**{name: getattr(message, name) for name in ("height", "width")})
    device.encoding, device.step, device.is_bigendian = "mono8", 4, 0
    device.data = object()
    with pytest.raises(InputError, match="cannot be read by the CPU"):
        messages.image_array(device)
    read = messages.image_array(device, read_buffer=lambda _: bytes(range(12)))
    assert read.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_depth_image_is_no_slice() -> None:
    with pytest.raises(InputError, match="colour or grey"):
        messages.slice_image(image("32FC1"))


def test_depth_in_millimetres_rounds_half_up_and_counts_what_is_too_far() -> None:
    metres = [0.0004, 0.0005, 1.2344, 65.535, 65.536, 1e30, np.nan, np.inf, -np.inf, -1.0]
    message, too_far = messages.depth_message(np.array([metres], np.float32), HEADER, "16UC1")
    assert message.encoding == "16UC1"
    assert messages.image_array(message)[0].tolist() == [0, 1, 1234, 65535, 0, 0, 0, 0, 0, 0]
    assert too_far == 2
    with pytest.raises(InputError, match="64FC1"):
        messages.depth_message(np.ones((2, 2), np.float32), HEADER, "64FC1")


def info(**fields: object) -> CameraInfo:
    message = CameraInfo(width=640, height=480)
    message.k = [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0]
    message.p = [600.0, 0.0, 310.0, 0.0, 0.0, 610.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    message.d = [0.1, 0.0, 0.0, 0.0, 0.0]
    for name, value in fields.items():
        owner, _, leaf = name.rpartition("__")
        setattr(getattr(message, owner) if owner else message, leaf, value)
    return message


def test_the_rectified_projection_is_the_camera() -> None:
    assert messages.camera_model(info(), 640, 480) == CameraModel(640, 480, 600, 610, 310, 230)


def test_without_projection_an_undistorted_k_is_the_camera() -> None:
    plain = info(p=[0.0] * 12, d=[0.0] * 5)
    assert messages.camera_model(plain, 640, 480) == CameraModel(640, 480, 500, 510, 320, 240)
    with pytest.raises(InputError, match="rectify"):
        messages.camera_model(info(p=[0.0] * 12), 640, 480)


def test_k_zero_means_not_calibrated() -> None:
    assert messages.camera_model(info(k=[0.0] * 9), 640, 480) is None
    assert messages.camera_model(CameraInfo(), 640, 480) is None


def test_a_camera_info_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="640x480, the image is 320x240"):
        messages.camera_model(info(), 320, 240)


def test_region_of_interest_and_binning_change_the_camera() -> None:
    cropped = info(roi__x_offset=100, roi__y_offset=40, roi__width=200, roi__height=160)
    assert messages.camera_model(cropped, 200, 160) == CameraModel(200, 160, 600, 610, 210, 190)
    binned = messages.camera_model(info(binning_x=2, binning_y=2), 320, 240)
    assert binned is not None
    assert (binned.fx, binned.fy) == (300, 305)
    # Pixel centres are at integers: the centre of two binned pixels lies between them.
    assert (binned.cx, binned.cy) == (154.75, 114.75)


def test_a_camera_comes_back_from_its_camera_info() -> None:
    camera = CameraModel(64, 48, 50.0, 51.0, 31.5, 23.5)
    message = messages.camera_info_message(camera, HEADER, (64, 48))
    assert messages.camera_model(message, 64, 48) == camera
    unknown = messages.camera_info_message(None, HEADER, (64, 48))
    assert messages.camera_model(unknown, 64, 48) is None


def test_the_camera_is_worked_out_again_only_when_it_changes() -> None:
    cache = CameraCache()
    first = cache.model(info(), 640, 480)
    assert cache.model(info(), 640, 480) is first
    changed = cache.model(info(p=info().p * 2.0), 640, 480)
    assert changed is not None and changed.fx == 1200
    assert first is not None
    assert cache.grid(first, 2) is cache.grid(first, 2)
    assert cache.grid(first, 4) is not cache.grid(first, 2)


def cloud_of(points: np.ndarray) -> PointCloud2:
    buffer = messages.CloudBuffer(points.shape[:2])
    buffer.points[...] = points
    return buffer.message


def test_a_cloud_has_the_layout_that_rviz_and_pcl_read() -> None:
    points = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    cloud = cloud_of(points)
    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (2, 3, 16, 48)
    assert [(f.name, f.offset, f.datatype, f.count) for f in cloud.fields] == [
        ("x", 0, 7, 1),
        ("y", 4, 7, 1),
        ("z", 8, 7, 1),
        ("rgb", 12, 7, 1),
    ]
    assert not cloud.is_dense and not cloud.is_bigendian
    np.testing.assert_array_equal(np.frombuffer(cloud.data, "<f4").reshape(2, 3, 4), points)


def test_points_are_written_straight_into_their_message() -> None:
    cache = CameraCache()
    grid = cache.grid(CameraModel(8, 6, 5.0, 5.0, 3.5, 2.5), 2)
    cloud = cache.cloud(grid)
    depth = np.full((6, 8), 2.0, np.float32)
    assert grid.points(depth, out=cloud.points) is cloud.points
    sent = np.frombuffer(cloud.message.data, np.float32).reshape(3, 4, 4)
    np.testing.assert_array_equal(sent, grid.points(depth))
    assert cache.cloud(grid) is cloud
    assert cache.cloud(cache.grid(grid.camera, 1)).shape == (6, 8)


def test_a_cloud_is_read_back_by_sensor_msgs_py() -> None:
    points = np.random.default_rng(0).normal(size=(4, 5, 4)).astype(np.float32)
    points[1, 2, :3] = np.nan
    read = point_cloud2.read_points(cloud_of(points), field_names=["x", "y", "z"], skip_nans=True)
    assert len(read) == 19
    np.testing.assert_array_equal(read["x"][0], points[0, 0, 0])


def stack(count: int = 3) -> FocalStack:
    rng = np.random.default_rng(1)
    distances = [0.5, math.inf, math.nan][:count]
    return FocalStack(
        tuple(
            FocusSlice(rng.integers(0, 256, (6, 8, 3), np.uint8), distance, 10**9 * (5 - number))
            for number, distance in enumerate(distances)
        ),
        CameraModel(8, 6, 7.0, 7.0, 3.5, 2.5),
    )


def test_a_focal_stack_survives_its_message() -> None:
    sent = stack()
    message = messages.focal_stack_message(sent, "optical")
    assert messages.stamp_ns(message.header.stamp) == 5 * 10**9
    assert message.first_stamp.sec == 3 and message.last_stamp.sec == 5
    assert {image.header.frame_id for image in message.images} == {"optical"}
    back = messages.focal_stack(message)
    assert back.camera == sent.camera
    np.testing.assert_array_equal(back.focus_distances_m, sent.focus_distances_m)
    assert [item.stamp_ns for item in back.slices] == [item.stamp_ns for item in sent.slices]
    for one, other in zip(back.slices, sent.slices, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_a_focal_stack_that_contradicts_itself_is_refused() -> None:
    message = messages.focal_stack_message(stack(), "optical")
    message.focus_distances = [0.5, 1.0]
    with pytest.raises(InputError, match="3 images but 2 focus distances"):
        messages.focal_stack(message)
    message.focus_distances = [0.5, -1.0, 2.0]
    with pytest.raises(InputError, match="-1 m"):
        messages.focal_stack(message)
    message.focus_distances = [0.5, 1.0, 2.0]
    message.images[1] = messages.image_message(np.zeros((6, 9, 3), np.uint8), HEADER)
    with pytest.raises(InputError, match="one size"):
        messages.focal_stack(message)
    with pytest.raises(InputError, match="at least one slice"):
        messages.focal_stack(FocalStackMessage())


def test_another_header_leaves_the_original_alone() -> None:
    original = info()
    copied = messages.with_header(original, HEADER)
    assert copied.header == HEADER
    assert original.header == Header()
    assert copied.k.tolist() == original.k.tolist()


def test_a_focus_state_says_what_it_was_told() -> None:
    message = messages.focus_state_message(HEADER, 0.5, lens_position=2.0, unit=2, settled=False)
    assert (message.focus_distance, message.lens_position) == (0.5, 2.0)
    assert message.lens_position_unit == FocusState.UNIT_DIOPTRES
    assert not message.settled


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
SIZES = st.integers(0, 12)


@given(
    st.sampled_from([*ENCODINGS, "", "bayer_rggb8", "yuv422", "jpeg"]),
    SIZES,
    SIZES,
    st.integers(0, 64),
    st.integers(0, 1),
    st.binary(max_size=256),
)
def test_random_image_messages_convert_or_are_refused(
    encoding: str, height: int, width: int, step: int, big: int, data: bytes
) -> None:
    message = Image(encoding=encoding, height=height, width=width, step=step, is_bigendian=big)
    message.data = array("B", data)
    try:
        pixels = messages.slice_image(message)
    except InputError:
        return
    assert pixels.shape[:2] == (height, width)


@given(
    st.lists(NUMBERS, min_size=9, max_size=9),
    st.lists(NUMBERS, min_size=12, max_size=12),
    st.lists(NUMBERS, max_size=14),
    st.lists(st.integers(0, 20), min_size=8, max_size=8),
)
def test_random_camera_infos_give_a_camera_or_are_refused(
    k: list[float], p: list[float], d: list[float], sizes: list[int]
) -> None:
    message = CameraInfo(width=sizes[0], height=sizes[1], binning_x=sizes[2], binning_y=sizes[3])
    message.k, message.p, message.d = k, p, d
    message.roi.x_offset, message.roi.y_offset = sizes[4], sizes[5]
    message.roi.width, message.roi.height = sizes[6], sizes[7]
    try:
        camera = messages.camera_model(message, 10, 8)
    except InputError:
        return
    assert camera is None or (camera.width, camera.height) == (10, 8)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.binary(max_size=20)), max_size=4),
    st.lists(NUMBERS, max_size=4),
)
def test_random_focal_stacks_convert_or_are_refused(
    images: list[tuple[int, int, bytes]], distances: list[float]
) -> None:
    message = FocalStackMessage(focus_distances=distances)
    for height, width, data in images:
        part = Image(encoding="mono8", height=height, width=width, step=width)
        part.data = array("B", data)
        message.images.append(part)
    try:
        converted = messages.focal_stack(message)
    except InputError:
        return
    assert len(converted.slices) == len(images)
