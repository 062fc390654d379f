"""Whose image it is, and whose calibration: what was rejected leaves no trace in what goes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_camera import FRAME, STACK, STEP_NS, Camera, settle
from live_ros import RosSession
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from sweeps import wall_depth, wall_stack

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.ros import messages
from ddff_perception.types import FocalStack

pytestmark = pytest.mark.ros

LATCHED = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
Start = Callable[..., tuple[DepthFromFocusNode, Camera]]


@pytest.fixture
def start(ros: RosSession) -> Start:
    def run(stack: FocalStack = STACK, **parameters: Any) -> tuple[DepthFromFocusNode, Camera]:
        overrides = [Parameter(k.replace("__", "."), value=v) for k, v in parameters.items()]
        node: DepthFromFocusNode = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
        assert node.start()
        return node, Camera(ros, node, stack)

    return run


def info_of(size: tuple[int, int] = (96, 64)) -> CameraInfo:
    return messages.camera_info_message(STACK.camera, messages.header_at(1, FRAME), size)


def test_a_camera_info_that_is_said_once_is_heard_by_who_comes_later(
    ros: RosSession, start: Start
) -> None:
    ros.talk(CameraInfo, "camera_info", LATCHED).publish(info_of())
    _, camera = start()
    points = ros.listen(PointCloud2, "points")
    camera.with_info = False
    camera.wait()
    camera.sweep()
    camera.sweep()
    points.wait()


def test_a_camera_info_that_is_said_once_is_heard_from_a_publisher_that_comes_later(
    ros: RosSession, start: Start
) -> None:
    node, camera = start()
    points = ros.listen(PointCloud2, "points")
    camera.with_info = False
    camera.wait()
    ros.talk(CameraInfo, "camera_info", LATCHED).publish(info_of())
    ros.wait_for(lambda: node.camera.info is not None, "the camera_info")
    camera.sweep()
    points.wait()


def test_a_camera_info_that_was_rejected_is_not_published(ros: RosSession, start: Start) -> None:
    node, camera = start()
    depth = ros.listen(Image, "depth/image_rect")
    infos = ros.listen(CameraInfo, "depth/camera_info")
    camera.with_info = False
    camera.wait()
    camera.infos.publish(info_of((640, 480)))
    ros.wait_for(lambda: node.camera.info is not None, "the camera_info")
    camera.sweep()
    depth.wait()
    settle(node)
    assert node.diagnostics.total("rejected: camera_info") > 0
    camera.with_info = True
    last = camera.shoot(STACK.slices[0])
    ros.wait_for(lambda: bool(infos), "the good one")
    assert {messages.stamp_ns(info.header.stamp) for info in infos} == {last}


def test_the_frame_of_a_rejected_image_does_not_go_out(ros: RosSession, start: Start) -> None:
    node, camera = start()
    depth = ros.listen(Image, "depth/image_rect")
    camera.wait()
    camera.sweep()
    camera.with_state = False
    stamp = camera.shoot(STACK.slices[1])
    bad = messages.image_message(STACK.slices[0].image, messages.header_at(0, FRAME))
    bad.encoding = "no such thing"
    bad.header = messages.header_at(stamp + STEP_NS, "another_frame")
    camera.images.publish(bad)
    ros.wait_for(lambda: node.diagnostics.total("rejected: image_rect") == 1, "the rejection")
    # The reading lets in the image that came before the bad one.
    distance, header = STACK.slices[1].focus_distance_m, messages.header_at(stamp, FRAME)
    camera.states.publish(messages.focus_state_message(header, distance))
    ros.wait_for(lambda: messages.stamp_ns(depth[-1].header.stamp) == stamp, "depth")
    assert {message.header.frame_id for message in depth} == {FRAME}


def test_a_second_camera_on_the_topic_is_left_out_and_named(ros: RosSession, start: Start) -> None:
    node, camera = start()
    depth = ros.listen(Image, "depth/image_rect")
    camera.wait()
    black = np.zeros_like(STACK.slices[0].image)
    for item in (*STACK.slices, *STACK.slices):
        camera.shoot(item)
        other = messages.header_at(camera.stamp_ns + STEP_NS // 2, "second_camera")
        rejected = node.diagnostics.total("rejected: image_rect")
        camera.images.publish(messages.image_message(black, other))
        ros.wait_for(
            lambda before=rejected: node.diagnostics.total("rejected: image_rect") > before,
            "the rejection",
        )
    settle(node)
    ros.wait_for(
        lambda: messages.stamp_ns(depth[-1].header.stamp) == camera.stamp_ns, "the last depth"
    )
    assert {message.header.frame_id for message in depth} == {FRAME}
    found = messages.image_array(depth[-1])
    assert np.nanmedian(np.abs(1.0 / found - 1.0 / wall_depth())) < 0.1
    assert "second_camera" in node.diagnostics.report(0).values["last error"]


@pytest.mark.parametrize("how", ["deactivated", "nobody listens"])
def test_the_old_scene_is_forgotten_after_a_pause(ros: RosSession, start: Start, how: str) -> None:
    node, camera = start()
    listener = ros.node.create_subscription(Image, "depth/image_rect", lambda _: None, 10)
    camera.wait()
    for _ in range(2):
        camera.sweep()
    settle(node)
    assert node._pipeline is not None and node._pipeline.slices == len(STACK.slices)
    if how == "deactivated":
        node.trigger_deactivate()
    else:
        ros.stop_listening(listener)
    ros.wait_for(lambda: camera.images.get_subscription_count() == 0, "the node to let go")
    # The robot drives on: another wall, after twice the time of a sweep.
    camera.stamp_ns += 12 * STEP_NS
    camera.stack = wall_stack(96, 64)
    depth = ros.listen(Image, "depth/image_rect")
    if how == "deactivated":
        node.trigger_activate()
    camera.wait()
    stamps = [camera.shoot(item) for item in camera.stack.slices]
    ros.wait_for(
        lambda: bool(depth) and messages.stamp_ns(depth[-1].header.stamp) == stamps[-1], "depth"
    )
    # Depth is of the new scene alone, and comes with its third slice.
    assert messages.stamp_ns(depth[0].header.stamp) >= stamps[2]
    counters = node._pipeline.counters
    assert (counters["pauses"], counters["held_back"]) == (1, 0)
