"""No depth of what was before a pause, of another camera, or after a stamp that cannot be."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from live_camera import FRAME, STACK
from live_faults import RUNNING, Sweeping
from live_health import ERROR, OK, WARN
from live_ros import RosSession
from sensor_msgs.msg import Image
from sweeps import wall_depth

from ddff_perception.ros import messages

pytestmark = pytest.mark.ros

MIRRORED = replace(
    STACK,
    slices=tuple(replace(s, image=np.ascontiguousarray(s.image[:, ::-1])) for s in STACK.slices),
)


def error_dpt(message: Image, truth: np.ndarray) -> float:
    return float(np.nanmedian(np.abs(1.0 / messages.image_array(message) - 1.0 / truth)))


@pytest.mark.parametrize("way", ["deactivated", "nobody listens", "the camera pauses"])
def test_after_a_pause_no_depth_is_of_the_old_scene(ros: RosSession, way: str) -> None:
    run = Sweeping(ros)
    for _ in range(2 * len(STACK.slices)):
        run.shoot()
    run.until(RUNNING, OK)
    assert error_dpt(run.depth[-1], wall_depth()) < 0.15
    if way == "deactivated":
        run.node.trigger_deactivate()
    elif way == "nobody listens":
        run.leave()
    time.sleep(1.5)
    if way == "deactivated":
        run.node.trigger_activate()
    elif way == "nobody listens":
        run.listen()
    run.wait()
    run.stack, before = MIRRORED, len(run.depth)
    for _ in range(2 * len(STACK.slices)):
        run.shoot()
    ros.wait_for(lambda: len(run.depth) > before + 4, "depth of the new scene")
    after = run.depth[before:]
    # Fewer slices than a whole sweep see less of the wall, but nothing of the other one.
    errors = [error_dpt(message, wall_depth()[:, ::-1]) for message in after]
    assert max(errors) < 0.3 and errors[-1] < 0.15, errors
    assert run.node.diagnostics.total("capture: held_back") == 0


def test_one_stamp_from_the_far_future_costs_one_image(ros: RosSession) -> None:
    run = Sweeping(ros)
    run.until(RUNNING, OK)
    run.ahead_ns = 10**15
    run.shoot()
    run.mend()
    run.until("stamps lie far in the future", WARN)
    run.until(RUNNING, OK)
    newest = [messages.stamp_ns(message.header.stamp) for message in run.depth]
    assert max(newest) < 10**15
    assert run.node.diagnostics.total("capture: time_jumps") == 0


def test_of_two_cameras_on_one_topic_one_is_used_and_both_are_named(ros: RosSession) -> None:
    run = Sweeping(ros)
    run.until(RUNNING, OK)
    run.frames = [FRAME, "other_frame"]
    # With six slices and two frames each slice would be of one camera: an uneven sweep.
    run.slices = [0, 1, 2, 3, 4]
    status, _ = run.until("'other_frame'", WARN)
    assert f"'{FRAME}'" in status.message and "topic of its own" in status.message
    assert {message.header.frame_id for message in run.depth} == {FRAME}
    run.mend()
    run.until(RUNNING, OK)


def test_the_frame_of_an_image_that_cannot_be_used_is_on_no_depth(ros: RosSession) -> None:
    run = Sweeping(ros)
    run.until(RUNNING, OK)
    run.frames, run.encoding = ["broken"], "no such thing"
    run.until("no such thing", WARN, ERROR)
    run.mend()
    run.until(RUNNING, OK)
    assert {message.header.frame_id for message in run.depth} == {FRAME}
