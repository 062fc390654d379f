"""Whatever stops depth, the diagnostics say so, why, and what to do; and when it is well again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from ddff_perception.msg import FocalStack
from live_faults import RUNNING, Sweeping
from live_health import ERROR, OK, WARN, Reports, values
from live_ros import RosSession
from rclpy.parameter import Parameter

from ddff_perception.depth_from_focus.node import DepthFromFocusNode

pytestmark = pytest.mark.ros

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


def test_a_focal_stack_that_is_not_due_is_no_fault(ros: RosSession) -> None:
    run = Sweeping(ros, focal_stack_period_s=60.0)
    stacks = ros.listen(FocalStack, "focal_stack")
    run.until(RUNNING, OK)
    run.leave()
    begun = len(run.reports.all)
    while len(run.reports.all) < begun + 4:
        run.shoot()
    assert set(run.reports.sentences[begun + 1 :]) == {RUNNING}
    assert len(stacks) == 1


def test_a_focal_stack_that_goes_on_hides_no_depth_that_stops(ros: RosSession) -> None:
    given = {"capture.max_age_s": 0.4, "still_warning_s": 0.0, "focal_stack_period_s": 0.1}
    run = Sweeping(ros, **given)
    stacks = ros.listen(FocalStack, "focal_stack")
    run.until(RUNNING, OK)
    run.slices = [0, 1]
    run.until("fewer slices than minimum_slices", ERROR)
    before = len(stacks)
    run.until("fewer slices than minimum_slices", ERROR)
    assert len(stacks) > before


def test_nobody_listens_is_no_fault_and_says_so(ros: RosSession) -> None:
    given = [Parameter("diagnostics_period_s", value=0.1)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=given))
    assert node.start()
    Reports(ros, node).wait_for("nobody listens to an output, no input is subscribed", OK)


def test_slices_that_show_nothing_are_left_out_and_told(start: Start) -> None:
    run = start(**{"capture.balance": True})
    run.until(RUNNING, OK)
    whole = run.stack
    black = replace(whole.slices[2], image=np.zeros_like(whole.slices[2].image))
    run.stack = replace(whole, slices=(*whole.slices[:2], black, *whole.slices[3:]))
    status, _ = run.until("too dark or burnt out", WARN)
    assert int(values(status)["capture: exposure_left_out"]) > 0
    before = len(run.depth)
    run.stack = whole
    run.until(RUNNING, OK)
    assert len(run.depth) > before
