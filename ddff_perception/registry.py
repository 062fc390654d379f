"""The one list of capabilities, and what the whole package has because of them."""

from __future__ import annotations

from collections.abc import Mapping

from .capability import Capability, Reference
from .depth_from_focus.capability import DEPTH_FROM_FOCUS
from .reflection.capability import REFLECTION

CAPABILITIES: dict[str, Capability] = {
    capability.name: capability for capability in (DEPTH_FROM_FOCUS, REFLECTION)
}

_BAG_NODES = {
    "bag_recorder": Reference("ddff_perception.ros.bags.interface:BAG_RECORDER"),
    "bag_player": Reference("ddff_perception.ros.bags.interface:BAG_PLAYER"),
}


def nodes() -> Mapping[str, Reference]:
    """Every node's interface by name: capabilities', their simulated sensors', the bag nodes."""
    found: dict[str, Reference] = {}
    for part in ("nodes", "sensors"):
        for capability in CAPABILITIES.values():
            found |= getattr(capability, part)
    return found | _BAG_NODES
