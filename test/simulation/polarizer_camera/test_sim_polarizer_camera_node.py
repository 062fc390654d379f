"""The simulated polarization camera over live DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_ros import RosSession
from panes import pane_camera, small_pane
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, JointState

from ddff_perception.files.polarization_folder import write_polarization
from ddff_perception.ros import messages
from ddff_perception.simulation.polarizer_camera.node import SimPolarizerCamera

pytestmark = pytest.mark.ros

Start = Callable[..., SimPolarizerCamera]


@pytest.fixture
def start(ros: RosSession, tmp_path: Path) -> Start:
    write_polarization(tmp_path / "pane", small_pane())

    def run(**parameters: Any) -> SimPolarizerCamera:
        given = {"source": str(tmp_path / "pane"), "rate_hz": 50.0, **parameters}
        values = [Parameter(name, value=value) for name, value in given.items()]
        node: SimPolarizerCamera = ros.add(SimPolarizerCamera(parameter_overrides=values))
        assert node.start()
        return node

    return run


def stamps(heard: list[Any]) -> set[int]:
    return {messages.stamp_ns(message.header.stamp) for message in heard}


@pytest.mark.parametrize("kind", ["mosaic", "angles", "rotating"])
def test_images_info_filter_and_truth_carry_one_stamp(
    ros: RosSession, start: Start, kind: str
) -> None:
    camera = pane_camera(kind)
    names = list(camera.frame(0).images)
    heard = {name: ros.listen(Image, name) for name in (*names, "truth/transmission")}
    heard["camera_info"] = ros.listen(CameraInfo, "camera_info")
    if kind == "rotating":
        heard["filter_state"] = ros.listen(JointState, "filter_state")
    node = start(camera=kind, frame_id="lens", wait_for_subscribers=1)
    for received in heard.values():
        received.wait(6)
    common = set.intersection(*(stamps(received) for received in heard.values()))
    assert len(common) >= 3
    assert {m.header.frame_id for received in heard.values() for m in received} == {"lens"}
    assert (heard["camera_info"][0].width, heard["camera_info"][0].height) == camera.size
    np.testing.assert_array_equal(
        messages.image_array(heard["truth/transmission"][0]), small_pane().transmission
    )
    number = 0 if kind != "rotating" else None
    for name in names:
        shown = messages.image_array(heard[name][0])
        if number is not None:
            np.testing.assert_array_equal(shown, camera.frame(0).images[name])
    offered = {topic.name for topic in node.outputs()}
    assert ("filter_state" in offered) == (kind == "rotating")
    assert ("image_a" in offered) == (kind == "angles")


def test_the_filter_stands_as_its_image_says(ros: RosSession, start: Start) -> None:
    images, states = ros.listen(Image, "image_rect"), ros.listen(JointState, "filter_state")
    start(camera="rotating", wait_for_subscribers=1)
    images.wait(6)
    states.wait(6)
    angle = {messages.stamp_ns(m.header.stamp): np.degrees(m.position[0]) for m in states}
    by_angle = dict(zip(small_pane().angles_deg, small_pane().images, strict=True))
    for message in images[:4]:
        stamp = messages.stamp_ns(message.header.stamp)
        ros.wait_for(
            lambda stamp=stamp: (
                stamp in angle
                or angle.update(
                    {messages.stamp_ns(m.header.stamp): np.degrees(m.position[0]) for m in states}
                )
            ),
            "the filter's state",
        )
        expected = by_angle[round(angle[stamp]) % 180]
        np.testing.assert_array_equal(messages.image_array(message), expected)


def test_the_rate_changes_while_it_runs(ros: RosSession, start: Start) -> None:
    node = start(rate_hz=0.1)
    infos = ros.listen(CameraInfo, "camera_info")
    ros.wait_for(lambda: ros.node.count_publishers("camera_info"), "the camera")
    assert node.set_parameters([Parameter("rate_hz", value=100.0)])[0].successful
    infos.wait(3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "nowhere"}, "has no polarization.json"),
        ({"camera": "angles", "angles_deg": [0.0, 30.0, 60.0, 90.0, 120.0]}, "4 polarizer angles"),
    ],
)
def test_a_polarization_camera_that_cannot_start_says_why(
    ros: RosSession, values: dict[str, Any], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [Parameter(name, value=value) for name, value in values.items()]
    assert not ros.add(SimPolarizerCamera(parameter_overrides=given)).start()
    assert words in capfd.readouterr().err
