"""The one list of capabilities, and what the whole package has because of them.

A capability of this package has a place in the list; one of another package is found by its entry
point in the group `ddff_perception.capabilities` (`negative = "negative.capability:NEGATIVE"`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import entry_points

from .alignment.capability import ALIGNMENT
from .capability import Capability, Reference
from .deblurring.capability import DEBLURRING
from .defocus.capability import DEFOCUS
from .depth_from_focus.capability import DEPTH_FROM_FOCUS
from .reflection.capability import REFLECTION
from .restoration.capability import RESTORATION
from .retrieval.capability import RETRIEVAL
from .segmentation.capability import SEGMENTATION
from .types import InputError

CAPABILITIES: dict[str, Capability] = {
    capability.name: capability
    for capability in (
        DEPTH_FROM_FOCUS,
        REFLECTION,
        SEGMENTATION,
        DEBLURRING,
        DEFOCUS,
        RESTORATION,
        ALIGNMENT,
        RETRIEVAL,
    )
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
        "command": [c.group + c.name for own in CAPABILITIES.values() for c in own.commands],
    }
    given = {
        "capability": [capability.name],
        "node": [*capability.nodes, *capability.sensors],
        "command": [command.group + command.name for command in capability.commands],
    }
    for kind, names in given.items():
        for name in names:
            if name in taken[kind]:
                raise InputError(f"there is a {kind} {name!r} already: choose another name")
    CAPABILITIES[capability.name] = capability


def register_installed() -> None:
    """Registers what other packages have entry points for; one that cannot be used is logged."""
    for point in entry_points(group="ddff_perception.capabilities"):
        try:
            register(point.load())
        except Exception as error:  # of another package: it must not end this one
            reason = f"{type(error).__name__}: {error}"
            log = logging.getLogger(__name__)
            log.warning("the capability %s (%s) is left out: %s", point.name, point.value, reason)


def nodes() -> Mapping[str, Reference]:
    """Every node's interface by name: capabilities', their simulated sensors', the bag nodes."""
    found: dict[str, Reference] = {}
    for part in ("nodes", "sensors"):
        for capability in CAPABILITIES.values():
            found |= getattr(capability, part)
    return found | _BAG_NODES


register_installed()
