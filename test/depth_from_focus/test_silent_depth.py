"""Whatever stops depth, the diagnostics say so, why, and what to do; and when it is well again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from ddff_perception.msg import FocusState
from live_camera import FRAME, STACK
from live_health import ERROR, OK, WARN, Reports, level, values
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.ros import messages

pytestmark = pytest.mark.ros

PERIOD_S = 0.4
STEP_S = 0.04
RUNNING = "running"


class Sweeping:
    """A node that somebody listens to, and a camera that sweeps until a fault is made."""

    def __init__(self, ros: RosSession, **parameters: Any) -> None:
        given = {"diagnostics_period_s": PERIOD_S, **parameters}
        overrides = [Parameter(name, value=value) for name, value in given.items()]
        self.node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
        assert self.node.start()
        self.depth = ros.listen(Image, "depth/image_rect")
        self.reports = Reports(ros, self.node)
        self._images = ros.talk(Image, "image_rect")
        self._states = ros.talk(FocusState, "focus_state")
        for publisher in (self._images, self._states):
            ros.wait_for(publisher.get_subscription_count, publisher.topic_name)
        self._started_s = time.monotonic()
        self._shot = 0
        self.mend()

    def mend(self) -> None:
        """No fault any more."""
        self.images = self.states = True
        self.slices = list(range(len(STACK.slices)))
        self.late_ns = 0
        self.encoding = ""
        self.shift_px = 0

    def until(self, words: str, *levels: int) -> tuple[Any, int]:
        """Sweeps until a report says so: the report, and its number from now on."""
        begun, deadline = len(self.reports.all), time.monotonic() + 30.0
        while time.monotonic() < deadline:
            self._shoot()
            for number, status in enumerate(self.reports.all[begun:], 1):
                if words in status.message and level(status) in levels:
                    return status, number
        raise AssertionError(f"no {words!r} in {self.reports.sentences[-3:]}")

    def _shoot(self) -> None:
        item = STACK.slices[self.slices[self._shot % len(self.slices)]]
        self._shot += 1
        due_s = self._started_s + STEP_S * self._shot
        time.sleep(max(due_s - time.monotonic(), 0.0))
        stamp = 10**12 + round(1e9 * (time.monotonic() - self._started_s))
        if self.states:
            header = messages.header_at(stamp - self.late_ns, FRAME)
            state = messages.focus_state_message(header, item.focus_distance_m)
            self._states.publish(state)
        if self.images:
            picture = np.roll(item.image, self.shift_px * (self._shot % 4), axis=1)
            message = messages.image_message(picture, messages.header_at(stamp, FRAME))
            message.encoding = self.encoding or message.encoding
            self._images.publish(message)


Start = Callable[..., Sweeping]


@pytest.fixture
def start(ros: RosSession) -> Start:
    return lambda **parameters: Sweeping(ros, **parameters)


WAYS = {
    "the camera stops": ({}, {"images": False}, "image_rect: nothing has come for"),
    "focus states stop": ({}, {"states": False}, "focus_state: nothing has come for"),
    "the lens stands": (
        {"still_warning_s": 0.3, "capture.max_age_s": 0.4},
        {"slices": [0]},
        "the lens has not moved for",
    ),
    "stamps are far apart": ({}, {"late_ns": 5 * 10**8}, "further apart in time"),
    "there are too few slices": (
        {"capture.max_age_s": 0.4, "still_warning_s": 0.0},
        {"slices": [0, 1]},
        "fewer slices than minimum_slices",
    ),
    "everything is held back": ({}, {"shift_px": 14}, "depth is held back: sweep faster"),
    "all is rejected": ({}, {"encoding": "no such thing"}, "no such thing"),
}


@pytest.mark.parametrize("way", WAYS)
def test_depth_that_stops_is_an_error_with_its_cause_and_its_end_is_told(
    start: Start, capfd: pytest.CaptureFixture[str], way: str
) -> None:
    parameters, fault, words = WAYS[way]
    run = start(**parameters)
    run.until(RUNNING, OK)
    capfd.readouterr()
    for name, value in fault.items():
        setattr(run, name, value)
    _, number = run.until("", WARN, ERROR)
    if way in ("the camera stops", "focus states stop", "all is rejected"):
        assert number <= 2
    run.until(words, ERROR)
    run.until(words, ERROR)
    run.mend()
    run.until(RUNNING, OK)
    run.until(RUNNING, OK)
    said = capfd.readouterr().err
    assert said.count(words) == 1, said
    assert said.count("well again") == 1, said


@pytest.mark.parametrize(("comes", "misses"), [("images", "focus_state"), ("states", "image_rect")])
def test_of_two_topics_the_one_that_never_came_is_named(
    start: Start, comes: str, misses: str
) -> None:
    run = start()
    run.images, run.states = comes == "images", comes == "states"
    status, _ = run.until(f"{misses}: nothing has come yet", ERROR)
    assert "s ago" in values(status)["input " + ("image_rect", "focus_state")[comes == "states"]]
    assert values(status)[f"input {misses}"] == "STALE, nothing yet"
    run.mend()
    run.until(RUNNING, OK)


def test_nobody_listens_is_no_fault_and_says_so(ros: RosSession) -> None:
    given = [Parameter("diagnostics_period_s", value=0.1)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=given))
    assert node.start()
    Reports(ros, node).wait_for("nobody listens to an output, no input is subscribed", OK)
