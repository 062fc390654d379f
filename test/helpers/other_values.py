"""Parameters with values that are not their defaults."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from ddff_perception.parameters import Parameter, Settings, Value

# Numbers that others have to fit: a window is odd, the smallest incidence is below the largest.
_STEP = 2


def other_value(parameter: Parameter) -> Value:
    """An allowed value of the parameter that is not its default."""
    default = parameter.default
    if parameter.choices:
        return next((choice for choice in parameter.choices if choice != default), default)
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        return f"{default}other"
    if isinstance(default, list):
        texts = any(isinstance(item, str) for item in default)
        return default[:1] if texts else [1.0, 2.0]
    step = _STEP if isinstance(default, int) else 0.5
    highest = float("inf") if parameter.maximum is None else parameter.maximum
    lowest = float("-inf") if parameter.minimum is None else parameter.minimum
    if default + step <= highest:
        return default + step
    return default - step if default - step >= lowest else (default + lowest) / 2


def settings_within(thing: Any, depth: int = 6) -> list[Settings]:
    """All settings that an object holds, and those that what it holds holds."""
    if isinstance(thing, Settings):
        return [thing]
    if depth == 0:
        return []
    if is_dataclass(thing):
        inner = [getattr(thing, item.name) for item in fields(thing)]
    elif isinstance(thing, dict):
        inner = list(thing.values())
    elif isinstance(thing, list | tuple):
        inner = list(thing)
    elif getattr(type(thing), "__module__", "").startswith("ddff_perception"):
        inner = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    else:
        closure = getattr(thing, "__closure__", None) or ()
        inner = [cell.cell_contents for cell in closure]
        inner += list(getattr(thing, "keywords", {}).values())
    return [found for item in inner for found in settings_within(item, depth - 1)]


def wrong_values(parameter: Parameter) -> list[Value]:
    """Values of the parameter's type that it does not allow."""
    default, found = parameter.default, []
    if parameter.choices:
        return ["no such choice"]
    if isinstance(default, bool | str):
        return []
    for limit, step in ((parameter.minimum, -1), (parameter.maximum, 1)):
        if limit is not None:
            beyond = limit + step
            typed = int(beyond) if isinstance(default, int) else float(beyond)
            found.append([typed] if isinstance(default, list) else typed)
    return found
