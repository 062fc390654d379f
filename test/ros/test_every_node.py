"""Every node of a capability passes the battery, and so does every simulated sensor."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from node_battery import ListeningNodeBattery, NodeBattery

from ddff_perception.registry import CAPABILITIES
from ddff_perception.ros.nodes import node_interface

pytestmark = pytest.mark.ros

NODES = [name for c in CAPABILITIES.values() for name in (*c.nodes, *c.sensors)]
LISTENING = [name for name in NODES if node_interface(name).inputs]


class _ByName:
    @pytest.fixture
    def interface(self, name: str):
        return node_interface(name)


@pytest.mark.parametrize("name", [name for name in NODES if name not in LISTENING])
class TestSendingNodes(_ByName, NodeBattery):
    pass


@pytest.mark.parametrize("name", LISTENING)
class TestListeningNodes(_ByName, ListeningNodeBattery):
    pass
