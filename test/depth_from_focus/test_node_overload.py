"""A camera that is faster than the method: the newest depth comes at the rate of the machine."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

pytest.importorskip("rclpy")

from live_camera import Camera
from live_ros import RosSession
from live_sweep import Stream
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.capture.backlog import SHARE, Backlog
from ddff_perception.depth_from_focus.classical.volume import VolumeMethod
from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.ros import messages

pytestmark = pytest.mark.ros


class Slowed:
    """The yardstick with a time for each slice and one for the step over the slices."""

    def __init__(self, patch: pytest.MonkeyPatch, slice_s: float, solve_s: float) -> None:
        self.slices: Counter[int] = Counter()
        self.solved = 0
        # What slices cost, whatever else the machine does meanwhile.
        self.slept_s = 0.0
        add, solve = VolumeMethod.add, VolumeMethod.solve

        def slow_add(method: VolumeMethod, slot: int, image: Any) -> None:
            time.sleep(slice_s)
            self.slept_s += slice_s
            self.slices[slot] += 1
            add(method, slot, image)

        def slow_solve(method: VolumeMethod, *arguments: Any) -> Any:
            time.sleep(solve_s)
            self.solved += 1
            return solve(method, *arguments)

        patch.setattr(VolumeMethod, "add", slow_add)
        patch.setattr(VolumeMethod, "solve", slow_solve)


def run(ros: RosSession, slowed: Slowed, period_s: float, depths: int) -> tuple[float, float]:
    """Seconds that some depths of images every `period_s` took, and how many came per depth."""
    overrides = [Parameter("method", value="yardstick")]
    node: DepthFromFocusNode = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
    assert node.start()
    node.pipeline._backlog = Backlog(lambda: slowed.slept_s)
    depth = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    with Stream(camera, period_s) as stream:
        # The first depths find out what things cost.
        depth.wait(5)
        slowed.slices.clear()
        sent, solved, started = stream.sent, slowed.solved, time.perf_counter()
        depth.wait(5 + depths)
        per_depth = (stream.sent - sent) / (slowed.solved - solved)
        slowed.solved -= solved
        taken_s = time.perf_counter() - started
    stamps = [messages.stamp_ns(message.header.stamp) for message in depth]
    assert stamps == sorted(set(stamps))
    assert per_depth > 3.0, "the camera was too slow to be a load"
    superseded = node.diagnostics.total("dropped: superseded by a newer image")
    assert superseded > 2 * depths
    return taken_s, per_depth


def test_slices_that_cost_much_do_not_hold_up_the_newest_depth(
    ros: RosSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowed = Slowed(monkeypatch, slice_s=0.06, solve_s=0.06)
    taken_s, _ = run(ros, slowed, period_s=0.02, depths=25)
    # A queue of one would give a depth per slice. Those that are no depth's newest take their share
    # of the time, and one or two that were saved for.
    extra = sum(slowed.slices.values()) - slowed.solved
    assert extra * 0.06 <= SHARE * taken_s + 2 * 0.06


def test_slices_that_cost_little_all_enter(
    ros: RosSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowed = Slowed(monkeypatch, slice_s=0.0, solve_s=0.3)
    _, per_depth = run(ros, slowed, period_s=0.05, depths=10)
    entered = sum(slowed.slices.values()) / slowed.solved
    # What waits twice for its slot is one slice; the rest enters.
    assert entered > 0.8 * min(per_depth, 6.0)
