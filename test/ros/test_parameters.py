from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from ddff_perception.parameters import Parameter, ParameterTable
from ddff_perception.ros.parameters import NodeParameters, descriptor
from ddff_perception.types import InputError

TABLE = ParameterTable(
    [
        Parameter("rate_hz", 10.0, "how often", "Hz", 1.0, 100.0),
        Parameter("steps", 5, "how many", "", 2, 9),
        Parameter("mode", "up", "which way", choices=("up", "down")),
        Parameter("fixed", True, "for ever", dynamic=False),
        Parameter("group.distances_m", [], "where", "m", 0.1),
        Parameter("group.names", ["a"], "who", dynamic=False),
    ],
    aliases={"old.count": "steps"},
)

pytestmark = pytest.mark.usefixtures("ros_context")


class Host:
    """A node with `TABLE` on it, and what was applied."""

    def __init__(self, check: Any = None, **given: Any) -> None:
        overrides = [RosParameter(name.replace("__", "."), value=v) for name, v in given.items()]
        self.node = rclpy.create_node("host", parameter_overrides=overrides)
        self.applied: list[tuple[dict[str, Any], frozenset[str]]] = []
        self.parameters = NodeParameters(
            self.node,
            TABLE,
            check,
            lambda values, names: self.applied.append((dict(values), names)),
        )

    def set(self, name: str, value: Any) -> Any:
        return self.node.set_parameters([RosParameter(name, value=value)])[0]


def test_defaults_are_declared_in_their_types() -> None:
    host = Host()
    assert dict(host.parameters.values) == TABLE.complete()
    assert host.node.get_parameter("group.distances_m").type_ == RosParameter.Type.DOUBLE_ARRAY
    assert host.node.get_parameter("group.names").value == ["a"]
    assert host.parameters.group("group") == {"distances_m": [], "names": ["a"]}


def test_an_older_name_that_is_given_at_start_stands_for_todays(capfd: Any) -> None:
    host = Host(old__count=7, magic=1)
    assert host.parameters["steps"] == host.node.get_parameter("steps").value == 7
    assert not host.node.has_parameter("old.count")
    assert host.parameters.warn_of_unknown([]) == ["magic"]
    assert "old.count has a new name, the old one will go: write steps" in capfd.readouterr().err
    assert Host(old__count=7, steps=8).parameters["steps"] == 8
    with pytest.raises(InputError, match=r"steps must lie in 2 .. 9"):
        Host(old__count=17)


def test_descriptions_show_unit_range_choices_and_what_is_read_only() -> None:
    host = Host()
    rate = host.node.describe_parameter("rate_hz")
    assert rate.description == "how often [Hz]"
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (
        1.0,
        100.0,
    )
    steps = host.node.describe_parameter("steps").integer_range[0]
    assert (steps.from_value, steps.to_value, steps.step) == (2, 9, 1)
    assert host.node.describe_parameter("mode").additional_constraints == "one of: up, down"
    assert host.node.describe_parameter("fixed").read_only
    assert host.node.describe_parameter("group.names").read_only
    assert not rate.read_only
    distances = host.node.describe_parameter("group.distances_m")
    assert distances.additional_constraints == "each in 0.1 .. inf m"


def test_an_open_range_reaches_to_the_end_of_the_type() -> None:
    only_low = descriptor(Parameter("n", 1, "", minimum=0)).integer_range[0]
    assert (only_low.from_value, only_low.to_value) == (0, 2**63 - 1)
    only_high = descriptor(Parameter("x", 1.0, "", maximum=2.0)).floating_point_range[0]
    assert (only_high.from_value, only_high.to_value) == (-float("inf"), 2.0)


