"""The base of every node, on a node of one input and one output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from live_ros import RosSession
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from std_msgs.msg import Float64

from ddff_perception.ros.interface import COMMON_PARAMETERS, LAZY_PARAMETERS, NodeInterface, Topic
from ddff_perception.ros.lifecycle import PerceptionNode
from ddff_perception.types import InputError

pytestmark = pytest.mark.ros

INTERFACE = NodeInterface(
    "doubler",
    "",
    "says twice what it hears",
    inputs=(Topic("number", "std_msgs/msg/Float64", "in", "sensor"),),
    outputs=(Topic("double", "std_msgs/msg/Float64", "out"),),
    parameters=COMMON_PARAMETERS + LAZY_PARAMETERS,
)


class Doubler(PerceptionNode):
    interface = INTERFACE

    def __init__(self, **arguments: Any) -> None:
        self.steps: list[str] = []
        self.trouble: dict[str, Exception] = {}
        super().__init__(**arguments)

    def step(self, name: str) -> None:
        self.steps.append(name)
        if name in self.trouble:
            raise self.trouble[name]

    def configure(self) -> None:
        self.step("configure")

    def activate(self) -> None:
        self.step("activate")

    def deactivate(self) -> None:
        self.step("deactivate")

    def cleanup(self) -> None:
        self.step("cleanup")

    def callbacks(self) -> dict[str, Callable[[Any], None]]:
        return {"number": self.on_number}

    def on_number(self, message: Float64) -> None:
        self.send("double", Float64(data=2 * message.data))


@pytest.fixture
def make(ros: RosSession) -> Callable[..., Doubler]:
    def run(**parameters: Any) -> Doubler:
        overrides = [RosParameter(name, value=value) for name, value in parameters.items()]
        return ros.add(Doubler(parameter_overrides=overrides))  # type: ignore[no-any-return]

    return run


def change(ros: RosSession, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(ros.call(ChangeState, "doubler/change_state", request).success)


def state(ros: RosSession) -> str:
    answer = ros.call(GetState, "doubler/get_state", GetState.Request())
    return str(answer.current_state.label)


def test_it_starts_by_itself(ros: RosSession, make: Callable[..., Doubler]) -> None:
    node = make()
    assert node.start()
    assert state(ros) == "active"
    heard = ros.listen(Float64, "double")
    talker = ros.talk(Float64, "number")
    ros.wait_met(talker)
    talker.publish(Float64(data=4.0))
    assert heard.wait()[0].data == 8.0


def test_a_lifecycle_manager_leads_it_through_all_states(
    ros: RosSession, make: Callable[..., Doubler]
) -> None:
    node = make(autostart=False)
    assert node.start()
    assert state(ros) == "unconfigured"
    assert change(ros, Transition.TRANSITION_CONFIGURE)
    heard = ros.listen(Float64, "double")
    talker = ros.talk(Float64, "number")
    ros.wait_for(lambda: node.wanted("double"), "the listener")
    assert talker.get_subscription_count() == 0
    assert change(ros, Transition.TRANSITION_ACTIVATE)
    ros.wait_met(talker)
    assert change(ros, Transition.TRANSITION_DEACTIVATE)
    ros.wait_for(lambda: talker.get_subscription_count() == 0, "the end of the subscription")
    node.send("double", Float64(data=1.0))
    assert change(ros, Transition.TRANSITION_ACTIVATE)
    ros.wait_met(talker)
    talker.publish(Float64(data=3.0))
    assert heard.wait()[0].data == 6.0
    assert change(ros, Transition.TRANSITION_DEACTIVATE)
    assert change(ros, Transition.TRANSITION_CLEANUP)
    ros.wait_for(lambda: ros.node.count_publishers("double") == 0, "the end of the output")
    assert state(ros) == "unconfigured"
    assert change(ros, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)
    assert state(ros) == "finalized"
    assert node.steps == [
        "configure",
        *("activate", "deactivate") * 2,
        "cleanup",
        "cleanup",
    ]


def test_an_unusable_setting_fails_the_transition_with_one_sentence(
    ros: RosSession, make: Callable[..., Doubler], capfd: pytest.CaptureFixture[str]
) -> None:
    node = make()
    node.trouble["configure"] = InputError("the lens table is missing: make one")
    assert not node.start()
    assert state(ros) == "unconfigured"
    logged = capfd.readouterr().err
    assert "cannot configure: the lens table is missing: make one" in logged
    assert "Traceback" not in logged
    assert ros.node.count_publishers("double") == 0
    node.trouble.clear()
    assert change(ros, Transition.TRANSITION_CONFIGURE)


def test_an_exception_in_a_transition_is_logged_and_recovered_from(
    ros: RosSession, make: Callable[..., Doubler], capfd: pytest.CaptureFixture[str]
) -> None:
    """rclpy by itself swallows it."""
    node = make()
    node.trouble["activate"] = ZeroDivisionError("by zero")
    assert not node.start()
    assert "ZeroDivisionError: by zero" in capfd.readouterr().err
    assert state(ros) == "unconfigured"
    assert node.steps == ["configure", "activate", "cleanup"]
    node.trouble.clear()
    assert node.start()


def test_diagnostics_say_what_came_and_went(ros: RosSession, make: Callable[..., Doubler]) -> None:
    node = make(diagnostics_period_s=0.1)
    heard = ros.listen(DiagnosticArray, "/diagnostics")
    heard.wait()
    status = heard[0].status[0]
    assert status.name == "/doubler: stream"
    assert status.level == b"\x00"
    node.reject("number", "the number is odd")
    # Only the next report warns.
    warnings: list[Any] = []

    def warned() -> bool:
        warnings[:] = [m.status[0] for m in list(heard) if m.status[0].level == b"\x01"]
        return bool(warnings)

    ros.wait_for(warned, "a warning")
    values = {item.key: item.value for item in warnings[0].values}
    assert values["rejected: number"] == "1"
    assert values["last error"] == "the number is odd"


def test_the_diagnostics_period_changes_while_it_runs(
    ros: RosSession, make: Callable[..., Doubler]
) -> None:
    node = make(diagnostics_period_s=60.0)
    heard = ros.listen(DiagnosticArray, "/diagnostics")
    ros.wait_for(lambda: ros.node.count_publishers("/diagnostics"), "the publisher")
    assert node.set_parameters([RosParameter("diagnostics_period_s", value=0.1)])[0].successful
    heard.wait(2)


def test_the_same_complaint_is_logged_once(
    make: Callable[..., Doubler], capfd: pytest.CaptureFixture[str]
) -> None:
    node = make()
    for _ in range(20):
        node.reject("number", "the number is odd")
    assert capfd.readouterr().err.count("the number is odd") == 1
    assert node.diagnostics.total("rejected: number") == 20


def test_an_incompatible_subscriber_is_explained(
    ros: RosSession, make: Callable[..., Doubler], capfd: pytest.CaptureFixture[str]
) -> None:
    node = make()
    assert node.start()
    latched = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    ros.listen(Float64, "double", latched)
    ros.wait_for(lambda: node.diagnostics.total("rejected: QoS mismatch"), "the event")
    ros.wait_for_words(capfd, "let it subscribe with durability volatile")


def test_an_incompatible_publisher_is_explained_with_the_parameter_that_mends_it(
    ros: RosSession, make: Callable[..., Doubler], capfd: pytest.CaptureFixture[str]
) -> None:
    name = "qos_overrides./number.subscription.reliability"
    node = make(**{name: "reliable", "lazy": False})
    assert node.start()
    unreliable = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    ros.talk(Float64, "number", unreliable)
    ros.wait_for(lambda: node.diagnostics.total("rejected: QoS mismatch"), "the event")
    logged = ros.wait_for_words(capfd, f"set the parameter {name} to best_effort")
    assert "given at start and ignored" not in logged


def test_quality_of_service_is_overridden_by_parameter(
    ros: RosSession, make: Callable[..., Doubler]
) -> None:
    node = make(**{"qos_overrides./double.publisher.depth": 42})
    assert node.start()
    assert node.get_parameter("qos_overrides./double.publisher.depth").value == 42
    assert node.describe_parameter("qos_overrides./double.publisher.depth").read_only
    assert node._outputs["double"].qos_profile.depth == 42


def test_a_wrong_quality_of_service_is_refused_at_the_start_and_while_it_runs(
    ros: RosSession, make: Callable[..., Doubler]
) -> None:
    output = "qos_overrides./double.publisher.reliability"
    with pytest.raises(InputError, match=f"{output} must be one of reliable, best_effort"):
        make(**{output: "reliabel"})
    node = make()
    assert node.start()
    # The input is not subscribed yet: nobody listens.
    for name in (output, "qos_overrides./number.subscription.reliability"):
        wrong = RosParameter(name, value="reliabel").to_parameter_msg()
        request = SetParameters.Request(parameters=[wrong])
        (answer,) = ros.call(SetParameters, "/doubler/set_parameters", request).results
        assert not answer.successful and answer.reason


def test_values_that_cannot_be_prepared_or_taken_over_do_not_end_the_node(
    ros: RosSession, make: Callable[..., Doubler], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make()
    assert node.start()

    def fail(_: Any) -> None:
        raise RuntimeError("a library fails")

    def lazy(value: bool) -> Any:
        change = RosParameter("lazy", value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[change])
        return ros.call(SetParameters, "doubler/set_parameters", request).results[0]

    with monkeypatch.context() as patch:
        patch.setattr(node, "prepare_values", fail)
        refused = lazy(False)
    assert not refused.successful and "a library fails" in refused.reason
    assert node.settings["lazy"] is True
    with monkeypatch.context() as patch:
        patch.setattr(node, "values_changed", fail)
        assert lazy(False).successful
    assert node.diagnostics.total("rejected: parameters") == 1
    assert lazy(True).successful


def test_an_input_that_cannot_be_subscribed_does_not_end_the_node(
    ros: RosSession, make: Callable[..., Doubler], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make()
    assert node.start()

    def broken(*_arguments: Any, **_named: Any) -> Any:
        raise ValueError("no such policy")

    with monkeypatch.context() as patch:
        patch.setattr(node, "create_subscription", broken)
        listener = ros.node.create_subscription(Float64, "double", lambda _: None, 10)
        ros.wait_for(lambda: node.diagnostics.total("rejected: subscription"), "the rejection")
    ros.stop_listening(listener)
    heard = ros.listen(Float64, "double")
    talker = ros.talk(Float64, "number")
    ros.wait_met(talker)
    talker.publish(Float64(data=4.0))
    assert heard.wait()[0].data == 8.0


def test_unknown_parameters_are_warned_of(
    make: Callable[..., Doubler], capfd: pytest.CaptureFixture[str]
) -> None:
    make(tpyo=1)
    assert "there is no parameter tpyo" in capfd.readouterr().err


def test_names_follow_the_namespace(ros: RosSession) -> None:
    node = ros.add(Doubler(namespace="/robot/front"))
    assert node.start()
    ros.wait_for(lambda: ros.node.count_publishers("/robot/front/double"), "the output")
    assert ros.node.count_publishers("/double") == 0


def test_lazy_can_be_switched_while_it_runs(ros: RosSession, make: Callable[..., Doubler]) -> None:
    node = make()
    assert node.start()
    talker = ros.talk(Float64, "number")
    assert node.set_parameters([RosParameter("lazy", value=False)])[0].successful
    ros.wait_met(talker)
    assert node.set_parameters([RosParameter("lazy", value=True)])[0].successful
    ros.wait_for(lambda: talker.get_subscription_count() == 0, "its end")
