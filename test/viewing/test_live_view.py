"""Live nodes as a source, over real DDS: subscribed while one looks, parameters really set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("rclpy")

from live_camera import STACK, Camera
from live_ros import PATIENCE_S, RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.files.bags_types import IMAGE
from ddff_perception.ros import messages
from ddff_perception.viewing.layout import panes
from ddff_perception.viewing.live_node import LiveNode

pytestmark = pytest.mark.ros

DEPTH, TARGET = "/depth/image_rect", "/depth_from_focus"


@pytest.fixture
def live(ros: RosSession) -> Iterator[LiveNode]:
    source = LiveNode()
    yield source
    source.close()


@pytest.fixture
def node(ros: RosSession) -> DepthFromFocusNode:
    given = [Parameter("diagnostics_period_s", value=0.1)]
    made: DepthFromFocusNode = ros.add(DepthFromFocusNode(parameter_overrides=given))
    assert made.start()
    return made


def until(live: LiveNode, condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited for {what}"
        live.wait(0.05)


def test_a_lazy_node_works_only_while_its_depth_is_looked_at(
    ros: RosSession, live: LiveNode, node: DepthFromFocusNode
) -> None:
    camera = Camera(ros, node)
    live.wait(0.3)
    assert live.streams == {} and node.count_subscribers(DEPTH) == 0
    assert camera.images.get_subscription_count() == 0
    live.follow({DEPTH: IMAGE})
    camera.wait()
    camera.sweep()
    found = {}
    until(live, lambda: found.update(live.take()) or DEPTH in found, "depth")
    depth = messages.image_array(found[DEPTH].message)
    assert depth.shape == STACK.images[0].shape[:2]
    until(live, live.statuses, "diagnostics")
    assert live.statuses()[0].name == f"{TARGET}: stream"
    live.follow({})
    assert live.streams == {}
    until(live, lambda: not camera.images.get_subscription_count(), "the node to rest")
    assert live.take() == {} and live.statuses() == []


def test_a_node_is_found_with_its_topics_and_opened_as_its_capability_says(
    live: LiveNode, node: DepthFromFocusNode
) -> None:
    def subject():
        there = {subject.name: subject for subject in live.subjects()}
        return there.get(TARGET)

    until(live, lambda: subject() and len(panes(subject())) > 3, "the node")
    assert live.subjects()[0].name == TARGET
    opened = [pane.topic for pane in panes(subject()) if pane.opened]
    assert opened == [
        "/depth/image_rect",
        "/depth/confidence",
        "/image_all_in_focus",
        "/points",
    ]
    assert live.get_name() not in {name.strip("/") for name in (s.name for s in live.subjects())}


def test_parameters_are_set_and_what_is_refused_is_said(
    live: LiveNode, node: DepthFromFocusNode
) -> None:
    live.choose(TARGET)
    assert live.parameters() is None
    live.follow({DEPTH: IMAGE})
    until(live, live.parameters, "parameters")
    found = live.parameters()
    slices = found["minimum_slices"]
    assert (slices.default, slices.minimum, slices.maximum) == (3, 2, 1000)
    assert "depth is published from this many slices on" in slices.description
    assert found["depth_encoding"].choices == ("32FC1", "16UC1")
    assert not found["save_folder"].dynamic
    assert found["focal_stack_period_s"].description.endswith("[s]")
    said: list[str] = []
    live.set_parameter("minimum_slices", 5, said.append)
    until(live, lambda: said, "an answer")
    assert said == [""] and node.get_parameter("minimum_slices").value == 5
    until(live, lambda: live.parameters()["minimum_slices"].default == 5, "the new value")
    for name, value, words in (
        ("minimum_slices", 1, "2"),
        ("points.minimum_m", 2e6, "1000000"),
        ("save_folder", "/tmp/x", "read-only"),
        ("method", "no_such", "multiscale"),
        ("absent", 1, "there is no absent"),
    ):
        said.clear()
        live.set_parameter(name, value, said.append)
        until(live, lambda: said, "an answer")
        assert words in said[0], (name, said)
    assert node.get_parameter("minimum_slices").value == 5


def test_what_others_change_is_seen(live: LiveNode, node: DepthFromFocusNode) -> None:
    live.choose(TARGET)
    live.follow({DEPTH: IMAGE})
    until(live, live.parameters, "parameters")
    assert node.set_parameters([Parameter("minimum_slices", value=7)])[0].successful
    until(live, lambda: live.parameters()["minimum_slices"].default == 7, "the change")
    live.choose("")
    assert live.parameters() is None


def test_any_other_node_is_looked_at_too(ros: RosSession, live: LiveNode) -> None:
    talker = ros.talk(Image, "/elsewhere/picture")

    def subject():
        return {subject.name: subject for subject in live.subjects()}.get("/tester")

    until(live, lambda: subject() and "/elsewhere/picture" in subject().topics, "the node")
    assert [pane.topic for pane in panes(subject()) if pane.opened] == ["/elsewhere/picture"]
    live.follow({"/elsewhere/picture": IMAGE})
    ros.wait_met(talker)
    talker.publish(messages.image_message(STACK.images[0], messages.header_at(1, "camera")))
    found = {}
    until(live, lambda: found.update(live.take()) or found, "the picture")


def test_a_topic_of_an_unknown_type_is_said(live: LiveNode) -> None:
    live.follow({"/strange": "no_such_msgs/msg/Thing"})
    assert "the message no_such_msgs/msg/Thing is not installed" in live.unreadable
    assert "/strange" not in live.streams
