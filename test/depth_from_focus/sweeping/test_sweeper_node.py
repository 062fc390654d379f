from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")

import rclpy
from ddff_perception.msg import FocusState
from ddff_perception.srv import SetFocusDistance
from live_ros import RosSession
from rcl_interfaces.msg import SetParametersResult
from rclpy.parameter import Parameter
from std_msgs.msg import Float64
from std_srvs.srv import SetBool

from ddff_perception.depth_from_focus.sweeping.sweeper_node import FocusSweeperNode
from ddff_perception.types import InputError

pytestmark = pytest.mark.ros

Start = Callable[..., FocusSweeperNode]
FAST = {"sweep__dwell_s": 0.05, "sweep__settle_time_s": 0.02, "state_rate_hz": 200.0}


def make(**parameters: Any) -> FocusSweeperNode:
    given = {**FAST, **parameters}
    overrides = [Parameter(k.replace("__", "."), value=v) for k, v in given.items()]
    return FocusSweeperNode(parameter_overrides=overrides)


@pytest.fixture
def start(ros: RosSession) -> Start:
    def run(**parameters: Any) -> FocusSweeperNode:
        node = make(**parameters)
        assert node.start()
        return ros.add(node)  # type: ignore[no-any-return]

    return run


class Driver:
    """A camera driver with a lens parameter, as `camera_ros` and v4l2 drivers have it."""

    def __init__(self, ros: RosSession, name: str, value: float | int) -> None:
        self.positions: list[Any] = []
        self.refuse = False
        self.node = ros.add(rclpy.create_node("driver"))
        self.node.declare_parameter(name, value)
        self.node.add_on_set_parameters_callback(self._set)

    def _set(self, parameters: list[Parameter]) -> SetParametersResult:
        if self.refuse:
            return SetParametersResult(successful=False, reason="the lens is stuck")
        self.positions += [parameter.value for parameter in parameters]
        return SetParametersResult(successful=True)


def settled_distances(states: list[FocusState]) -> set[float]:
    """Where the lens rested so far, metres."""
    return {round(state.focus_distance, 6) for state in list(states) if state.settled}


def test_the_driver_gets_each_position_and_states_say_where_the_lens_is(
    ros: RosSession, start: Start
) -> None:
    driver = Driver(ros, "LensPosition", 0.0)
    states = ros.listen(FocusState, "focus_state")
    start(driver_node="driver", sweep__distances_m=[0.5, 1.0, math.inf], sweep__order="up")
    ros.wait_for(lambda: len(driver.positions) >= 7, "two sweeps")
    assert driver.positions[:6] == [2.0, 1.0, 0.0] * 2
    wanted = {0.5, 1.0, math.inf}
    ros.wait_for(lambda: settled_distances(states) == wanted, "every distance to be settled at")
    settled = [s for s in list(states) if s.settled]
    assert {s.lens_position for s in settled} == {2.0, 1.0, 0.0}
    assert {s.lens_position_unit for s in settled} == {FocusState.UNIT_DIOPTRES}
    assert any(not s.settled for s in states)
    stamps = [(s.header.stamp.sec, s.header.stamp.nanosec) for s in states]
    assert stamps == sorted(stamps)


def test_a_driver_of_whole_steps_is_driven_through_the_lens_table(
    ros: RosSession, start: Start, tmp_path: Path
) -> None:
    table = tmp_path / "lens.yaml"
    table.write_text(
        "unit: steps\nrows:\n"
        "  - {position: 0, focus_distance_m: .inf}\n"
        "  - {position: 100, focus_distance_m: 1.0}\n"
        "  - {position: 200, focus_distance_m: 0.5}\n"
    )
    driver = Driver(ros, "focus_absolute", 0)
    states = ros.listen(FocusState, "focus_state")
    start(
        driver_node="driver",
        driver_parameter="focus_absolute",
        driver_type="integer",
        lens_table=str(table),
        sweep__distances_m=[0.5, 0.8, 2.0],
        sweep__order="down",
    )
    ros.wait_for(lambda: len(driver.positions) >= 3, "a sweep")
    assert driver.positions[:3] == [50, 125, 200]
    assert all(isinstance(position, int) for position in driver.positions)
    ros.wait_for(lambda: 2.0 in settled_distances(states), "the lens to settle at 2 m")
    assert {s.lens_position for s in list(states) if s.settled} <= {50.0, 125.0, 200.0}
    assert {s.lens_position_unit for s in list(states) if s.settled} == {FocusState.UNIT_STEPS}


