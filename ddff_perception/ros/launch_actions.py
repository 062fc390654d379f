"""What the launch files share: the arguments, a node with its parameter file, RViz, and one end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

from ament_index_python.packages import get_package_prefix
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    GroupAction,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.events.process import ProcessExited, ShutdownProcess
from launch.logging import get_logger
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    PathJoinSubstitution,
)
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from ..registry import CAPABILITIES
from ..types import InputError
from .nodes import PROFILE_VARIABLES
from .parameter_file import matches, read_parameter_file

PACKAGE = "ddff_perception"
CANNOT_START = 2
"""Exit status of a node whose parameters or files cannot be used; another start is no help."""
MOST_STARTS, STARTS_S = 5, 60.0
"""A node that ends more often than this within this time is not started again."""


class Together:
    """The processes of one launch file: where one has ended for good, the others are stopped, and
    nothing else of a launch that includes the file.
    """

    def __init__(self) -> None:
        self.respawn = False
        self._processes: list[Action] = []
        self._ends: dict[str, list[float]] = {}
        self._stopping = False

    def add(self, make: Callable[..., Node], **arguments: Any) -> Node:
        """The process that `make` makes of `arguments`, as one of these."""
        process = make(**arguments, on_exit=self.ended)
        self._processes.append(process)
        return process

    def ended(self, event: ProcessExited, context: LaunchContext) -> list[Action]:
        """What launch does where a process has ended."""
        reason = self._end_for_good(event)
        if reason is None or self._stopping or context.is_shutdown:
            return []
        self._stopping = True
        get_logger(PACKAGE).error(f"{event.process_name} {reason}: what runs beside it is stopped")
        # Its own process too: one that waits to be started again then is not.
        return [EmitEvent(event=ShutdownProcess(process_matcher=self._processes.__contains__))]

    def _end_for_good(self, event: ProcessExited) -> str | None:
        if event.returncode == CANNOT_START:
            return "cannot start"
        if not self.respawn:
            return f"has ended with status {event.returncode}"
        now = monotonic()
        ends = [end for end in self._ends.get(event.process_name, ()) if end > now - STARTS_S]
        self._ends[event.process_name] = [*ends, now]
        if len(ends) + 1 < MOST_STARTS:
            return None
        return f"has ended {MOST_STARTS} times within {STARTS_S:g} s"


def shared_file(folder: str, name: str) -> PathJoinSubstitution:
    """The path of an installed file."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE), folder, name])


def common_arguments(name: str, rviz: str = "false", autostart: str = "true") -> list[Action]:
    """The arguments that every launch file of the package takes; `name` is the files' name."""
    flags = ["true", "false"]
    arguments = (
        ("namespace", "", "namespace around everything, for example the robot's name", None),
        ("camera_name", "camera", "namespace of the camera's topics, inside of namespace", None),
        ("use_sim_time", "false", "take the time from /clock (bags, simulators)", flags),
        (
            "params_file",
            shared_file("config", f"{name}.yaml"),
            "parameter file; each node reads its own section",
            None,
        ),
        ("autostart", autostart, "configure and activate; false for a lifecycle manager", flags),
        (
            "use_respawn",
            "false",
            f"start a node again that has ended, {MOST_STARTS - 1} times a minute at most",
            flags,
        ),
        ("log_level", "info", "debug, info, warn, error or fatal", None),
        ("rviz", rviz, "open RViz where it is installed and has a screen", flags),
    )
    return [
        DeclareLaunchArgument(key, default_value=default, description=text, choices=choices)
        for key, default, text, choices in arguments
    ]


def perception_node(
    name: str, together: Together, parameters: Mapping[str, object] | None = None
) -> Node:
    """The node `name` with the common arguments; `parameters` win over the parameter file."""
    flags = {
        flag: ParameterValue(LaunchConfiguration(flag), value_type=bool)
        for flag in ("use_sim_time", "autostart")
    }
    return together.add(
        Node,
        package=PACKAGE,
        executable=name,
        name=name,
        output="screen",
        emulate_tty=True,
        parameters=[LaunchConfiguration("params_file"), {**flags, **(parameters or {})}],
        arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
        respawn=LaunchConfiguration("use_respawn"),
        respawn_delay=2.0,
    )


def simulated_camera(name: str, together: Together) -> tuple[Action, Action]:
    """The argument `source` and the node `name`, which plays it if it is given."""
    argument = DeclareLaunchArgument(
        "source",
        default_value="",
        description="folder (or, of sim_camera, bag) to play; empty: what the parameter file says",
    )

    def node(context: LaunchContext) -> list[Action]:
        source = LaunchConfiguration("source").perform(context)
        given = {"source": ParameterValue(source, value_type=str)} if source else {}
        return [perception_node(name, together, given)]

    return argument, OpaqueFunction(function=node)


