"""A node's parameters without the node: from its ROS 2 parameter file and `--param name=value`.

Commands and the bag evaluation take the node's own names, so that a robot's file gives the same
numbers on every door. Old spellings still mean what they meant; a line says how to write them now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..console import warn
from ..parameters import ParameterTable, Value, assignment
from ..types import InputError
from .interface import NodeInterface

_LARGEST_FILE = 1 << 20
_MOST_VALUES = 10_000
# What rclpy takes by itself.
_OF_RCLPY = ("use_sim_time", "start_type_description_service", "qos_overrides.")
# Groups whose names commands once took without the group; the method's own comes first.
_OLD_GROUPS = ("capture", "engine")


def given_settings(
    interface: NodeInterface,
    params_file: Path | None = None,
    assignments: Sequence[str] = (),
    *,
    method: str | None = None,
    engine: str | None = None,
    used: Callable[[str], ParameterTable] | None = None,
) -> dict[str, Value]:
    """The values that are given of the node's parameters, by the node's names.

    Those of the file, over them `method` and `engine` (the options `--method` and
    `--engine`), over them `assignments` (`name=value`). `used`: what the caller reads where the
    method is the given one; anything else among the assignments is refused, since it would change
    nothing. Raises InputError on an unreadable file and on what does not fit its table; a name of
    the file that the node has not is told and ignored, as the node does.
    """
    table = interface.parameters
    given = {} if params_file is None else file_values(params_file, interface)
    named = [] if method is None else [f"method={method}"]
    named += assignments
    named += [] if engine is None else [f"engine.backend={engine}"]
    pairs = [assignment(text) for text in named]
    usual = str(given.get("method", table["method"].default)) if "method" in table else ""
    chosen = next((text for name, text in reversed(pairs) if name == "method"), usual)
    read = table if used is None else used(chosen)
    old: dict[str, str] = {}
    assigned: dict[str, Value] = {}
    for name, text in pairs:
        new = _today(table, name, chosen)
        assigned[new] = (table if new in table else read)[new].parse(text)
        if new != name:
            old[name] = new
    _warn_of_old(old)
    _refuse_unused(assigned, read, chosen)
    return {**given, **assigned}


def file_values(path: Path, interface: NodeInterface) -> dict[str, Value]:
    """The values that a parameter file holds for the node, checked.

    Sections such as `/**`, `depth_from_focus`, `/camera/depth_from_focus` and
    `/**/depth_from_focus` are the node's; names are nested or dotted. Raises InputError where the
    file is none, has no section of the node, or has several of different namespaces.
    """
    table = interface.parameters
    values: dict[str, Value] = {}
    old: dict[str, str] = {}
    unknown: list[str] = []
    for name, value in _flat(_sections(path, interface.name), path):
        new = table.canonical(name)
        if new not in table:
            unknown += [] if name.startswith(_OF_RCLPY) else [name]
            continue
        if new != name:
            old[name] = new
        try:
            values[new] = table[new].check(value)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    if unknown:
        warn(f"{interface.name} has no parameter {', '.join(unknown)}: ignored in {path}")
    _warn_of_old(old)
    return values


def read_parameter_file(path: Path) -> dict[str, dict[str, Any]]:
    """The parameters of each node of a ROS 2 parameter file, by the node's key.

    Namespaces may be nested: `camera: depth_from_focus:` is `/camera/depth_from_focus`. Raises
    InputError where it is no such file or larger than 1 MiB.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"{path} is larger than 1 MiB: that is no parameter file")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error).replace("\n", " ")
        raise InputError(f"cannot read the parameter file {path}: {reason}") from error
    nodes_alone = isinstance(content, dict) and all(isinstance(v, dict) for v in content.values())
    if not nodes_alone or not content:
        raise InputError(
            f"{path} is no ROS 2 parameter file: it must hold nodes, each with ros__parameters"
        )
    nodes: dict[str, dict[str, Any]] = {}
    for key, value in content.items():
        nodes |= _nodes(path, str(key), value)
    return nodes


def matches(key: str, node: str) -> bool:
    """Whether rclpy gives a node the values of a key of the file: `*` stands for one part of the
    name, `**` for any number of parts. `node` is the whole name, `/camera/depth_from_focus`.
    """
    absolute = key if key.startswith("/") else f"/{key}"
    parts = {"**": r"(?:/\w+)*", "*": r"/\w+"}
    pattern = "".join(parts.get(part, f"/{re.escape(part)}") for part in absolute[1:].split("/"))
    return re.fullmatch(pattern, node) is not None


def _nodes(path: Path, key: str, value: Any, depth: int = 0) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or depth > 8:
        raise InputError(f"{path}: {key} has no ros__parameters")
    if "ros__parameters" in value:
        values = value["ros__parameters"] or {}
        if not isinstance(values, dict):
            raise InputError(f"{path}: ros__parameters of {key} must be names and values")
        return {key: values}
    nodes: dict[str, dict[str, Any]] = {}
    for name, inner in value.items():
        nodes |= _nodes(path, f"{key.rstrip('/')}/{str(name).lstrip('/')}", inner, depth + 1)
    if not nodes:
        raise InputError(f"{path}: {key} has no ros__parameters")
    return nodes


def _sections(path: Path, node: str) -> list[dict[str, Any]]:
    """The file's sections of the node; what comes later counts."""
    content = read_parameter_file(path)
    mine = [key for key in content if key.rpartition("/")[2] in (node, "*", "**")]
    if not mine:
        raise InputError(f"{path} holds nothing of {node}; it holds {', '.join(content)}")
    places = [key for key in mine if "*" not in key]
    if len(places) > 1:
        raise InputError(f"{path} holds {' and '.join(places)}: leave one of them in it")
    return [content[key] for key in mine]


def _flat(sections: Sequence[Any], path: Path) -> Iterator[tuple[str, Any]]:
    """Dotted names with their values; raises InputError on more than any node has."""
    waiting = [("", section) for section in reversed(sections)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        name, value = waiting.pop()
        if isinstance(value, dict):
            start = f"{name}." if name else ""
            waiting += [(f"{start}{key}", inner) for key, inner in reversed(value.items())]
        else:
            yield name, value
    raise InputError(f"{path} holds more than {_MOST_VALUES} parameters")


def _today(table: ParameterTable, name: str, method: str) -> str:
    """The node's name of a parameter that may have been given by an older one."""
    for old in (name, *(f"{group}.{name}" for group in (method, *_OLD_GROUPS))):
        new = table.canonical(old)
        if new in table:
            return new
    return name


def _warn_of_old(old: Mapping[str, str]) -> None:
    if old:
        names = ", ".join(f"{new} for {name}" for name, new in old.items())
        warn(f"parameters have new names, the old ones will go: write {names}")


def _refuse_unused(assigned: Mapping[str, Value], used: ParameterTable, method: str) -> None:
    idle = [name for name in assigned if name not in used and name != "method"]
    if not idle:
        return
    known = ", ".join(sorted(parameter.name for parameter in used))
    with_method = f" with the method {method}" if method else ""
    raise InputError(f"{idle[0]} changes nothing here{with_method}; what does: {known}")
