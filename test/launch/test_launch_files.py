"""The launch files under real `launch` and `launch_ros`; skipped where ROS comes from pip alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("launch_ros")

from ament_index_python.packages import get_package_prefix
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import DeclareLaunchArgument, ExecuteProcess, RegisterEventHandler
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.launch_description_sources import PythonLaunchDescriptionSource
from lifecycle_msgs.srv import GetState
from live_ros import PATIENCE_S, RosSession
from sweeps import write_wall

from ddff_perception.ros.launch_actions import (
    MOST_STARTS,
    Together,
    check_parameter_file,
    without_rviz,
)

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.name.removesuffix(".launch.py") for path in (ROOT / "launch").iterdir())
COMMON = {
    "namespace",
    "camera_name",
    "use_sim_time",
    "params_file",
    "autostart",
    "use_respawn",
    "log_level",
    "rviz",
}
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *rest = sys.argv[1:]
given = [tuple(argument.split(":=", 1)) for argument in rest]
source = PythonLaunchDescriptionSource(file)
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)])
)
sys.exit(service.run())
"""


def has_executables() -> bool:
    """Whether the package was installed by colcon, with its executables."""
    try:
        prefix = Path(get_package_prefix("ddff_perception"))
    except LookupError:
        return False
    return (prefix / "lib" / "ddff_perception" / "depth_from_focus").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_launch_file_loads_and_describes_its_arguments(name: str) -> None:
    source = PythonLaunchDescriptionSource(str(ROOT / "launch" / f"{name}.launch.py"))
    entities = source.get_launch_description(LaunchContext()).entities
    arguments = {e.name: e for e in entities if isinstance(e, DeclareLaunchArgument)}
    assert set(arguments) >= COMMON
    assert all(len(argument.description) > 8 for argument in arguments.values())


installed = pytest.mark.skipif(
    not has_executables(), reason="the package is not installed by colcon"
)


