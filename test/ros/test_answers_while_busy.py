"""A node that works on a long estimate answers all the same, over DDS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

pytest.importorskip("rclpy")

from live_camera import Camera
from live_ros import RosSession
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from sweeps import wall_stack

from ddff_perception.depth_from_focus import estimator
from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.engines import loading
from ddff_perception.engines.tensors import EngineError
from ddff_perception.ros import messages

pytestmark = pytest.mark.ros

# What a user may wait for. Other jobs of the machine make single answers late: the best counts, as
# who waits for an estimate always waits.
LIMIT_S = 0.1
TRIES = 8


class Estimates:
    """How many estimates have begun and ended, and what holds them up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.ended, self.seconds = 0, 0, 0.0
        self.gate = threading.Event()
        self.gate.set()
        inner = estimator.DepthFromFocus.estimate

        def timed(this: estimator.DepthFromFocus, *wanted: bool) -> Any:
            self.begun += 1
            started = time.perf_counter()
            found = inner(this, *wanted)
            self.gate.wait(60.0)
            self.seconds = time.perf_counter() - started
            self.ended += 1
            return found

        monkeypatch.setattr(estimator.DepthFromFocus, "estimate", timed)

    @property
    def running(self) -> bool:
        return self.begun > self.ended


@pytest.fixture
def estimates(monkeypatch: pytest.MonkeyPatch) -> Iterator[Estimates]:
    found = Estimates(monkeypatch)
    yield found
    found.gate.set()


def start(ros: RosSession, **parameters: Any) -> DepthFromFocusNode:
    overrides = [Parameter(k.replace("__", "."), value=v) for k, v in parameters.items()]
    node: DepthFromFocusNode = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
    assert node.start()
    return node


def best_s(ask: Callable[[], None]) -> float:
    """The shortest time that `ask` took."""
    taken = []
    for _ in range(TRIES):
        started = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - started)
    return min(taken)


def reset(ros: RosSession) -> None:
    assert ros.call(Trigger, "depth_from_focus/reset", Trigger.Request()).success


def set_together(ros: RosSession, **values: Any) -> None:
    changes = [
        Parameter(k.replace("__", "."), value=v).to_parameter_msg() for k, v in values.items()
    ]
    request = SetParametersAtomically.Request(parameters=changes)
    name = "depth_from_focus/set_parameters_atomically"
    result = ros.call(SetParametersAtomically, name, request).result
    assert result.successful, result.reason


def test_reset_parameters_and_time_jumps_are_answered_while_vdff_works(
    ros: RosSession, estimates: Estimates
) -> None:
    node = start(ros, method="vdff", use_sim_time=True)
    depth = ros.listen(Image, "depth/image_rect")
    clock = ros.talk(Clock, "/clock")
    ros.wait_met(clock)
    camera = Camera(ros, node, wall_stack(480, 360))
    camera.wait()
    for item in camera.stack.slices[:2]:
        camera.shoot(item)
    # The real method runs; its end is held back, so that the machine's speed does not matter.
    estimates.gate.clear()
    camera.shoot(camera.stack.slices[2])
    ros.wait_for(lambda: estimates.running, "an estimate")

    def set_parameters() -> None:
        values.append(values[-1] + 1.0)
        set_together(ros, vdff__alpha=values[-1], capture__queue_size=8 + len(values))

    def jump() -> None:
        jumps = node.diagnostics.total("time jumps of the clock")
        clock.publish(Clock(clock=messages.stamp_message(times.pop())))
        ros.wait_for(lambda: node.diagnostics.total("time jumps of the clock") > jumps, "the jump")

    # Each before the one that was said last.
    times = [second * 10**9 for second in range(1, 2 + TRIES)]
    clock.publish(Clock(clock=messages.stamp_message(times.pop())))
    ros.wait_for(lambda: node.get_clock().now().nanoseconds > 0, "the time")
    values = [10.0]
    number = estimates.ended
    for ask in (partial(reset, ros), set_parameters, jump):
        assert best_s(ask) < LIMIT_S, ask
    assert estimates.running and estimates.ended == number, "the estimate was too short"
    # What was reset meanwhile is not published, and the new values are taken over.
    estimates.gate.set()
    assert node._worker is not None and node._worker.wait_idle(150.0)
    assert list(depth) == []
    assert node._pipeline is not None and node._pipeline.slices == 0
    assert node.settings["vdff.alpha"] == values[-1]