def test_values_given_at_start_are_taken_and_whole_numbers_become_floats() -> None:
    host = Host(rate_hz=20, group__distances_m=[1, 2], mode="down")
    assert host.parameters["rate_hz"] == 20.0
    assert isinstance(host.node.get_parameter("rate_hz").value, float)
    assert host.parameters["group.distances_m"] == [1.0, 2.0]
    assert host.parameters["mode"] == "down"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate_hz": 1000.0}, "rate_hz must lie in 1 .. 100 Hz"),
        ({"rate_hz": "fast"}, "rate_hz must be float"),
        ({"steps": 2.5}, "steps must be int"),
        ({"mode": "sideways"}, "one of up, down"),
        ({"fixed": 1}, "fixed must be bool"),
        ({"group__distances_m": ["a"]}, "list of float"),
        ({"group__distances_m": [0.01]}, "0.1"),
        ({"group__names": [1.0]}, "list of str"),
    ],
)
def test_a_bad_value_at_start_is_refused_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Host(**given)


def test_a_change_is_applied_after_it_was_accepted() -> None:
    host = Host()
    before = host.parameters.values
    assert host.set("rate_hz", 30.0).successful
    assert host.parameters["rate_hz"] == 30.0
    assert host.applied == [({**TABLE.complete(), "rate_hz": 30.0}, frozenset({"rate_hz"}))]
    assert before["rate_hz"] == 10.0


def test_a_whole_number_may_be_set_where_a_float_is_meant() -> None:
    host = Host()
    assert host.set("rate_hz", 30).successful
    assert host.node.get_parameter("rate_hz").value == 30.0
    assert host.set("group.distances_m", [1, 2]).successful
    assert host.parameters["group.distances_m"] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rate_hz", 0.5, "range"),
        ("steps", 10, "range"),
        ("mode", "sideways", "one of up, down"),
        ("fixed", False, "read-only"),
        ("group.names", ["b"], "read-only"),
        ("steps", "many", "type"),
        ("rate_hz", float("nan"), ""),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(name: str, value: Any, words: str) -> None:
    host = Host()
    result = host.set(name, value)
    assert not result.successful
    assert words in result.reason
    assert dict(host.parameters.values) == TABLE.complete()
    assert host.applied == []


def test_values_that_contradict_each_other_are_refused_without_side_effects() -> None:
    def check(values: Any) -> None:
        if values["steps"] > 4 and values["mode"] == "down":
            raise InputError("down has no more than 4 steps")

    host = Host(check)
    result = host.set("mode", "down")
    assert (result.successful, result.reason) == (False, "down has no more than 4 steps")
    both = [RosParameter("mode", value="down"), RosParameter("steps", value=3)]
    assert host.node.set_parameters_atomically(both).successful
    assert [names for _, names in host.applied] == [frozenset({"mode", "steps"})]
    with pytest.raises(InputError, match="no more than 4"):
        Host(check, mode="down")


def test_a_change_refused_by_somebody_else_is_not_applied() -> None:
    host = Host()
    refused = rclpy.node.SetParametersResult(successful=False, reason="no")
    host.node.add_on_set_parameters_callback(lambda _: refused)
    assert not host.set("steps", 3).successful
    assert host.parameters["steps"] == 5
    assert host.applied == []


def test_unknown_names_given_at_start_are_named(tmp_path: Path) -> None:
    host = Host(
        typo_hz=1.0,
        use_sim_time=False,
        qos_overrides__known__x=1,
    )
    given = host.node._parameter_overrides
    for name in (
        "qos_overrides./image_rect.publisher.depth",
        "qos_overrides./other.publisher.depth",
    ):
        given[name] = RosParameter(name, value=1)
    unknown = host.parameters.warn_of_unknown(["/image_rect"])
    assert unknown == ["typo_hz", "qos_overrides.known.x", "qos_overrides./other.publisher.depth"]


def test_without_a_callback_after_a_change_it_is_applied_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ROS 2 Humble."""
    monkeypatch.delattr(Node, "add_post_set_parameters_callback")
    monkeypatch.delattr(Node, "add_pre_set_parameters_callback")
    host = Host()
    assert host.set("steps", 3).successful
    assert host.parameters["steps"] == 5
    for _ in range(100):
        if host.applied:
            break
        rclpy.spin_once(host.node, timeout_sec=0.1)
    assert host.parameters["steps"] == 3
    assert host.applied[0][1] == frozenset({"steps"})
