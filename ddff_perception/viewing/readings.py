"""Small messages as named numbers for a chart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

STAGE_END = " median [ms]"
_UNITS = ("unknown unit", "steps", "dioptres", "m", "V")


def _focus(message: Any) -> dict[str, float]:
    distance, position = float(message.focus_distance), float(message.lens_position)
    unit = _UNITS[min(int(message.lens_position_unit), len(_UNITS) - 1)]
    found = {}
    if not math.isnan(distance) and distance > 0:
        found["focus [dioptres]"] = 1.0 / distance
    elif not math.isnan(position):
        found[f"lens position [{unit}]"] = position
    return found


def _joints(message: Any) -> dict[str, float]:
    pairs = zip(message.name, message.position, strict=False)
    return {f"{name[:40]} [°]": math.degrees(position) for name, position in pairs}


def _imu(message: Any) -> dict[str, float]:
    acceleration = message.linear_acceleration
    return {f"acceleration {axis} [m/s²]": float(getattr(acceleration, axis)) for axis in "xyz"}


def _plain(message: Any) -> dict[str, float]:
    return {"value": float(message.data)}


READERS: Mapping[str, Callable[[Any], dict[str, float]]] = {
    "ddff_perception/msg/FocusState": _focus,
    "sensor_msgs/msg/JointState": _joints,
    "sensor_msgs/msg/Imu": _imu,
    **{
        f"std_msgs/msg/{name}": _plain
        for name in ("Float32", "Float64", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16")
    },
}
"""From a message, by its type, to numbers by name with unit; those that are not known are missing.
"""


def said(kind: str, message: Any) -> str:
    """What a reading says beyond its numbers; empty where nothing."""
    if kind != "ddff_perception/msg/FocusState":
        return ""
    distance = float(message.focus_distance)
    place = "∞" if math.isinf(distance) else f"{distance:.3g} m"
    where = "at an unknown distance" if math.isnan(distance) else f"focused at {place}"
    return where + (", at rest" if message.settled else ", moving")


def stages(values: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds by stage of a node's diagnostics."""
    found = {}
    for key, text in values.items():
        if key.endswith(STAGE_END):
            try:
                found[key.removesuffix(STAGE_END)] = float(text)
            except ValueError:
                continue
    return {name: value for name, value in found.items() if math.isfinite(value)}
