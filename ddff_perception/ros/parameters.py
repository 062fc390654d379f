"""One `ParameterTable` as the ROS parameters of a node: declared, described, checked, applied."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from ..parameters import Parameter, ParameterTable, Value, group
from ..types import InputError

_LARGEST_INTEGER = 2**63 - 1
# Parameters that rclpy declares by itself.
_OF_RCLPY = ("use_sim_time", "start_type_description_service")

Check = Callable[[Mapping[str, Value]], None]
"""Given all values as they would be, raises InputError where they contradict each other."""
Apply = Callable[[Mapping[str, Value], frozenset[str]], None]
"""Takes over all values; the second argument names those that changed."""


class NodeParameters:
    """The values of a table as parameters of a node.

    Values from the command line or a YAML file are checked as `Parameter.check` does (an integer
    is accepted where a float is meant). A change is first checked without any side effect, then
    applied. Raises InputError where an initial value does not fit.
    """

    def __init__(
        self,
        node: Node,
        table: ParameterTable,
        check: Check | None = None,
        apply: Apply | None = None,
    ) -> None:
        self._node = node
        self._table = table
        self._check = check
        self._apply = apply
        self._values: Mapping[str, Value] = {}
        values = {parameter.name: self._initial(parameter) for parameter in table}
        if check is not None:
            check(values)
        for parameter in table:
            self._declare(parameter, values[parameter.name])
        self._values = MappingProxyType(values)
        node.add_on_set_parameters_callback(self._on_set)
        if hasattr(node, "add_pre_set_parameters_callback"):
            node.add_pre_set_parameters_callback(self._convert)
        if hasattr(node, "add_post_set_parameters_callback"):
            node.add_post_set_parameters_callback(lambda _: self._take_over())

    @property
    def values(self) -> Mapping[str, Value]:
        """All values by name; a snapshot that does not change any more."""
        return self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def group(self, prefix: str) -> dict[str, Value]:
        """The values whose names begin with `prefix.`, without it."""
        return group(self._values, prefix)

    def warn_of_unknown(self, topics: Iterable[str]) -> list[str]:
        """Logs the names that were given at start but mean nothing here, and returns them.

        `topics`: resolved names of topics whose `qos_overrides` mean something.
        """
        known = tuple(f"qos_overrides.{topic}." for topic in topics)
        # rclpy has no public list of what was given at start.
        given = getattr(self._node, "_parameter_overrides", {})
        unknown = [
            name
            for name in given
            if not (
                self._node.has_parameter(self._table.canonical(name))
                or name in _OF_RCLPY
                or name.startswith(known)
            )
        ]
        if unknown:
            self._node.get_logger().warning(
                f"there is no parameter {', '.join(unknown)}: given at start and ignored"
            )
        return unknown

    def _initial(self, parameter: Parameter) -> Value:
        """The value given at start, also by an older name, in the table's type, or the default."""
        older = [old for old, new in self._table.aliases.items() if new == parameter.name]
        for name in (parameter.name, *older):
            given = self._given(name)
            if given is None:
                continue
            if name != parameter.name:
                self._node.get_logger().warning(
                    f"the parameter {name} has a new name, the old one will go: "
                    f"write {parameter.name}"
                )
            return parameter.check(_plain(parameter, given.value))
        return parameter.default

    def _given(self, name: str) -> RosParameter | None:
        """What was given at start.

        Declared for a moment without a type: rclpy would refuse `rate_hz: 10` for a float.
        """
        given = self._node.declare_parameter(name, None, ParameterDescriptor(dynamic_typing=True))
        self._node.undeclare_parameter(name)
        return None if given.type_ == RosParameter.Type.NOT_SET else given

    def _declare(self, parameter: Parameter, value: Value) -> None:
        # Lists are declared by type: the type of an empty list cannot be told from its value.
        self._node.declare_parameter(
            parameter.name,
            ros_type(parameter) if isinstance(value, list) else value,
            descriptor(parameter, read_only=False if isinstance(value, list) else None),
            ignore_override=True,
        )
        if isinstance(value, list):
            name = parameter.name
            self._node.set_parameters([RosParameter(name, ros_type(parameter), value)])
            if not parameter.dynamic:
                self._node.set_descriptor(name, descriptor(parameter))

    def _convert(self, changes: list[RosParameter]) -> list[RosParameter]:
        """`ros2 param set node rate_hz 10` sets an integer: make it the float that is meant."""
        return [self._converted(change) for change in changes]

    def _converted(self, change: RosParameter) -> RosParameter:
        if change.name not in self._table:
            return change
        wanted = ros_type(self._table[change.name])
        if (change.type_, wanted) == (RosParameter.Type.INTEGER, RosParameter.Type.DOUBLE):
            return RosParameter(change.name, wanted, float(change.value))
        if (change.type_, wanted) == (
            RosParameter.Type.INTEGER_ARRAY,
            RosParameter.Type.DOUBLE_ARRAY,
        ):
            return RosParameter(change.name, wanted, [float(item) for item in change.value])
        return change

    def after(self, changes: Iterable[RosParameter]) -> dict[str, Value]:
        """All values as they would be; raises InputError where one does not fit."""
        values = dict(self._values)
        for change in changes:
            if change.name in self._table:
                parameter = self._table[change.name]
                values[change.name] = parameter.check(_plain(parameter, change.value))
        return values

    def _on_set(self, changes: list[RosParameter]) -> SetParametersResult:
        """Whether the values may become `changes`; changes nothing by itself."""
        try:
            values = self.after(changes)
            if self._check is not None:
                self._check(values)
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if not hasattr(self._node, "add_post_set_parameters_callback"):
            self._take_over_soon()
        return SetParametersResult(successful=True)

    def _take_over_soon(self) -> None:
        """ROS 2 Humble has no callback after a change: look again from the executor."""

        def once() -> None:
            self._node.destroy_timer(timer)
            self._take_over()

        timer = self._node.create_timer(0.0, once)

    def _take_over(self) -> None:
        values = {
            parameter.name: parameter.check(
                _plain(parameter, self._node.get_parameter(parameter.name).value)
            )
            for parameter in self._table
            if self._node.has_parameter(parameter.name)
        }
        changed = frozenset(name for name in values if values[name] != self._values[name])
        if not changed:
            return
        self._values = MappingProxyType(values)
        if self._apply is not None:
            self._apply(self._values, changed)


