"""Images on TOPIC/compressed over live DDS, as image_transport's publishers send them."""

from __future__ import annotations

import re
import struct

import cv2
import numpy as np
import pytest
import rooms

pytest.importorskip("rclpy")

from ddff_perception.msg import FocusState
from hostile_files import png_of
from live_camera import FRAME, STACK
from live_ros import RosSession
from node_battery import IMAGE, node_class, rejected
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from ddff_perception.ros import messages
from ddff_perception.ros.nodes import node_interface

pytestmark = pytest.mark.ros
# A header that says 30,000 x 30,000: what follows would never be looked at.
HUGE = re.sub(rb"(?<=IHDR).{8}", struct.pack(">II", 30_000, 30_000), png_of(4, 4), flags=re.DOTALL)
NODES = ("depth_from_focus", "reflection_separation", "rgbd_segmentation")


def started(ros: RosSession, name: str, transport: str = "compressed", **values: str):
    kind = node_class(node_interface(name))
    given = {"image_transport": transport, **values}
    node = ros.add(kind(parameter_overrides=[Parameter(k, value=v) for k, v in given.items()]))
    assert node.start()
    return node


def packed(image: np.ndarray, suffix: str, stamp_ns: int) -> CompressedImage:
    message = CompressedImage(
        header=messages.header_at(stamp_ns, FRAME), format=f"bgr8; {suffix} compressed bgr8"
    )
    message.data.frombytes(cv2.imencode(f".{suffix}", image)[1].tobytes())
    return message


@pytest.mark.parametrize("name", NODES)
def test_images_are_awaited_compressed_and_depth_as_it_is(ros: RosSession, name: str) -> None:
    node = started(ros, name)
    output = next(topic for topic in node.outputs() if topic.type == IMAGE)
    ros.listen(Image, output.name)
    for topic in node.inputs():
        if topic.type == IMAGE:
            end = "" if topic.name.startswith("depth") else "/compressed"
            ros.wait_for(lambda n=topic.name + end: ros.node.count_subscribers(n), topic.name + end)


def test_labels_come_of_depth_on_its_compressed_twin(ros: RosSession) -> None:
    node = started(ros, "rgbd_segmentation", "compressed_depth", method="planes", input="depth")
    heard = ros.listen(Image, "segmentation/image")
    depth = ros.talk(CompressedImage, "depth/image_rect/compressedDepth")
    info = ros.talk(CameraInfo, "depth/camera_info")
    for publisher in (depth, info):
        ros.wait_met(publisher)
    header = messages.header_at(10**12, FRAME)
    size = (rooms.CAMERA.width, rooms.CAMERA.height)
    info.publish(messages.camera_info_message(rooms.CAMERA, header, size))
    ros.wait_for(lambda: node.cameras["depth/camera_info"].info, "the camera")
    content = cv2.imencode(".png", rooms.millimetres(rooms.room()[0]))[1].tobytes()
    message = CompressedImage(header=header, format="16UC1; compressedDepth png")
    message.data.frombytes(struct.pack("<iff", 0, 0.0, 0.0) + content)
    depth.publish(message)
    labels = messages.image_array(heard.wait()[0])
    assert (labels == rooms.room()[1])[labels > 0].mean() > 0.5


@pytest.mark.parametrize("suffix", ["png", "jpeg"])
def test_depth_comes_of_compressed_images_and_damaged_ones_are_counted(
    ros: RosSession, suffix: str
) -> None:
    node = started(ros, "depth_from_focus")
    heard = ros.listen(Image, "depth/image_rect")
    images = ros.talk(CompressedImage, "image_rect/compressed")
    states = ros.talk(FocusState, "focus_state")
    for publisher in (images, states):
        ros.wait_met(publisher)
    for shot, item in enumerate(STACK.slices):
        stamp_ns = 10**12 + shot * 50_000_000
        header = messages.header_at(stamp_ns, FRAME)
        state = messages.focus_state_message(header, item.focus_distance_m)
        for publisher, message, counter in (
            (states, state, "focus_state in"),
            (images, packed(item.image, suffix, stamp_ns), "image_rect in"),
        ):
            before = node.diagnostics.total(counter)
            publisher.publish(message)
            ros.wait_for(lambda c=counter, n=before: node.diagnostics.total(c) > n, counter)
    heard.wait()
    assert heard[-1].width == STACK.slices[0].image.shape[1]
    broken = packed(STACK.slices[0].image, suffix, 2 * 10**12)
    broken.data = broken.data[:40]
    huge = packed(STACK.slices[0].image, suffix, 2 * 10**12)
    huge.data = type(huge.data)("B", HUGE)
    for message in (broken, huge):
        before = sum(rejected(node).values())
        images.publish(message)
        ros.wait_for(lambda n=before: sum(rejected(node).values()) > n, "a complaint")
    assert "rejected: internal error" not in rejected(node)
