"""A JointState as the angle of the polarizer that its joint turns, live and recorded alike."""

from __future__ import annotations

import math
from typing import Any

from ...types import InputError


def filter_angle_deg(
    state: Any, joint: str = "", ratio: float = 1.0, offset_deg: float = 0.0
) -> float:
    """The polarizer's transmission axis, degrees: `ratio` times the position of `joint`, radians,
    and `offset_deg`.

    `state`: a JointState message. An empty `joint` is the first one. Raises InputError where the
    message has no position of it.
    """
    names = list(state.name)
    index = names.index(joint) if joint in names else 0 if not joint else -1
    if not 0 <= index < len(state.position):
        raise InputError(
            f"filter_state has no position of the joint {joint or 'first'!r}; it has: "
            f"{', '.join(names) or 'no names'}"
        )
    return math.degrees(state.position[index]) * ratio + offset_deg
