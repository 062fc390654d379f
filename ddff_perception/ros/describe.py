"""A node's topics, services and parameters as text, made from the tables that the node runs on.

python -m ddff_perception.ros.describe depth_from_focus          # Markdown for the README
python -m ddff_perception.ros.describe --yaml depth_from_focus   # the parameter file
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections.abc import Iterable, Sequence

from ..parameters import Parameter, Value
from ..registry import nodes
from .interface import NodeInterface, Topic
from .nodes import node_interface


def markdown(interface: NodeInterface) -> str:
    """The node's section of the documentation."""
    parts = [f"### `{interface.name}`", interface.description]
    for title, topics in (
        ("Subscribed topics", interface.inputs),
        ("Published topics", interface.outputs),
    ):
        if topics:
            parts.append(f"**{title}**")
            parts.append(_table(("topic", "type", "meaning"), map(_topic_row, topics)))
    if interface.services:
        rows = ((f"`{s.name}`", f"`{s.type}`", s.description) for s in interface.services)
        parts.append("**Services**")
        parts.append(_table(("service", "type", "meaning"), rows))
    parts.append("**Parameters**")
    parts.append(parameter_table(interface.parameters))
    return "\n\n".join(parts) + "\n"


def parameter_table(parameters: Iterable[Parameter]) -> str:
    """The parameters as a Markdown table."""
    head = ("parameter", "default", "range", "unit", "meaning")
    return _table(head, (_parameter_row(p) for p in parameters))


def parameter_file(interface: NodeInterface) -> str:
    """A ROS 2 parameter file with every default, for the node of this name in any namespace."""
    lines = [
        f"# Parameters of the node {interface.name}, with their defaults.",
        f"/**/{interface.name}:",
        "  ros__parameters:",
    ]
    group: list[str] = []
    for parameter in interface.parameters:
        *parents, name = parameter.name.split(".")
        if parents != group:
            # A group that is open stays so: named twice, YAML would forget its first part.
            same = itertools.takewhile(
                lambda pair: pair[0] == pair[1], zip(group, parents, strict=False)
            )
            known = len(list(same))
            lines += [f"{'  ' * (2 + i)}{parents[i]}:" for i in range(known, len(parents))]
            group = parents
        indent = "  " * (2 + len(parents))
        lines.append(f"{indent}# {_comment(parameter)}")
        lines.append(f"{indent}{name}: {yaml_value(parameter.default)}")
    return "\n".join(lines) + "\n"


def yaml_value(value: Value) -> str:
    """A value as YAML that both PyYAML and rcl read in the right type."""
    if isinstance(value, list):
        return "[" + ", ".join(yaml_value(item) for item in value) + "]"
    if isinstance(value, float) and math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    if isinstance(value, float):
        text = repr(value)
        # `1e-05` without a point would be read as a text.
        return text if "." in text or "e" not in text else text.replace("e", ".0e")
    return json.dumps(value, ensure_ascii=False)


def _topic_row(topic: Topic) -> tuple[str, ...]:
    return f"`{topic.name}`", f"`{topic.type}`", topic.description


def _parameter_row(parameter: Parameter) -> tuple[str, ...]:
    meaning = parameter.description + ("" if parameter.dynamic else " (read-only)")
    default = yaml_value(parameter.default)
    return f"`{parameter.name}`", f"`{default}`", _range(parameter), parameter.unit, meaning


def _comment(parameter: Parameter) -> str:
    text = parameter.description + (f" [{parameter.unit}]" if parameter.unit else "")
    limits = ("one of " if parameter.choices else "") + _range(parameter)
    text += f"; {limits}" if limits else ""
    return text + ("" if parameter.dynamic else "; read-only")


def _range(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    if low is None and high is None:
        return ""
    if high is None:
        return f"≥ {_number(low)}"
    return f"≤ {_number(high)}" if low is None else f"{_number(low)} .. {_number(high)}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in cells)
    return "\n".join(f"| {line} |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the text for the named nodes (all by default) to the standard output."""
    parser = argparse.ArgumentParser(description="Topics and parameters of the nodes.")
    parser.add_argument("nodes", nargs="*", metavar="NODE", help=", ".join(nodes()))
    parser.add_argument("--yaml", action="store_true", help="the parameter file instead")
    options = parser.parse_args(arguments)
    write = parameter_file if options.yaml else markdown
    texts = [write(node_interface(name)) for name in options.nodes or nodes()]
    sys.stdout.write("\n".join(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
