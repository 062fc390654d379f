"""What the registry lists is there: every reference resolves, and every node has its files."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ddff_perception import cli
from ddff_perception.capability import Capability, Command, Reference, chosen
from ddff_perception.registry import CAPABILITIES, nodes, register
from ddff_perception.ros.interface import NodeInterface
from ddff_perception.types import InputError

ROOT = Path(__file__).resolve().parent.parent
REFERENCES = {
    f"{capability.name}.{place}": reference
    for capability in CAPABILITIES.values()
    for place, reference in capability.references().items()
}
COMMANDS = {f"commands.{name}": command.code for name, command in cli.commands().items()}


@pytest.mark.parametrize("place", [*REFERENCES, *COMMANDS])
def test_every_reference_resolves(place: str) -> None:
    if ".networks." in place:
        for package in ("torch", "lightning"):
            pytest.importorskip(package)
    found = (REFERENCES | COMMANDS)[place].load()
    if ".networks." in place:
        assert "smoke" in found.PRESETS
        assert callable(found.job) and callable(found.network) and callable(found.onnx_files)
    elif place.endswith(".methods"):
        assert found


@pytest.mark.parametrize("name", nodes())
def test_every_node_has_its_name_and_a_module_with_main(name: str) -> None:
    interface: NodeInterface = nodes()[name].load()
    assert interface.name == name
    spec = importlib.util.find_spec(interface.module)
    assert spec is not None and spec.origin is not None
    assert re.search(r"^(def main\(|main = )", Path(spec.origin).read_text(), re.MULTILINE)


def test_no_two_capabilities_give_a_command_or_a_node_the_same_name() -> None:
    given = [(c.group, c.name) for own in CAPABILITIES.values() for c in own.commands]
    assert len(set(given)) == len(given)
    assert {group or name for group, name in given} <= set(cli.commands())
    held = [name for c in CAPABILITIES.values() for name in (*c.nodes, *c.sensors)]
    assert len(set(held)) == len(held)
    assert set(held) <= set(nodes())


def test_a_capability_is_a_folder_of_its_name() -> None:
    for name in CAPABILITIES:
        assert (ROOT / "ddff_perception" / name / "capability.py").is_file()


def test_every_field_but_name_and_description_may_be_left_out() -> None:
    assert Capability("seeing", "a capability that hands over nothing").references() == {}


def test_a_name_that_is_missing_lists_those_that_there_are() -> None:
    with pytest.raises(InputError, match="there is no sense 'smell'; there are: sight, touch"):
        chosen({"sight": 1, "touch": 2}, "sense", "smell")
    assert Reference("ddff_perception.registry").load().nodes is nodes


def test_a_capability_of_another_package_is_registered_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Gone again after the test.
    monkeypatch.setitem(CAPABILITIES, "seeing", Capability("", ""))
    del CAPABILITIES["seeing"]
    code = Reference("seeing:see")
    seeing = Capability("seeing", "sees", {"seer": code}, commands=(Command("see", code),))
    register(seeing)
    assert nodes()["seer"] == cli.commands()["see"].code == code
    with pytest.raises(InputError, match="a capability 'seeing' already: choose another"):
        register(seeing)


@pytest.mark.parametrize(
    ("capability", "words"),
    [
        (Capability("reflection", "again"), "there is a capability 'reflection' already"),
        (
            Capability("other", "", commands=(Command("depth", Reference("a:b")),)),
            "there is a command 'depth' already",
        ),
        (
            Capability("other", "", {"bag_player": Reference("a:b")}),
            "there is a node 'bag_player' already",
        ),
    ],
)
def test_names_that_are_taken_are_refused(capability: Capability, words: str) -> None:
    with pytest.raises(InputError, match=words):
        register(capability)
    assert "other" not in CAPABILITIES


def test_capabilities_of_installed_packages_are_found_and_a_broken_one_is_one_sentence(
    tmp_path: Path,
) -> None:
    points = {
        "negative": "negative.capability:NEGATIVE",
        "broken": "no_such_module:THING",
        "strange": "negative:__doc__",
        "taken": "ddff_perception.depth_from_focus.capability:DEPTH_FROM_FOCUS",
    }
    described = tmp_path / "negative-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Name: negative\nVersion: 1.0\n")
    lines = ["[ddff_perception.capabilities]", *(f"{k} = {v}" for k, v in points.items())]
    (described / "entry_points.txt").write_text("\n".join(lines))
    code = "from ddff_perception.registry import CAPABILITIES; print(*CAPABILITIES)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'test/new_capability'}"},
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == [*CAPABILITIES, "negative"]
    said = done.stderr.splitlines()
    assert [line.split(" is left out: ")[0] for line in said] == [
        f"the capability {name} ({points[name]})" for name in ("broken", "strange", "taken")
    ]
