"""Another node: its parameters, listed, described, read and set by its own services."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, ParameterEvent, ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_parameter_events

from ..parameters import Parameter, Value

_PREFIX = "one of: "
_SETTABLE = (
    ParameterType.PARAMETER_BOOL,
    ParameterType.PARAMETER_INTEGER,
    ParameterType.PARAMETER_DOUBLE,
    ParameterType.PARAMETER_STRING,
    ParameterType.PARAMETER_DOUBLE_ARRAY,
    ParameterType.PARAMETER_STRING_ARRAY,
)


class RemoteParameters:
    """Those of the node `target` (a full name); nothing waits, answers come while `node` spins, and
    what others change is read again.

    `values`: each parameter with its value as default, None until the node has answered. A type
    that has no place in a `Parameter` is left out.
    """

    def __init__(self, node: Node, target: str) -> None:
        self.target = target
        self.values: Mapping[str, Parameter] | None = None
        self._node = node
        self._types: dict[str, int] = {}
        kinds = {
            "list": ListParameters,
            "describe": DescribeParameters,
            "get": GetParameters,
            "set": SetParameters,
        }
        self._clients = {
            name: node.create_client(kind, f"{target}/{name}_parameters")
            for name, kind in kinds.items()
        }
        self._events = node.create_subscription(
            ParameterEvent, "/parameter_events", self._changed, qos_profile_parameter_events
        )

    @property
    def ready(self) -> bool:
        """Whether the node's services are there."""
        return all(client.service_is_ready() for client in self._clients.values())

    def refresh(self) -> None:
        """Asks for all parameters anew; nothing where the services are not there."""
        if self._clients and self.ready:
            self._ask("list", ListParameters.Request(), self._listed)

    def set(self, name: str, value: Value, answer: Callable[[str], None]) -> None:
        """Asks the node to take a value; `answer` gets its reason where it refuses, else ""."""
        kind = self._types.get(name)
        if kind is None or not self.ready:
            answer(f"{self.target} does not answer" if kind else f"there is no {name}")
            return
        given = RosParameter(name, RosParameter.Type(kind), value).to_parameter_msg()

        def answered(response: Any) -> None:
            result = response.results[0]
            answer("" if result.successful else result.reason or "the node refused it")

        self._ask("set", SetParameters.Request(parameters=[given]), answered)

    def close(self) -> None:
        """Lets go of the services."""
        for client in self._clients.values():
            self._node.destroy_client(client)
        self._clients.clear()
        self._node.destroy_subscription(self._events)

    def _changed(self, event: ParameterEvent) -> None:
        """By whomever: also what was set here is read back."""
        if event.node == self.target:
            self.refresh()

    def _ask(self, service: str, request: Any, then: Callable[[Any], None]) -> None:
        def done(future: Any) -> None:
            if self._clients and future.result() is not None:
                then(future.result())

        self._clients[service].call_async(request).add_done_callback(done)

    def _listed(self, response: Any) -> None:
        names = sorted(response.result.names)

        def described(answer: Any) -> None:
            self._ask(
                "get",
                GetParameters.Request(names=names),
                lambda got: self._got(answer.descriptors, got.values),
            )

        self._ask("describe", DescribeParameters.Request(names=names), described)

    def _got(self, descriptors: Any, values: Any) -> None:
        found, types = {}, {}
        # A node gives less than all where one of the names is gone meanwhile.
        for item, value in zip(descriptors, values, strict=False):
            if value.type in _SETTABLE:
                types[item.name] = int(value.type)
                found[item.name] = described_parameter(item, parameter_value_to_python(value))
        self._types, self.values = types, found


def described_parameter(item: ParameterDescriptor, value: Any) -> Parameter:
    """A parameter as its node describes it, with its value as default."""
    low = high = None
    for limits in (*item.floating_point_range, *item.integer_range):
        low, high = float(limits.from_value), float(limits.to_value)
    constraints = item.additional_constraints
    choices = constraints.removeprefix(_PREFIX) if constraints.startswith(_PREFIX) else ""
    return Parameter(
        item.name,
        list(value) if not isinstance(value, bool | int | float | str) else value,
        item.description,
        minimum=None if low is None or math.isinf(low) else low,
        maximum=None if high is None or math.isinf(high) else high,
        choices=tuple(choices.split(", ")) if choices else (),
        dynamic=not item.read_only,
    )
