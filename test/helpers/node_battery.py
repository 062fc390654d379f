"""The battery that every node passes; the tests of a capability's node inherit it.

class TestNegativeNode(ListeningNodeBattery):
    name = "negative_image"        # as the registry has it
"""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import pytest
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from live_health import ERROR, OK, Reports, values
from live_ros import RosSession
from other_values import other_value, wrong_values
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from std_srvs.srv import Trigger

from ddff_perception.parameters import Parameter
from ddff_perception.ros.inputs import CAMERA_INFO
from ddff_perception.ros.interface import NodeInterface, message_class
from ddff_perception.ros.lifecycle import PerceptionNode
from ddff_perception.ros.nodes import node_interface
from ddff_perception.ros.parameters import ros_type

IMAGE = "sensor_msgs/msg/Image"


def node_class(interface: NodeInterface) -> type[PerceptionNode]:
    """The one class of the node's module."""
    module = importlib.import_module(interface.module)
    (found,) = (
        held
        for held in vars(module).values()
        if isinstance(held, type)
        and issubclass(held, PerceptionNode)
        and held.__module__ == module.__name__
    )
    return found


class NodeBattery:
    """Give `name`; `given` are parameters that the node needs to start."""

    name: ClassVar[str] = ""
    given: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def interface(self) -> NodeInterface:
        return node_interface(self.name)

    @pytest.fixture
    def make(self, ros: RosSession, interface: NodeInterface):
        """The node, not started; parameters have `__` for a dot."""

        def run(**parameters: Any) -> Any:
            wanted = {**self.given, "diagnostics_period_s": 0.1, **parameters}
            overrides = [RosParameter(k.replace("__", "."), value=v) for k, v in wanted.items()]
            return ros.add(node_class(interface)(parameter_overrides=overrides))

        return run

    def test_it_starts_by_itself_and_offers_its_topics_and_services(self, ros, make):
        node = make()
        assert node.start()
        state = ros.call(GetState, f"{node.get_name()}/get_state", GetState.Request())
        assert state.current_state.id == State.PRIMARY_STATE_ACTIVE
        for topic in node.outputs():
            ros.wait_for(lambda name=topic.name: ros.node.count_publishers(name), topic.name)
        own = node.get_name()
        offered = dict(node.get_service_names_and_types_by_node(own, "/"))
        for service in node.interface.services:
            assert offered[service.name.replace("~", f"/{own}")] == [service.type]

    def test_a_lifecycle_manager_leads_it_through_all_states_and_back(self, ros, make):
        node = make(autostart=False)
        assert node.start()
        for step in (
            *("CONFIGURE", "ACTIVATE", "DEACTIVATE", "CLEANUP"),
            *("CONFIGURE", "ACTIVATE", "ACTIVE_SHUTDOWN"),
        ):
            wanted = Transition(id=getattr(Transition, f"TRANSITION_{step}"))
            request = ChangeState.Request(transition=wanted)
            assert ros.call(ChangeState, f"{node.get_name()}/change_state", request).success, step

    def test_parameters_that_cannot_be_used_are_refused_with_the_reason(self, ros, make):
        node = make()
        assert node.start()
        before = dict(node.settings.values)
        changes = [
            RosParameter(parameter.name, value=wrong)
            for parameter in settable(node)
            for wrong in wrong_values(parameter)
        ]
        assert changes
        service, request = f"{node.get_name()}/set_parameters", SetParameters.Request()
        request.parameters = [change.to_parameter_msg() for change in changes]
        results = ros.call(SetParameters, service, request).results
        for change, result in zip(changes, results, strict=True):
            assert not result.successful, change.name
            assert change.name in result.reason, result.reason
        assert dict(node.settings.values) == before

    def test_any_parameter_changes_or_is_refused_with_the_reason(self, make):
        node = make()
        assert node.start()
        for parameter in settable(node):
            kind = ros_type(parameter)
            other = RosParameter(parameter.name, kind, other_value(parameter))
            (result,) = node.set_parameters([other])
            assert result.successful or result.reason, parameter.name
            now = node.settings[parameter.name]
            assert (now == other.value) == result.successful, parameter.name
            back = RosParameter(parameter.name, kind, parameter.default)
            assert node.set_parameters([back])[0].successful, parameter.name
        assert "rejected: internal error" not in node.diagnostics.totals


class ListeningNodeBattery(NodeBattery):
    """Of a node with inputs and the parameter `lazy`."""

    @pytest.fixture
    def listened(self, ros, make):
        """The node, active, with a listener on each output."""
        node = make()
        assert node.start()
        for topic in node.outputs():
            ros.listen(message_class(topic.type), topic.name)
        return node

    def test_inputs_are_subscribed_while_somebody_listens(self, ros, make):
        node = make()
        assert node.start()
        inputs, output = node.inputs(), node.outputs()[0]
        talkers = [ros.talk(message_class(topic.type), topic.name) for topic in inputs]
        kind = message_class(output.type)
        listener = ros.node.create_subscription(kind, output.name, lambda _: None, 10)
        for talker in talkers:
            ros.wait_met(talker)
        ros.stop_listening(listener)
        for talker in talkers:
            ros.wait_for(lambda t=talker: not t.get_subscription_count(), talker.topic_name)

    def test_what_does_not_come_is_named_and_idle_is_said_only_where_nobody_listens(
        self, ros, make
    ):
        node = make()
        assert node.start()
        reports = Reports(ros, node)
        reports.wait_for("idle", OK)
        for topic in node.outputs():
            ros.listen(message_class(topic.type), topic.name)
        status = reports.wait_for("nothing has come yet", ERROR)
        needed = [topic.name for topic in node.inputs() if topic.type != CAMERA_INFO]
        for name in needed:
            assert f"{name}: nothing has come yet" in status.message
            assert values(status)[f"input {name}"].startswith("STALE")

    def test_a_wrong_image_is_counted_with_the_reason_and_the_node_lives(self, ros, listened):
        node = listened
        images = [topic.name for topic in node.inputs() if topic.type == IMAGE]
        assert images
        wrong = message_class(IMAGE)(encoding="no such thing", height=4, width=4, step=4)
        wrong.data.frombytes(bytes(16))
        wrong.header.stamp.sec = 1000
        for name in images:
            before = sum(rejected(node).values())
            talker = ros.talk(message_class(IMAGE), name)
            ros.wait_met(talker)
            talker.publish(wrong)
            ros.wait_for(lambda n=before: sum(rejected(node).values()) > n, f"complaint of {name}")
        assert "rejected: internal error" not in rejected(node)
        state = ros.call(GetState, f"{node.get_name()}/get_state", GetState.Request())
        assert state.current_state.id == State.PRIMARY_STATE_ACTIVE

    def test_reset_answers(self, ros, listened):
        answer = ros.call(Trigger, f"{listened.get_name()}/reset", Trigger.Request())
        assert answer.success and answer.message


def settable(node: PerceptionNode) -> list[Parameter]:
    """The parameters that may change while the node runs."""
    return [parameter for parameter in node.interface.parameters if parameter.dynamic]


def rejected(node: PerceptionNode) -> dict[str, int]:
    """How often input was rejected, by counter."""
    totals = node.diagnostics.totals
    return {name: count for name, count in totals.items() if name.startswith("rejected")}