def test_a_method_can_be_chosen_while_another_one_works(
    ros: RosSession, estimates: Estimates
) -> None:
    node = start(ros, method="vdff")
    depth = ros.listen(Image, "depth/image_rect")
    camera = Camera(ros, node)
    camera.wait()
    for item in camera.stack.slices[:2]:
        camera.shoot(item)
    estimates.gate.clear()
    camera.shoot(camera.stack.slices[2])
    ros.wait_for(lambda: estimates.running, "an estimate")
    assert node.set_parameters([Parameter("method", value="yardstick")])[0].successful
    estimates.gate.set()
    depth.wait(1)
    stamp = camera.shoot(camera.stack.slices[3])
    ros.wait_for(lambda: messages.stamp_ns(depth[-1].header.stamp) == stamp, "the new depth")
    assert node._pipeline is not None and node._pipeline.estimator.method == "yardstick"
    assert node._pipeline.slices == 4


class SlowEngines:
    """Engines that are made when they are let go, and then only know whether they are closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate, self.begun = threading.Event(), threading.Event()
        self.failure = ""
        self.made, self.closed = 0, 0
        monkeypatch.setattr(loading, "choose_backend", lambda wanted: "onnxruntime")
        monkeypatch.setattr(loading, "create_engine", self._make)

    def _make(self, *_: Any) -> SlowEngines:
        self.begun.set()
        self.gate.wait(60.0)
        if self.failure:
            raise EngineError(self.failure)
        self.made += 1
        return self

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowEngines]:
    found = SlowEngines(monkeypatch)
    yield found
    found.gate.set()


def choose(ros: RosSession, method: str) -> Any:
    """What will be answered to another method."""
    client = ros.node.create_client(SetParameters, "depth_from_focus/set_parameters")
    ros.wait_for(client.service_is_ready, "the service")
    changes = [Parameter("method", value=method).to_parameter_msg()]
    return client.call_async(SetParameters.Request(parameters=changes))


def test_everything_is_answered_while_another_network_is_made(
    ros: RosSession, engines: SlowEngines
) -> None:
    node = start(ros, method="yardstick")
    answer = choose(ros, "focus_stream")
    ros.wait_for(engines.begun.is_set, "an engine to be made")
    sizes, names = iter(range(20, 40)), GetParameters.Request(names=["method"])
    for ask in (
        partial(reset, ros),
        lambda: set_together(ros, capture__queue_size=next(sizes)),
        lambda: ros.call(GetParameters, "depth_from_focus/get_parameters", names),
    ):
        assert best_s(ask) < LIMIT_S, ask
    assert not answer.done() and node.settings["method"] == "yardstick"
    engines.gate.set()
    ros.wait_for(answer.done, "the answer")
    assert answer.result().results[0].successful, answer.result().results[0].reason
    assert node.settings["method"] == "focus_stream"
    # What was set meanwhile stays, and what was made for other values is freed.
    assert node.settings["capture.queue_size"] == next(sizes) - 1
    assert node._worker is not None and node._worker.wait_idle(60.0)
    assert node.pipeline.estimator.method == "focus_stream"
    assert engines.made - engines.closed == 2


def test_a_network_that_cannot_be_made_is_refused_and_the_old_method_stays(
    ros: RosSession, engines: SlowEngines
) -> None:
    node = start(ros, method="yardstick")
    engines.failure = "the engine cannot be made here"
    answer = choose(ros, "focus_stream")
    ros.wait_for(engines.begun.is_set, "an engine to be made")
    engines.gate.set()
    ros.wait_for(answer.done, "the answer")
    result = answer.result().results[0]
    assert not result.successful and engines.failure in result.reason
    assert node.settings["method"] == node.pipeline.estimator.method == "yardstick"
    # The next ones are taken all the same.
    set_together(ros, method="vdff")
    assert node.settings["method"] == "vdff"


def test_what_is_made_for_a_node_that_begins_anew_meanwhile_is_made_again(
    ros: RosSession, engines: SlowEngines
) -> None:
    node = start(ros, method="yardstick")
    answer = choose(ros, "focus_stream")
    ros.wait_for(engines.begun.is_set, "an engine to be made")
    for step in (node.trigger_deactivate, node.trigger_cleanup, node.trigger_configure):
        assert step() == TransitionCallbackReturn.SUCCESS
    engines.gate.set()
    ros.wait_for(answer.done, "the answer")
    assert answer.result().results[0].successful
    assert node._worker is not None and node._worker.wait_idle(60.0)
    assert node.pipeline.estimator.method == "focus_stream"
    assert engines.made - engines.closed == 2
