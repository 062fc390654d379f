from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from ddff_perception.msg import FocusState
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image
from sweeps import wall_depth, wall_stack, write_wall

from ddff_perception.files.stack_folder import write_stack
from ddff_perception.ros import messages
from ddff_perception.simulation.focus_camera.node import SimCamera
from ddff_perception.types import FocalStack, FocusSlice

pytestmark = pytest.mark.ros

Start = Callable[..., SimCamera]


@pytest.fixture
def start(ros: RosSession) -> Start:
    def run(source: Path, **parameters: Any) -> SimCamera:
        given = {"source": str(source), "rate_hz": 100.0, **parameters}
        node = SimCamera(parameter_overrides=[Parameter(k, value=v) for k, v in given.items()])
        assert node.start()
        return ros.add(node)  # type: ignore[no-any-return]

    return run


def stamps(heard: list[Any]) -> list[int]:
    return [messages.stamp_ns(message.header.stamp) for message in heard]


def test_image_focus_and_truth_carry_one_stamp(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    heard = {
        topic: ros.listen(kind, topic)
        for topic, kind in (
            ("image_rect", Image),
            ("camera_info", CameraInfo),
            ("focus_state", FocusState),
            ("truth/depth", Image),
            ("truth/camera_info", CameraInfo),
        )
    }
    start(write_wall(tmp_path), frame_id="lens_optical_frame", wait_for_subscribers=1)
    for received in heard.values():
        received.wait(12)
    common = set(stamps(heard["image_rect"]))
    for topic, received in heard.items():
        assert len(common & set(stamps(received))) >= 10, topic
        assert {m.header.frame_id for m in received} == {"lens_optical_frame"}
    by_stamp = {messages.stamp_ns(m.header.stamp): m for m in list(heard["focus_state"])}
    slices = {round(s.focus_distance_m, 6): s.image for s in wall_stack().slices}
    for stamp, image in zip(stamps(heard["image_rect"])[:8], heard["image_rect"], strict=False):
        shown = by_stamp[stamp]
        assert shown.settled and shown.lens_position == pytest.approx(1 / shown.focus_distance)
        expected = slices[round(shown.focus_distance, 6)]
        np.testing.assert_array_equal(messages.image_array(image), expected)
    truth = messages.image_array(heard["truth/depth"][0])
    np.testing.assert_array_equal(truth, wall_depth())
    camera = messages.camera_model(heard["camera_info"][0], 96, 64)
    assert camera == wall_stack().camera


def test_one_sweep_without_loop_from_near_to_far(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    images = ros.listen(Image, "image_rect")
    states = ros.listen(FocusState, "focus_state")
    start(write_wall(tmp_path), loop=False, order="up", wait_for_subscribers=1)
    states.wait(6)
    images.wait(6)
    distances = [state.focus_distance for state in states]
    assert distances == sorted(distances) and len(set(distances)) == 6


def test_frames_between_two_distances_are_not_settled(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    states = ros.listen(FocusState, "focus_state")
    ros.listen(Image, "image_rect")
    parameters = {"moving_frames": 2, "dwell_frames": 2, "order": "up", "loop": False}
    start(write_wall(tmp_path, count=3), wait_for_subscribers=1, **parameters)
    states.wait(10)
    assert [s.settled for s in states] == [True, True, False, False] * 2 + [True, True]
    dioptres = [1 / s.focus_distance for s in states]
    np.testing.assert_allclose(np.diff(dioptres[1:5]), (dioptres[4] - dioptres[1]) / 3)


def test_noise_is_added_and_repeats_with_its_seed(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    images = ros.listen(Image, "image_rect")
    write_wall(tmp_path, count=2)
    start(tmp_path, noise=5.0, order="up", wait_for_subscribers=1)
    images.wait(2)
    clean = wall_stack(count=2).slices[0].image.astype(float)
    noise = messages.image_array(images[0]) - clean
    inside = (clean > 30) & (clean < 225)
    assert noise[inside].std() == pytest.approx(5.0, rel=0.1)


def test_unknown_distances_and_camera_are_said_to_be_unknown(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    plain = tuple(FocusSlice(item.image, math.nan) for item in wall_stack(count=3).slices)
    write_stack(tmp_path, FocalStack(plain))
    states = ros.listen(FocusState, "focus_state")
    infos = ros.listen(CameraInfo, "camera_info")
    start(tmp_path)
    states.wait()
    infos.wait()
    assert math.isnan(states[0].focus_distance)
    assert messages.camera_model(infos[0], 96, 64) is None


def test_the_rate_changes_while_it_runs(ros: RosSession, start: Start, tmp_path: Path) -> None:
    node = start(write_wall(tmp_path), rate_hz=0.1)
    states = ros.listen(FocusState, "focus_state")
    ros.wait_for(lambda: ros.node.count_publishers("focus_state"), "the camera")
    assert node.set_parameters([Parameter("rate_hz", value=200.0)])[0].successful
    states.wait(5)


def test_a_folder_without_a_stack_stops_the_start(
    ros: RosSession, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = Parameter("source", value=str(tmp_path))
    assert not ros.add(SimCamera(parameter_overrides=[source])).start()
    assert "has no stack.json" in capfd.readouterr().err
