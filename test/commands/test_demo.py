"""The demo end to end: three processes over live DDS, a bag, a report."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sweeps import wall_depth, write_wall

from ddff_perception.commands._processes import NodeProcesses, ProcessError, private_domain
from ddff_perception.depth_from_focus.evaluation.demo import METHOD, checked_stack
from ddff_perception.evaluation.live import observe
from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import DIAGNOSTICS, IMAGE

DEMO = "import typer; from ddff_perception.commands.demo import demo; typer.run(demo)"


def start_demo(*arguments: object) -> subprocess.Popen[str]:
    pytest.importorskip("rclpy")
    command = [sys.executable, "-c", DEMO, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_demo(stack: Path, output: Path, seconds: int, rate: int) -> tuple[str, dict[str, Any]]:
    """What a demo printed, and its summary."""
    process = start_demo("--stack", stack, "-o", output, "--seconds", seconds, "--rate", rate)
    printed, said = process.communicate(timeout=300)
    assert process.returncode == 0, printed + said
    return printed, json.loads((output / "summary.json").read_text())


def kept_up(summary: dict[str, Any]) -> bool:
    """Whether the machine was quick enough for the node to see every image."""
    live = summary["live"]
    lost = live["losses"].get("dropped: no room in the work queue", 0)
    return lost == 0 and live["topics"]["/demo/depth/image_rect"]["messages"] >= 20


@pytest.mark.ros
@pytest.mark.timeout(300)
def test_the_demo_takes_a_nodes_file_and_parameters(tmp_path: Path) -> None:
    stack, output = write_wall(tmp_path / "stack", width=160, height=120), tmp_path / "out"
    file = tmp_path / "robot.yaml"
    file.write_text("/**: {ros__parameters: {method: tv, tv: {tv_iterations: 5}}}")
    given = ("--params-file", file, "--param", "capture.max_slices=3", "-p", "tv.radius=1")
    process = start_demo("--stack", stack, "-o", output, "--seconds", 3, "--rate", 5, *given)
    printed, said = process.communicate(timeout=200)
    assert process.returncode == 0, printed + said
    summary = json.loads((output / "summary.json").read_text())
    assert summary["method"] == "tv"
    assert summary["evaluation"]["slices"] == 3
    # What the node made live is what the same parameters give without a clock.
    assert summary["evaluation"]["against_recorded"] is not None


@pytest.mark.ros
@pytest.mark.timeout(600)
def test_the_demo_shows_depth_live_and_reports_it(tmp_path: Path) -> None:
    stack = write_wall(tmp_path / "stack", width=160, height=120)
    output = tmp_path / "out"
    # A machine that is too busy for the first rate shows the same at the second.
    for seconds, rate in ((4, 10), (20, 2)):
        printed, summary = run_demo(stack, output, seconds, rate)
        if kept_up(summary):
            break
    for words in ("live vs truth", "offline vs truth", "latency", "Frames not used"):
        assert words in printed
    assert summary["method"] == "focus_stream"
    evaluation, live = summary["evaluation"], summary["live"]
    for name in ("against_truth", "recorded_against_truth"):
        assert evaluation[name]["scores"]["covered"]["dioptres"]["mae"] < 0.1
    # What came over DDS is what the same images give offline.
    agreement = evaluation["against_recorded"]["scores"]["covered"]["dioptres"]
    assert agreement["mae"] < 0.01
    depth = live["topics"]["/demo/depth/image_rect"]
    assert depth["messages"] >= 20
    assert rate / 5.0 < depth["rate_hz"] < rate + 1.0
    assert 0.0 < depth["latency_median_ms"] < 10_000.0
    assert live["stages_ms"]["solve"] > 0.0
    assert live["topics"]["/demo/points"]["messages"] > 0
    assert evaluation["recorder"] == {"dropped": "0"}
    error = np.abs(1.0 / np.load(output / "depth.npy") - 1.0 / wall_depth(160, 120))
    assert np.median(error) < 0.05
    assert "live vs truth" in (output / "report.html").read_text()
    assert (output / "cloud.ply").is_file()
    with BagReader(output / "bag") as bag:
        assert bag.storage == "mcap"
        assert bag.damage is None


@pytest.mark.ros
def test_a_demo_that_is_told_to_end_takes_its_nodes_along(tmp_path: Path) -> None:
    stack = write_wall(tmp_path / "stack")
    process = start_demo("--stack", stack, "-o", tmp_path / "out", "--seconds", 60)
    children: list[int] = []
    until = time.monotonic() + 60
    while len(children) < 3 and time.monotonic() < until:
        children = children_of(process.pid)
        time.sleep(0.05)
    assert len(children) == 3
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert not any(Path(f"/proc/{child}/cmdline").exists() for child in children)


def children_of(pid: int) -> list[int]:
    file = Path(f"/proc/{pid}/task/{pid}/children")
    if not file.exists():
        pytest.skip("this system does not list the children of a process")
    return [int(child) for child in file.read_text().split()]


def test_a_process_that_ends_early_is_named_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "quits.py").write_text("print('no lens'); raise SystemExit(3)")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with NodeProcesses(tmp_path, environment) as nodes:
        nodes.start("quitter", "quits", [])
        with pytest.raises(ProcessError, match=r"(?s)quitter ended with status 3.*no lens"):
            nodes.wait(60.0)


def test_a_node_that_was_just_being_started_is_taken_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM between the birth of a process and the note of it."""
    (tmp_path / "stays.py").write_text("import time; time.sleep(600)")
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(*arguments: Any, **keywords: Any) -> Any:
        started.append(popen(*arguments, **keywords))
        signal.raise_signal(signal.SIGTERM)
        return started[-1]

    monkeypatch.setattr("ddff_perception.commands._processes.subprocess.Popen", interrupted)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with (
        pytest.raises(SystemExit) as ended,
        NodeProcesses(tmp_path, environment) as nodes,
    ):
        nodes.start("stayer", "stays", [])
    assert ended.value.code == 128 + signal.SIGTERM
    assert started[0].poll() is not None


