"""The node over live DDS: colour and depth in, labels, confidence, overlay and points out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_health import ERROR, WARN, Reports, level, values
from live_rgbd import DEPTH, FRAME, IMAGES, LABELS, POINTS, LiveRgbd
from live_ros import RosSession
from rclpy.parameter import Parameter
from rooms import CAMERA, gravity, millimetres, picture, room, write_room
from sensor_msgs.msg import Image, Imu
from sensor_msgs_py import point_cloud2
from std_msgs.msg import String

from ddff_perception.optics.rigid_transform import RigidTransform
from ddff_perception.ros import messages
from ddff_perception.ros.qos import PROFILES
from ddff_perception.segmentation.types import CLASSES
from ddff_perception.simulation.rgbd_camera.node import SimRgbdCamera
from ddff_perception.types import CameraModel

pytestmark = pytest.mark.ros

Start = Callable[..., LiveRgbd]
RIGHT = 0.95


@pytest.fixture
def start(ros: RosSession) -> Start:
    return lambda *arguments, **given: LiveRgbd(ros, *arguments, **given)


def right(labels: np.ndarray, truth: np.ndarray = LABELS) -> float:
    return float(np.mean(labels == truth))


def test_every_output_carries_the_stamp_and_frame_of_colour(start: Start) -> None:
    run = start((*IMAGES, POINTS))
    stamp = run.shoot()
    assert right(run.labels(stamp)) > RIGHT
    for name, encoding in zip(IMAGES, ("mono8", "32FC1", "bgr8"), strict=True):
        message = run.at(name, stamp)
        assert (message.encoding, message.header.frame_id) == (encoding, FRAME)
        assert (message.width, message.height) == (160, 120)
    confidence = messages.image_array(run.at(IMAGES[1], stamp))
    assert confidence.min() >= 0 and 0.5 < confidence.max() <= 1
    cloud = run.at(POINTS, stamp)
    assert (cloud.width, cloud.height, cloud.header.frame_id) == (160, 120, FRAME)
    assert [f.name for f in cloud.fields] == ["x", "y", "z", "rgb", "label", "confidence"]
    points = point_cloud2.read_points(cloud)
    labels = run.labels(stamp).ravel()
    np.testing.assert_array_equal(points["label"], labels)
    there = np.isfinite(points["z"])
    np.testing.assert_array_equal(there, labels != 255)
    np.testing.assert_allclose(points["z"][there], DEPTH.ravel()[there], atol=1e-3)


def test_the_classes_are_said_once_and_heard_by_those_who_come_later(
    ros: RosSession, start: Start
) -> None:
    run = start(listen=())
    heard = ros.listen(String, "segmentation/label_info", PROFILES["latched"]()).wait()
    said = json.loads(heard[0].data)
    assert [entry["class_name"] for entry in said["class_map"]] == list(CLASSES)
    assert [entry["class_id"] for entry in said["class_map"]] == list(range(13))
    # Who wants to know the classes does not make the node work.
    assert not run.images["color"].get_subscription_count()
    assert run.node.set_parameters([Parameter("minimum_confidence", value=0.25)])[0].successful
    ros.wait_for(lambda: len(heard) > 1, "the classes anew")
    assert json.loads(heard[1].data)["threshold"] == 0.25


def test_floats_in_metres_give_what_millimetres_give(start: Start) -> None:
    run = start()
    first, second = run.shoot(), run.shoot(depth=np.where(DEPTH < 9, DEPTH, np.nan))
    assert np.mean(run.labels(first) == run.labels(second)) > 0.98


@pytest.mark.parametrize("apart_ms", [-4, 4, 15])
def test_stamps_that_are_a_little_apart_are_of_one_instant(start: Start, apart_ms: int) -> None:
    run = start()
    stamp = run.shoot(apart_ns=apart_ms * 1_000_000)
    assert right(run.labels(stamp)) > RIGHT


def test_stamps_that_are_far_apart_are_told_and_joined_where_slop_allows(
    ros: RosSession, start: Start
) -> None:
    run = start(sync_queue_size=2)
    reports = Reports(ros, run.node)
    words, told = "the stamps of colour and depth are too far apart", []
    for _ in range(400):
        run.shoot(apart_ns=60_000_000)
        time.sleep(0.02)
        told = [s for s in reports.all if words in s.message and level(s) == ERROR]
        if told:
            break
    assert not run.heard["segmentation/image"]
    assert "raise slop_s" in told[0].message
    other = start(slop_s=0.07)
    assert right(other.labels(other.shoot(apart_ns=60_000_000))) > RIGHT


def test_without_depth_the_reason_is_told_and_it_works_again_when_depth_comes(
    ros: RosSession, start: Start
) -> None:
    run = start(alone_after_s=0.25)
    reports = Reports(ros, run.node)
    for _ in range(5):
        run.shoot(depth=None)
    reports.wait_told("were labelled alone: no depth came", WARN, ERROR)
    assert "the method planes needs depth" in run.complaint()
    # The first of the two was taken before depth was there again.
    run.shoot()
    assert right(run.labels(run.shoot())) > RIGHT


def test_without_colour_depth_is_labelled_alone(ros: RosSession, start: Start) -> None:
    run = start(("segmentation/image", "segmentation/overlay"), alone_after_s=0.25)
    for _ in range(5):
        stamp = run.shoot(color=None)
    assert right(run.labels(stamp)) > RIGHT
    assert messages.image_array(run.at("segmentation/overlay", stamp)).shape == (120, 160, 3)
    assert run.total("alone: depth/image_rect") >= 1
    assert "rejected: internal error" not in run.rejected()


def test_the_network_labels_what_is_there_and_both_again_when_both_come(start: Start) -> None:
    pytest.importorskip("onnxruntime")
    network = {"method": "fuse_light", "fuse_light__shorter_side": 96, "alone_after_s": 0.25}
    run = start(IMAGES[:2], **network, engine__backend="onnxruntime", engine__threads=1)
    both = run.labels(run.shoot())
    for missing, there in (("depth", "color"), ("color", "depth")):
        before = run.total(f"alone: {there}/image_rect")
        for _ in range(5):
            stamp = run.shoot(**{missing: None})
        assert run.total(f"alone: {there}/image_rect") > before
        alone, confidence = run.labels(stamp), messages.image_array(run.at(IMAGES[1], stamp))
        assert (alone != 255).all() and confidence.min() > 1 / len(CLASSES)
        assert (alone != both).any()
        run.shoot()
        np.testing.assert_array_equal(run.labels(run.shoot()), both)
    assert not run.rejected()


def test_the_network_says_why_depth_that_comes_is_not_looked_at(
    ros: RosSession, start: Start
) -> None:
    pytest.importorskip("onnxruntime")
    network = {"method": "fuse_light", "fuse_light__shorter_side": 96}
    run = start(IMAGES[:1], **network, engine__backend="onnxruntime", engine__threads=1)
    reports = Reports(ros, run.node)
    assert (run.labels(run.shoot(camera=None)) != 255).all()
    reports.wait_told("came without a camera_info", WARN, ERROR)
    run.shoot(depth=np.zeros((120, 160), np.uint16))
    reports.wait_told("had no measured pixel between depth.minimum_m", WARN, ERROR)


def test_points_that_cannot_be_made_are_told(start: Start) -> None:
    pytest.importorskip("onnxruntime")
    network = {"method": "fuse_light", "fuse_light__shorter_side": 96}
    given = {"engine__backend": "onnxruntime", "engine__threads": 1, "input": "color"}
    run = start((POINTS,), **network, **given)
    run.shoot(depth=None)
    assert "there is no depth to make points of" in run.complaint()


def test_depth_alone_is_a_mode_without_colour_topics(start: Start) -> None:
    run = start(input="depth")
    assert set(run.images) == {"depth"}
    assert right(run.labels(run.shoot(color=None))) > RIGHT


def shifted_camera() -> tuple[CameraModel, np.ndarray, list[float]]:
    """A depth camera of its own that stands 8 cm beside colour, turned a little, and its depth."""
    camera = CameraModel(120, 100, 100.0, 100.0, 59.5, 49.5)
    numbers = [0.08, 0.01, 0.0, 0.0, 0.02, 0.0, 0.9998]
    return camera, millimetres(room(camera, at=RigidTransform.of_numbers(numbers))[0]), numbers


def test_unregistered_depth_is_moved_onto_colour(start: Start) -> None:
    camera, depth, numbers = shifted_camera()
    run = start(("segmentation/image", POINTS), extrinsics=numbers)
    run.calibrate("depth", camera, "camera_depth_optical_frame")
    stamp = run.shoot(depth=depth, frames=(FRAME, "camera_depth_optical_frame"))
    assert right(run.labels(stamp)[10:-10, 20:-20], LABELS[10:-10, 20:-20]) > 0.9
    points = point_cloud2.read_points(run.at(POINTS, stamp))["z"].reshape(120, 160)
    there = np.isfinite(points)
    off = np.abs(points - DEPTH)[there]
    assert there.mean() > 0.6 and np.mean(off < 0.05) > 0.95


def test_unregistered_depth_without_a_transform_is_told(start: Start) -> None:
    camera, depth, _ = shifted_camera()
    run = start()
    run.calibrate("depth", camera, "camera_depth_optical_frame")
    run.shoot(depth=depth, frames=(FRAME, "camera_depth_optical_frame"))
    assert "camera_depth_optical_frame" in run.complaint()
    assert run.total("outputs") == 0


def test_depth_of_another_size_in_the_frame_of_colour_is_registered_by_both_cameras(
    start: Start,
) -> None:
    camera = CAMERA.resized(80, 60)
    run = start()
    run.calibrate("depth", camera)
    stamp = run.shoot(depth=millimetres(room(camera)[0]))
    assert right(run.labels(stamp)[5:-5, 5:-5], LABELS[5:-5, 5:-5]) > 0.9


def test_depth_of_another_size_without_camera_info_is_told(start: Start) -> None:
    run = start()
    run.shoot(depth=np.full((60, 80), 1500, np.uint16), camera=None)
    assert "color/camera_info, depth/camera_info" in run.complaint()


def test_without_camera_info_it_says_what_is_missing(start: Start) -> None:
    run = start()
    run.shoot(camera=None)
    assert "needs the camera's calibration" in run.complaint()
    assert right(run.labels(run.shoot())) > RIGHT


def test_large_images_are_labelled_at_their_own_size(start: Start) -> None:
    camera = CAMERA.resized(800, 600)
    depth, truth = room(camera)
    run = start()
    stamp = run.shoot(picture(truth), millimetres(depth), camera=camera)
    labels = run.labels(stamp)
    assert labels.shape == (600, 800) and right(labels, truth) > 0.93


@pytest.mark.parametrize(
    "image", [np.zeros((120, 160), np.uint16), np.full((120, 160), np.nan, np.float32)]
)
def test_depth_of_nothing_but_holes_is_told(start: Start, image: np.ndarray) -> None:
    run = start()
    run.shoot(depth=image)
    assert "has no measured pixel" in run.complaint()
    alone = start(input="depth")
    alone.shoot(color=None, depth=image)
    assert "has no measured pixel" in alone.complaint()


def test_holes_stay_unlabelled_and_cost_no_more_than_themselves(start: Start) -> None:
    depth = millimetres(DEPTH)
    holes = np.random.default_rng(0).random(depth.shape) < 0.3
    depth[holes] = 0
    run = start()
    labels = run.labels(run.shoot(depth=depth))
    assert (labels[holes] == 255).all()
    assert right(labels[~holes], LABELS[~holes]) > 0.93


@pytest.mark.parametrize(
    ("depth", "unit"),
    [((DEPTH * 1000).astype(np.float32), "0.001"), ((DEPTH / 1000).astype(np.float32), "check")],
)
def test_a_unit_that_is_wrong_by_a_thousand_is_told(
    ros: RosSession, start: Start, depth: np.ndarray, unit: str
) -> None:
    run = start()
    reports = Reports(ros, run.node)
    run.shoot(depth=depth)
    assert "its unit is another one" in run.complaint() and unit in run.complaint()
    reports.wait_told("its unit is another one", WARN, ERROR)
    assert right(run.labels(run.shoot())) > RIGHT


def test_a_unit_can_be_set_while_it_runs(start: Start) -> None:
    run = start()
    (answer,) = run.node.set_parameters([Parameter("depth.unit_m", value=0.0002)])
    assert answer.successful
    run.settle()
    stamp = run.shoot(depth=np.rint(DEPTH.clip(0, 10) * 5000).astype(np.uint16))
    assert right(run.labels(stamp)) > RIGHT


@pytest.mark.parametrize(
    ("part", "encoding"), [("color", "32FC1"), ("depth", "bgr8"), ("depth", "8UC1")]
)
def test_colour_and_depth_that_are_mixed_up_are_told_at_once(
    start: Start, part: str, encoding: str
) -> None:
    run = start()
    message = messages.image_message(np.zeros((4, 4), np.uint8), messages.header_at(10**12, FRAME))
    message.encoding = encoding
    run.send(part, message)
    assert encoding in run.complaint() and f"rejected: {part}/image_rect" in run.rejected()


def test_classes_and_confidence_choose_what_is_kept(start: Start) -> None:
    run = start(classes=["floor", "table"])
    labels = run.labels(run.shoot())
    assert set(np.unique(labels)) == {CLASSES.index("floor"), CLASSES.index("table"), 255}
    (answer,) = run.node.set_parameters([Parameter("classes", value=["flor"])])
    assert not answer.successful and "no class 'flor'" in answer.reason
    assert run.node.set_parameters([Parameter("minimum_confidence", value=0.999)])[0].successful
    run.settle()
    assert (run.labels(run.shoot()) == 255).all()


def test_points_of_chosen_classes_are_obstacles_alone(start: Start) -> None:
    run = start((POINTS,), points__classes=["table", "objects"])
    points = point_cloud2.read_points(run.at(POINTS, run.shoot()))
    there = np.isfinite(points["x"])
    kept = {CLASSES.index("table"), CLASSES.index("objects")}
    assert there.any() and set(np.unique(points["label"][there])) <= kept


def test_what_has_no_label_is_a_point_unless_it_is_left_out(start: Start) -> None:
    run = start((POINTS,), classes=["floor"])
    points = point_cloud2.read_points(run.at(POINTS, run.shoot()))
    there = np.isfinite(points["x"])
    assert set(np.unique(points["label"][there])) == {CLASSES.index("floor"), 255}
    assert run.node.set_parameters([Parameter("points.unlabelled", value=False)])[0].successful
    run.settle()
    points = point_cloud2.read_points(run.at(POINTS, run.shoot()))
    assert set(np.unique(points["label"][np.isfinite(points["x"])])) == {CLASSES.index("floor")}


def test_gravity_of_an_imu_tells_floor_from_wall(ros: RosSession, start: Start) -> None:
    run = start(gravity__source="imu")
    run.shoot()
    assert "no reading of imu yet" in run.complaint()
    talker = ros.talk(Imu, "imu")
    ros.wait_met(talker)
    message = Imu(header=messages.header_at(run.stamp_ns, FRAME))
    force = message.linear_acceleration
    force.x, force.y, force.z = (-9.81 * float(v) for v in gravity())
    talker.publish(message)
    ros.wait_for(lambda: run.total("imu in"), "imu")
    assert right(run.labels(run.shoot())) > RIGHT


def test_smoothing_keeps_labels_through_a_frame_without_them(start: Start) -> None:
    run = start(smoothing=0.8)
    for _ in range(3):
        run.shoot()
    depth = millimetres(DEPTH)
    depth[40:60, 40:60] = 0
    labels = run.labels(run.shoot(depth=depth))
    assert (labels[45:55, 45:55] != 255).mean() > 0.9


def test_a_second_camera_on_the_topic_is_told(start: Start) -> None:
    run = start()
    run.shoot()
    run.shoot(frames=("other", "other"))
    assert "images of two cameras" in run.complaint()


def test_the_simulated_camera_is_labelled_live(
    ros: RosSession, start: Start, tmp_path: Any
) -> None:
    run = start()
    given = {"source": str(write_room(tmp_path / "room")), "rate_hz": 20.0}
    overrides = [Parameter(name, value=value) for name, value in given.items()]
    camera = ros.add(SimRgbdCamera(parameter_overrides=overrides))
    truth = ros.listen(Image, "truth/labels")
    assert camera.start()
    truth.wait(3)
    run.heard["segmentation/image"].wait(2)
    assert right(messages.image_array(run.heard["segmentation/image"][1])) > RIGHT


def test_an_active_node_says_how_it_is(ros: RosSession, start: Start) -> None:
    run = start()
    reports = Reports(ros, run.node)
    well: list[Any] = []
    for _ in range(200):
        run.shoot()
        well = [values(status) for status in reports.all if status.message == "running"]
        well = [found for found in well if "mean confidence" in found]
        if well:
            break
    found = well[0]
    assert found["method"] == "planes" and 0 < float(found["mean confidence"]) <= 1