def test_a_topic_carries_the_position_too(ros: RosSession, start: Start) -> None:
    commands = ros.listen(Float64, "lens_command")
    start(target="topic", lens_unit="metres", sweep__distances_m=[0.5, 1.0], sweep__order="up")
    commands.wait(3)
    assert {command.data for command in commands} == {0.5, 1.0}


def test_a_service_holds_one_distance_and_one_starts_the_sweep_again(
    ros: RosSession, start: Start
) -> None:
    driver = Driver(ros, "LensPosition", 0.0)
    states = ros.listen(FocusState, "focus_state")
    node = start(driver_node="driver", sweep_on_start=False, sweep__distances_m=[1.0, 2.0])
    states.wait(3)
    assert math.isnan(states[0].focus_distance) and not states[0].settled
    assert driver.positions == []
    answer = ros.call(
        SetFocusDistance,
        "focus_sweeper/set_focus",
        SetFocusDistance.Request(focus_distance=0.25),
    )
    assert answer.success and "0.25 m" in answer.message
    ros.wait_for(lambda: states[-1].settled, "the lens to rest")
    assert (driver.positions, states[-1].focus_distance) == ([4.0], 0.25)
    bad = SetFocusDistance.Request(focus_distance=-1.0)
    answer = ros.call(SetFocusDistance, "focus_sweeper/set_focus", bad)
    assert not answer.success and "positive" in answer.message
    assert ros.call(SetBool, "focus_sweeper/sweep", SetBool.Request(data=True)).success
    ros.wait_for(lambda: len(driver.positions) >= 4, "the sweep")
    assert set(driver.positions[1:]) == {1.0, 0.5}
    assert ros.call(SetBool, "focus_sweeper/sweep", SetBool.Request(data=False)).success
    assert not node._controller.sweeping
    ros.wait_for(lambda: states[-1].settled, "the lens to rest")


def test_a_driver_that_is_not_there_is_named_and_waited_for(
    ros: RosSession, start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    node = start(driver_node="driver", sweep__distances_m=[1.0, 2.0])
    ros.wait_for(lambda: node.diagnostics.total("rejected: lens command") >= 2, "the failures")
    ros.wait_for_words(capfd, "there is no node driver")
    driver = Driver(ros, "LensPosition", 0.0)
    ros.wait_for(lambda: len(driver.positions) >= 2, "the sweep")


def test_a_driver_that_refuses_is_reported_and_asked_again(
    ros: RosSession, start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    driver = Driver(ros, "LensPosition", 0.0)
    driver.refuse = True
    node = start(driver_node="driver", sweep__distances_m=[1.0, 2.0])
    ros.wait_for(lambda: node._controller.failures >= 2, "the failures")
    ros.wait_for_words(capfd, "the lens is stuck")
    driver.refuse = False
    ros.wait_for(lambda: len(driver.positions) >= 2, "the sweep")


def test_raw_positions_are_swept_for_calibration_with_unknown_distance(
    ros: RosSession, start: Start
) -> None:
    driver = Driver(ros, "focus_absolute", 0)
    states = ros.listen(FocusState, "focus_state")
    start(
        driver_node="driver",
        driver_parameter="focus_absolute",
        driver_type="integer",
        raw_positions=[0.0, 40.0, 80.0],
        sweep__order="ping_pong",
    )
    ros.wait_for(lambda: len(driver.positions) >= 5, "a sweep")
    assert set(driver.positions) == {0, 40, 80}
    assert all(math.isnan(state.focus_distance) for state in states)
    assert {s.lens_position for s in states if s.settled} <= {0.0, 40.0, 80.0}


def test_whole_steps_without_a_lens_table_stop_the_start(
    ros: RosSession, capfd: pytest.CaptureFixture[str]
) -> None:
    node = ros.add(make(driver_type="integer"))
    assert not node.start()
    assert "need a lens_table" in capfd.readouterr().err


def test_a_range_the_wrong_way_round_is_refused(ros: RosSession, start: Start) -> None:
    with pytest.raises(InputError, match="near_m"):
        make(sweep__near_m=2.0, sweep__far_m=1.0)
    node = start(target="topic", sweep__near_m=0.5, sweep__far_m=2.0)
    result = node.set_parameters([Parameter("sweep.near_m", value=3.0)])[0]
    assert not result.successful and "near_m" in result.reason


def test_the_sweep_changes_while_it_runs(ros: RosSession, start: Start) -> None:
    commands = ros.listen(Float64, "lens_command")
    node = start(target="topic", sweep__distances_m=[1.0, 2.0])
    commands.wait(2)
    assert node.set_parameters([Parameter("sweep.distances_m", value=[0.1, 0.2])])[0].successful
    ros.wait_for(lambda: {c.data for c in commands[-2:]} == {10.0, 5.0}, "the other sweep")
