"""The one list of capabilities, and what the whole package has because of them.

A capability of this package has a place in the list; one of another package calls `register`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .capability import Capability, Reference
from .depth_from_focus.capability import DEPTH_FROM_FOCUS
from .reflection.capability import REFLECTION
from .retrieval.capability import RETRIEVAL
from .types import InputError

CAPABILITIES: dict[str, Capability] = {
    capability.name: capability for capability in (DEPTH_FROM_FOCUS, REFLECTION, RETRIEVAL)
}

_BAG_NODES = {
    "bag_recorder": Reference("ddff_perception.ros.bags.interface:BAG_RECORDER"),
    "bag_player": Reference("ddff_perception.ros.bags.interface:BAG_PLAYER"),
}


def register(capability: Capability) -> None:
    """Adds the capability of another package to the list, before `ddff` or a node looks there.

    Raises InputError where its name, or that of one of its nodes or commands, is taken.
    """
    taken = {
        "capability": CAPABILITIES,
        "node": nodes(),
        "command": [command.name for c in CAPABILITIES.values() for command in c.commands],
    }
    given = {
        "capability": [capability.name],
        "node": [*capability.nodes, *capability.sensors],
        "command": [command.name for command in capability.commands],
    }
    for kind, names in given.items():
        for name in names:
            if name in taken[kind]:
                raise InputError(f"there is a {kind} {name!r} already: choose another name")
    CAPABILITIES[capability.name] = capability


def nodes() -> Mapping[str, Reference]:
    """Every node's interface by name: capabilities', their simulated sensors', the bag nodes."""
    found: dict[str, Reference] = {}
    for part in ("nodes", "sensors"):
        for capability in CAPABILITIES.values():
            found |= getattr(capability, part)
    return found | _BAG_NODES
