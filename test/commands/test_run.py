"""`ddff run` and the nodes as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ddff_perception.commands.run import node_arguments, nodes_of
from ddff_perception.types import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_nodes_are_found_by_their_keys(tmp_path: Path) -> None:
    file = tmp_path / "nodes.yaml"
    file.write_text(
        "/**/sim_camera:\n  ros__parameters: {rate_hz: 5.0}\n"
        "/robot/depth_from_focus:\n  ros__parameters: {}\n"
        "focus_sweeper: {ros__parameters: {}}\n"
        "/**: {ros__parameters: {use_sim_time: false}}\n"
        "somebody_else: {ros__parameters: {}}\n"
    )
    assert nodes_of(file) == ["sim_camera", "depth_from_focus", "focus_sweeper"]
    assert nodes_of(file, ["depth_from_focus", "depth_from_focus"]) == ["depth_from_focus"]
    with pytest.raises(InputError, match="no node 'x'"):
        nodes_of(file, ["x"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read"),
        ("a: [", "cannot read"),
        ("", "no ROS 2 parameter file"),
        ("- 1", "no ROS 2 parameter file"),
        ("a: 1", "no ROS 2 parameter file"),
        ("/**/sim_camera: {rate_hz: 1.0}", "has no ros__parameters"),
        ("/**: {ros__parameters: {}}", "names none of the nodes"),
        ("!!python/object:os.system {}", "cannot read"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "nodes.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError, match=words):
        nodes_of(file)


def test_the_command_line_of_a_node(tmp_path: Path) -> None:
    arguments = node_arguments(tmp_path / "a.yaml", "/front/", ["image_rect:=/x"], "warn")
    assert arguments == [
        *("--ros-args", "--params-file", str(tmp_path / "a.yaml"), "--log-level", "warn"),
        *("-r", "__ns:=/front", "-r", "image_rect:=/x"),
    ]
    with pytest.raises(InputError, match="from:=to"):
        node_arguments(tmp_path / "a.yaml", "", ["image_rect=/x"], "info")


def started(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.ros
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_node_ends_in_order_when_it_is_told_to(end: signal.Signals) -> None:
    pytest.importorskip("rclpy")
    with started(["-m", "ddff_perception.depth_from_focus.node"]) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "activate: done" in line:
                process.send_signal(end)
        assert process.wait(60) == 0
    assert "activate: done" in said
    assert "Traceback" not in said


# What a node cannot use, and words of the sentence that it gets.
UNUSABLE = (
    (["-p", "minimum_slices:=1"], "minimum_slices must lie in 2 .. 1000"),
    (["-p", "method:=magic"], "method must be one of"),
    (["-p", "lens_table:=/nowhere/lens.yaml"], "/nowhere/lens.yaml"),
    (["--params-file", "/nowhere/parameters.yaml"], "/nowhere/parameters.yaml"),
    (["-r", "not a rule"], "not a rule"),
)
# The node's own entry point once per case: what is imported is the slow part of a process.
RUN = """
import json, sys
from ddff_perception.depth_from_focus.node import main
for arguments in json.loads(sys.argv[1]):
    sys.stderr.write(f"= {main(['', '--ros-args', *arguments])}\\n")
"""


@pytest.mark.ros
def test_what_cannot_be_used_ends_a_node_with_status_2_and_no_traceback() -> None:
    pytest.importorskip("rclpy")
    with started(["-c", RUN, json.dumps([arguments for arguments, _ in UNUSABLE])]) as process:
        said, _ = process.communicate(timeout=150)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    parts = said.split("= 2\n")
    assert len(parts) == len(UNUSABLE) + 1, said
    for (arguments, words), part in zip(UNUSABLE, parts, strict=False):
        assert words in part, arguments


@pytest.mark.ros
def test_the_status_of_a_node_is_that_of_its_process() -> None:
    pytest.importorskip("rclpy")
    arguments, words = UNUSABLE[0]
    command = ["-m", "ddff_perception.depth_from_focus.node", "--ros-args", *arguments]
    with started(command) as process:
        said, _ = process.communicate(timeout=150)
    assert process.returncode == 2 and words in said, said


@pytest.mark.ros
def test_run_ends_all_nodes_and_says_why_one_ended(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    file = tmp_path / "nodes.yaml"
    file.write_text(
        f"/**/sim_camera:\n  ros__parameters: {{source: {tmp_path}}}\n"
        "/**/focus_sweeper:\n  ros__parameters: {target: topic}\n"
    )
    with started(["-m", "ddff_perception.cli", "run", str(file)]) as process:
        said, _ = process.communicate(timeout=150)
    assert process.returncode == 1, said
    assert "sim_camera ended with status 2" in said
    assert "has no stack.json" in said.replace("\n", " ")


@pytest.mark.ros
def test_run_shows_what_its_nodes_say_and_ends_them_on_interrupt(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    file = tmp_path / "nodes.yaml"
    file.write_text("/**/focus_sweeper:\n  ros__parameters: {target: topic}\n")
    command = ["-m", "ddff_perception.cli", "run", str(file), "--namespace", "front"]
    with started(command) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "activate: done" in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, said
    assert "front.focus_sweeper" in said
    assert "Traceback" not in said