@contextmanager
def launched(
    folder: Path, name: str, *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The launch file in a process of its own, and the file of what it says."""
    command = [sys.executable, "-c", RUN, str(ROOT / "launch" / f"{name}.launch.py"), *arguments]
    said = folder / "said.txt"
    environment = {**os.environ, "ROS_LOG_DIR": str(folder / "log")}
    environment.pop("DISPLAY", None)
    with (
        said.open("w") as output,
        subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        try:
            yield process, said
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(PATIENCE_S)


def ended(folder: Path, name: str, *arguments: str) -> tuple[int, str]:
    """Status and words of a launch that ends by itself."""
    with launched(folder, name, *arguments) as (process, said):
        status = process.wait(2 * PATIENCE_S)
    return status, said.read_text()


def test_a_parameter_file_that_is_not_there_stops_with_one_sentence_before_anything_starts(
    tmp_path: Path,
) -> None:
    status, said = ended(tmp_path, "demo", f"params_file:={tmp_path / 'none.yaml'}")
    assert status == 1
    assert f"params_file {tmp_path / 'none.yaml'} is no file: nothing was started" in said
    assert "Traceback" not in said and "process started" not in said


def test_rviz_opens_only_where_it_is_installed_and_has_a_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    assert "DISPLAY is not set" in without_rviz()
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    assert without_rviz() == "rviz2 is not installed: sudo apt install ros-jazzy-rviz2"
    marker = tmp_path / "share" / "ament_index" / "resource_index" / "packages" / "rviz2"
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert without_rviz() == ""


def test_the_example_for_nav2_names_the_packages_that_are_missing(tmp_path: Path) -> None:
    status, said = ended(tmp_path, "nav2_depth_example")
    assert status == 1
    for name in ("depth-image-proc", "nav2-costmap-2d", "nav2-lifecycle-manager"):
        assert name in said
    assert "sudo apt install" in said and "process started" not in said and "Traceback" not in said
    # What runs beside our nodes reads its file too.
    assert "which none of" not in said


def test_keys_of_the_parameter_file_that_match_no_node_are_named(tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(
        "depth_from_focus: {ros__parameters: {method: tv}}\n"
        "/**/sim_camera: {ros__parameters: {rate_hz: 5.0}}\n"
        "/robot/planner: {ros__parameters: {a: 1}}\n"
    )
    context = LaunchContext()
    given = {"params_file": str(file), "namespace": "", "camera_name": "camera"}
    context.launch_configurations.update(given)
    said = check_parameter_file(context, ("sim_camera", "depth_from_focus"))
    assert "holds depth_from_focus, /robot/planner, which none of /camera/sim_camera" in said
    assert said.endswith("write /**/depth_from_focus")
    file.write_text("/**: {ros__parameters: {use_sim_time: true}}\n")
    assert check_parameter_file(context, ("sim_camera", "depth_from_focus")) == ""


@installed
@pytest.mark.ros
def test_a_node_that_cannot_start_is_not_started_again_and_stops_the_others(tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text("/**/sim_camera: {ros__parameters: {rate_hz: -1.0}}\n")
    status, said = ended(tmp_path, "demo", f"params_file:={file}", "use_respawn:=true")
    assert status == 0
    assert said.count("sim_camera-1]: process started") == 1, said
    assert "sim_camera-1 cannot start: what runs beside it is stopped" in said
    assert "rviz2" not in said or "no RViz" in said


@pytest.mark.parametrize(("respawn", "starts"), [(False, 1), (True, MOST_STARTS)])
def test_a_process_that_ends_again_and_again_stops_what_runs_beside_it_and_nothing_else(
    respawn: bool, starts: int
) -> None:
    together, begun, foreign = Together(), [], []
    together.respawn = respawn
    script = "import time; time.sleep({})"
    fails = together.add(
        ExecuteProcess,
        cmd=[sys.executable, "-c", "raise SystemExit(1)"],
        respawn=respawn,
        respawn_delay=0.05,
    )
    beside = together.add(ExecuteProcess, cmd=[sys.executable, "-c", script.format(60)])
    other = ExecuteProcess(cmd=[sys.executable, "-c", script.format(3)])
    events = [
        OnProcessStart(target_action=fails, on_start=lambda event, _: begun.append(event.pid)),
        OnProcessExit(
            target_action=other, on_exit=lambda event, _: foreign.append(event.returncode)
        ),
    ]
    service = LaunchService(noninteractive=True)
    handlers = [RegisterEventHandler(event) for event in events]
    service.include_launch_description(LaunchDescription([*handlers, fails, beside, other]))
    before = time.monotonic()
    service.run()
    assert time.monotonic() - before < 45.0
    assert len(begun) == starts
    assert foreign == [0]


@installed
@pytest.mark.ros
def test_a_process_that_is_killed_takes_the_demo_along(tmp_path: Path) -> None:
    with launched(tmp_path, "demo") as (process, said):
        deadline = time.monotonic() + PATIENCE_S
        while not (
            pids := re.findall(
                r"sim_camera-1\]: process started with pid \[(\d+)", said.read_text()
            )
        ):
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        other = re.findall(r"focus-2\]: process started with pid \[(\d+)", said.read_text())
        os.kill(int(pids[0]), signal.SIGKILL)
        process.wait(PATIENCE_S)
    assert (
        "sim_camera-1 has ended with status -9: what runs beside it is stopped" in said.read_text()
    )
    assert not any(Path(f"/proc/{pid}").exists() for pid in other)


@installed
@pytest.mark.ros
def test_the_demo_starts_its_nodes_in_their_namespace(ros: RosSession, tmp_path: Path) -> None:
    source = f"source:={write_wall(tmp_path / 'stack')}"
    with launched(tmp_path, "demo", "namespace:=robot", "camera_name:=front", source) as (
        process,
        _,
    ):
        for node in ("sim_camera", "depth_from_focus"):
            client = ros.node.create_client(GetState, f"/robot/front/{node}/get_state")
            ros.wait_for(client.service_is_ready, node)
            ros.wait_for(lambda n=node: state(ros, n) == "active", f"{node} to be active")
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE_S)
    assert status == 0


def state(ros: RosSession, node: str) -> str:
    answer = ros.call(GetState, f"/robot/front/{node}/get_state", GetState.Request())
    return str(answer.current_state.label)
