"""What each capability's demo names is there: its sensor, its node's topics, its parameters."""

from __future__ import annotations

import pytest

from ddff_perception.commands.bag import bag_kinds
from ddff_perception.evaluation.demo import Demo
from ddff_perception.registry import CAPABILITIES
from ddff_perception.ros.nodes import node_interface

DEMOS = {name: c.demo.load() for name, c in CAPABILITIES.items() if c.demo is not None}


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_records_what_sensor_and_node_send(name: str) -> None:
    demo: Demo = DEMOS[name]
    node = node_interface(bag_kinds()[name].node)
    assert demo.sensor in {sensor for c in CAPABILITIES.values() for sensor in c.sensors}
    sent = {topic.name for i in (node_interface(demo.sensor), node) for topic in i.outputs}
    assert set(demo.recorded) <= sent
    assert {demo.shown, *demo.sent} <= set(demo.recorded)
    node.parameters.complete(demo.given)


def test_every_capability_with_a_sensor_has_a_demo() -> None:
    assert set(DEMOS) >= {name for name, c in CAPABILITIES.items() if c.sensors and c.bag}