def ros_type(parameter: Parameter) -> RosParameter.Type:
    """The ROS type of a parameter, from the type of its default."""
    default = parameter.default
    if isinstance(default, list):
        texts = bool(default) and isinstance(default[0], str)
        return RosParameter.Type.STRING_ARRAY if texts else RosParameter.Type.DOUBLE_ARRAY
    return RosParameter.Type.from_parameter_value(default)


def descriptor(parameter: Parameter, read_only: bool | None = None) -> ParameterDescriptor:
    """What `ros2 param describe` shows: description with unit, range, choices, read-only flag."""
    result = ParameterDescriptor(
        name=parameter.name,
        type=ros_type(parameter).value,
        description=parameter.description + (f" [{parameter.unit}]" if parameter.unit else ""),
        read_only=not parameter.dynamic if read_only is None else read_only,
    )
    if parameter.choices:
        result.additional_constraints = f"one of: {', '.join(parameter.choices)}"
    if parameter.minimum is None and parameter.maximum is None:
        return result
    low, high = parameter.minimum, parameter.maximum
    if isinstance(parameter.default, float):
        result.floating_point_range = [
            FloatingPointRange(
                from_value=-math.inf if low is None else float(low),
                to_value=math.inf if high is None else float(high),
            )
        ]
    elif isinstance(parameter.default, int):
        result.integer_range = [
            IntegerRange(
                from_value=-_LARGEST_INTEGER if low is None else math.ceil(low),
                to_value=_LARGEST_INTEGER if high is None else math.floor(high),
                step=1,
            )
        ]
    else:
        unit = f" {parameter.unit}" if parameter.unit else ""
        result.additional_constraints = (
            f"each in {-math.inf if low is None else low:g} .. "
            f"{math.inf if high is None else high:g}{unit}"
        )
    return result


def _plain(parameter: Parameter, value: Any) -> Any:
    """A ROS value as plain Python: arrays as lists, integers in a list of floats as floats."""
    if isinstance(parameter.default, list):
        if value is None:
            return []
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            return value
        numbers = ros_type(parameter) == RosParameter.Type.DOUBLE_ARRAY
        whole = [float(v) if numbers and type(v) is int else v for v in value]
        kinds = float if numbers else str
        if not all(isinstance(item, kinds) for item in whole):
            raise InputError(f"{parameter.name} must be a list of {kinds.__name__}")
        return whole
    return value