def launch_description(
    name: str,
    nodes: Sequence[str] = (),
    beside: Callable[[Together], Iterable[Action]] = lambda _: (),
    rviz: str = "false",
    autostart: str = "true",
    view: str = "",
    others: Sequence[str] = (),
) -> LaunchDescription:
    """The launch file `name`: its nodes (the one of that name, if none are given) and what else
    runs `beside` them in the camera's namespace. Simulated sensors play the argument `source`.
    `rviz` and `autostart` are the arguments' defaults, `view` the RViz file (the one of that name),
    `others` the nodes that `beside` gives and that read the parameter file too.
    """
    sensors = {sensor for capability in CAPABILITIES.values() for sensor in capability.sensors}
    together = Together()
    arguments, started = common_arguments(name, rviz, autostart), [*beside(together)]
    for node in nodes or (name,):
        if node in sensors:
            source, action = simulated_camera(node, together)
            arguments.append(source)
        else:
            action = perception_node(node, together)
        started.append(action)

    def check(context: LaunchContext) -> list[Action]:
        together.respawn = LaunchConfiguration("use_respawn").perform(context) == "true"
        idle = check_parameter_file(context, (*(nodes or (name,)), *others))
        if idle:
            get_logger(PACKAGE).warning(idle)
        return []

    window = together if rviz == "true" else Together()
    shown = in_camera_namespace(view or name, started, window)
    return LaunchDescription([*arguments, OpaqueFunction(function=check), *shown])


def check_parameter_file(context: LaunchContext, nodes: Sequence[str]) -> str:
    """Before anything is started: a sentence with the keys of the parameter file that none of
    `nodes` reads, empty where there are none. Raises InputError where it is no such file.
    """
    path = Path(LaunchConfiguration("params_file").perform(context))
    if not path.is_file():
        raise InputError(f"params_file {path} is no file: nothing was started")
    places = [LaunchConfiguration(key).perform(context) for key in ("namespace", "camera_name")]
    space = "/".join(["", *(part for place in places for part in place.split("/") if part)])
    names = [f"{space}/{node}" for node in nodes]
    keys = read_parameter_file(path)
    idle = [key for key in keys if not any(matches(key, name) for name in names)]
    if not idle:
        return ""
    misplaced = [node for node in nodes if any(key.endswith(node) for key in idle)]
    hint = f"; write {' and '.join(f'/**/{node}' for node in misplaced)}" if misplaced else ""
    return f"{path} holds {', '.join(idle)}, which none of {', '.join(names)} reads{hint}"


def in_camera_namespace(name: str, nodes: Iterable[Action], together: Together) -> list[Action]:
    """`nodes` and RViz (with `name`.rviz, one of `together`) in the camera's namespace, with shared
    memory.
    """

    def rviz(context: LaunchContext) -> list[Action]:
        if LaunchConfiguration("rviz").perform(context) != "true":
            return []
        missing = without_rviz()
        if missing:
            get_logger(PACKAGE).warning(f"no RViz: {missing}")
            return []
        clock = ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)
        window = together.add(
            Node,
            package="rviz2",
            executable="rviz2",
            name="rviz",
            arguments=["-d", shared_file("config", f"{name}.rviz")],
            parameters=[{"use_sim_time": clock}],
        )
        return [window]

    return [
        *_shared_memory(),
        GroupAction(
            [
                PushRosNamespace(LaunchConfiguration("namespace")),
                PushRosNamespace(LaunchConfiguration("camera_name")),
                *nodes,
                OpaqueFunction(function=rviz),
            ]
        ),
    ]


def without_rviz() -> str:
    """Why RViz cannot be opened here; empty where it can."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no screen (DISPLAY is not set)"
    return missing_packages(["rviz2"])


def missing_packages(names: Iterable[str]) -> str:
    """A sentence with what is not installed of these ROS packages, and the command that installs
    it; empty where everything is there.
    """
    missing = []
    for name in names:
        try:
            get_package_prefix(name)
        except LookupError:
            missing.append(name)
    distribution = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
    debian = " ".join(f"ros-{distribution}-{name.replace('_', '-')}" for name in missing)
    are = "is" if len(missing) == 1 else "are"
    return f"{', '.join(missing)} {are} not installed: sudo apt install {debian}" if missing else ""


def _shared_memory() -> list[Action]:
    """Our Fast DDS profile, unless the user chose one."""
    profile = shared_file("config", "fastdds_shm.xml")
    return [
        SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
        for name in PROFILE_VARIABLES
    ]