def test_a_process_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ddff_perception.commands._processes._PATIENCE_S", 0.3)
    (tmp_path / "stays.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('here', flush=True)\ntime.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with NodeProcesses(tmp_path, environment) as nodes:
        process = nodes.start("stayer", "stays", [])
        until = time.monotonic() + 30
        while "here" not in process.log.read_text() and time.monotonic() < until:
            time.sleep(0.02)
        with pytest.raises(ProcessError, match="did not end"):
            nodes.stop()


def test_the_demo_shows_the_network_and_the_node_alone_needs_none() -> None:
    root = Path(__file__).resolve().parents[2]
    methods = {}
    for name in ("demo", "depth_from_focus"):
        content = yaml.safe_load((root / "config" / f"{name}.yaml").read_text())
        methods[name] = content["/**/depth_from_focus"]["ros__parameters"]["method"]
    assert methods == {"demo": METHOD, "depth_from_focus": "multiscale"}
    assert METHOD == "focus_stream"


def test_the_domain_that_the_user_chose_stays() -> None:
    assert private_domain({"ROS_DOMAIN_ID": "7"})["ROS_DOMAIN_ID"] == "7"
    chosen = private_domain({})
    assert 0 <= int(chosen["ROS_DOMAIN_ID"]) <= 101
    assert chosen["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"


def test_wide_stacks_are_shrunken_with_their_camera_and_truth(tmp_path: Path) -> None:
    from ddff_perception.files.stack_folder import read_stack

    stack = write_wall(tmp_path / "stack", width=160, height=120)
    assert checked_stack(stack, tmp_path, 160) == (str(stack), {"capture.allow_unknown": False})
    folder, _ = checked_stack(stack, tmp_path, 80)
    small = read_stack(Path(folder))
    assert small.stack.images[0].shape == (60, 80, 3)
    assert small.stack.camera == read_stack(stack).stack.camera.resized(80, 60)
    assert small.truth.shape == (60, 80)


def test_rate_latency_and_diagnostics_are_read_from_the_bag(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/demo/depth/image_rect", IMAGE)
        bag.add_topic("/diagnostics", DIAGNOSTICS)
        second = 1_000_000_000
        for number in range(11):
            stamp = 50 * second + number * second // 5
            late = 10_000_000 if number < 10 else 110_000_000
            image = messages.image(stamp, np.zeros((8, 8), np.float32))
            bag.write("/demo/depth/image_rect", stamp + late, image)
        for name, solve in (("/demo/depth_from_focus", "3.50"), ("/demo/sim_camera", "9.99")):
            values = {
                "solve median [ms]": solve,
                "latency median [ms]": "20.0",
                "latency 95 % [ms]": "30.0",
                "dropped: lens moving": "4",
                "rejected: image_rect": "0",
                "method": "multiscale",
            }
            status = messages.diagnostics(60 * second, f"{name}: stream", values)
            bag.write("/diagnostics", 60 * second, status)
    with BagReader(tmp_path / "bag") as reader:
        live = observe(reader, ["/demo/depth/image_rect", "/demo/points"], "depth_from_focus")
    depth = live.topics["/demo/depth/image_rect"]
    assert depth.messages == 11
    assert depth.rate_hz == pytest.approx(10 / 2.1)
    assert depth.latency_median_ms == pytest.approx(10.0)
    assert depth.latency_p95_ms == pytest.approx(60.0)
    assert live.topics["/demo/points"].messages == 0
    assert live.stages_ms == {"solve": 3.5}
    assert live.node_latency_ms == (20.0, 30.0)
    assert live.losses == {"dropped: lens moving": 4}
