"""Writes what the code and the benchmark records know into files: run after either changed.

    python tools/write_docs.py

`docs/nodes.md`, `config/`, `scripts/` and `launch/` have a section or a file for each node of the
registry; `docs/methods.md` lists the capabilities' methods; `docs/benchmarks.md` comes from
`docs/benchmarks/*.json` by `sections.yaml` there, the parameters in `docs/engines.md`,
`docs/retrieval.md` and `docs/training.md` from theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ddff_perception.commands.info import method_descriptions
from ddff_perception.engines.settings import ENGINE_PARAMETERS
from ddff_perception.registry import CAPABILITIES, nodes
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings
from ddff_perception.ros.describe import markdown, parameter_file, parameter_table
from ddff_perception.ros.nodes import node_interface
from ddff_perception.training.presets import FitSettings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
_SCRIPT = """#!/usr/bin/env python3
from {module} import main

raise SystemExit(main())
"""
_LAUNCH = '''"""Starts {name}; `--show-args` tells what can be given."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description("{name}")
'''
# What comes after this line of the page on training is written here.
_SETTINGS = "<!-- written by tools/write_docs.py -->"
_CAPTURES = {
    "capture": "capture",
    "method": "method",
    "score_is": "score",
    "score": "value",
    "torn_percent": "torn %",
    "off_plane_percent": "off its plane %",
}


def main() -> None:
    (DOCS / "nodes.md").write_text(nodes_page(), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(benchmarks_page(), encoding="utf-8")
    (DOCS / "engines.md").write_text(engines_page(), encoding="utf-8")
    (DOCS / "training.md").write_text(training_page(), encoding="utf-8")
    (DOCS / "retrieval.md").write_text(retrieval_page(), encoding="utf-8")
    (DOCS / "methods.md").write_text(methods_page(), encoding="utf-8")
    for path, text in node_files().items():
        path.write_text(text, encoding="utf-8")
        if path.parent.name == "scripts":
            path.chmod(0o755)


def node_files() -> dict[Path, str]:
    """Each node's executable and parameter file; launch files of the capabilities' nodes."""
    files = {}
    for name in nodes():
        interface = node_interface(name)
        files[ROOT / "scripts" / name] = _SCRIPT.format(module=interface.module)
        files[ROOT / "config" / f"{name}.yaml"] = parameter_file(interface)
    for capability in CAPABILITIES.values():
        for name in (*capability.nodes, *capability.sensors):
            files[ROOT / "launch" / f"{name}.launch.py"] = _LAUNCH.format(name=name)
    return files


def methods_page() -> str:
    """The methods of every capability."""
    parts = [
        "# Methods\n\nWritten by `python tools/write_docs.py` from what the capabilities hand over."
    ]
    columns = {"name": "method", "description": "what it does"}
    for capability in CAPABILITIES.values():
        described = method_descriptions(capability)
        rows = [{"name": f"`{name}`", "description": text} for name, text in described.items()]
        if rows:
            title = capability.name.replace("_", " ").capitalize()
            parts.append(f"## {title}\n\n{_table(rows, columns)}")
    return "\n\n".join(parts) + "\n"


def training_page() -> str:
    """The page on training, its table of settings anew."""
    head, mark, _ = (DOCS / "training.md").read_text(encoding="utf-8").partition(_SETTINGS)
    return f"{head}{mark}\n\n{parameter_table(FitSettings.table())}\n"


def engines_page() -> str:
    """The page as it is, with the table of its parameters anew."""
    head, title, rest = (
        (DOCS / "engines.md").read_text(encoding="utf-8").partition("\n## Parameters\n\n")
    )
    after = rest[rest.index("\n## ") :]
    return f"{head}{title}{parameter_table(ENGINE_PARAMETERS)}\n{after}"


def retrieval_page() -> str:
    """The page on retrieval, its tables of settings anew: one after each mark, to its end."""
    text = (DOCS / "retrieval.md").read_text(encoding="utf-8")
    for name, settings in (("build", IndexSettings), ("search", SearchSettings)):
        head, mark, rest = text.partition(f"{_SETTINGS[:-4]}: {name} -->\n")
        after = rest[rest.index("<!-- end -->") :]
        text = f"{head}{mark}\n{parameter_table(settings.table())}\n{after}"
    return text


def nodes_page() -> str:
    """Every node's topics, services and parameters."""
    head = (
        "# Nodes\n\nWritten by `python tools/write_docs.py` from the tables the nodes run on.\n\n"
    )
    return head + "\n".join(markdown(node_interface(name)) for name in nodes())


def benchmarks_page() -> str:
    """Every benchmark record as a table, and what falls short in prose (`shortfalls.md`)."""
    parts = [
        "# Benchmarks\n\nWritten by `python tools/write_docs.py` from `docs/benchmarks/*.json`."
    ]
    shortfalls = DOCS / "benchmarks" / "shortfalls.md"
    if shortfalls.is_file():
        parts.append(shortfalls.read_text(encoding="utf-8").strip())
    sections = yaml.safe_load((DOCS / "benchmarks" / "sections.yaml").read_text(encoding="utf-8"))
    for name, section in sections.items():
        file = DOCS / "benchmarks" / f"{name}.json"
        if file.is_file():
            parts.append(_section(json.loads(file.read_text(encoding="utf-8")), **section))
    return "\n\n".join(parts) + "\n"


def _section(record: Mapping[str, Any], title: str, text: str, columns: Mapping[str, str]) -> str:
    machine = record["hardware"]
    source = (
        f"`{record['command']}`, {record['date']}, commit {record['commit']}, "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, "
        f"OpenCV {machine['opencv']}."
    )
    table = _table(record["rows"], columns)
    if record.get("captures"):
        table += f"\n\n{_table(record['captures'], _CAPTURES)}"
    lead = f"**{record['headline']}**\n\n" if "headline" in record else ""
    return f"## {title}\n\n{lead}{text}\n\n{table}\n\n{source}"


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    lines = [" | ".join(columns.values()), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row.get(key)) for key in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {number}" for key, number in value.items()) or "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
