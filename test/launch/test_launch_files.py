"""The launch files under real `launch` and `launch_ros`; skipped where ROS comes from pip alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("launch_ros")

from ament_index_python.packages import get_package_prefix
from launch import LaunchContext
from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import PythonLaunchDescriptionSource
from lifecycle_msgs.srv import GetState
from live_ros import PATIENCE_S, RosSession
from sweeps import write_wall

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


@pytest.mark.ros
@pytest.mark.skipif(not has_executables(), reason="the package is not installed by colcon")
def test_the_demo_starts_its_nodes_in_their_namespace(ros: RosSession, tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(ROOT / "launch" / "demo.launch.py")]
    command += ["rviz:=false", "namespace:=robot", "camera_name:=front"]
    command += [f"source:={write_wall(tmp_path / 'stack')}"]
    environment = {**os.environ, "ROS_LOG_DIR": str(tmp_path / "log")}
    with subprocess.Popen(command, env=environment) as process:
        try:
            for node in ("sim_camera", "depth_from_focus"):
                client = ros.node.create_client(GetState, f"/robot/front/{node}/get_state")
                ros.wait_for(client.service_is_ready, node)
                ros.wait_for(lambda n=node: state(ros, n) == "active", f"{node} to be active")
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(PATIENCE_S)
    assert status == 0


def state(ros: RosSession, node: str) -> str:
    answer = ros.call(GetState, f"/robot/front/{node}/get_state", GetState.Request())
    return str(answer.current_state.label)
