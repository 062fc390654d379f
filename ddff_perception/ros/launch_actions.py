"""What the launch files share: the arguments, a node with its parameter file, RViz."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition
from launch.substitutions import (
    EnvironmentVariable,
    LaunchConfiguration,
    PathJoinSubstitution,
)
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from ..registry import CAPABILITIES
from .nodes import PROFILE_VARIABLES

PACKAGE = "ddff_perception"


def shared_file(folder: str, name: str) -> PathJoinSubstitution:
    """The path of an installed file."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE), folder, name])


def common_arguments(name: str, rviz: str = "false") -> list[Action]:
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
        ("autostart", "true", "configure and activate; false for a lifecycle manager", flags),
        ("use_respawn", "false", "start a node again that has ended", flags),
        ("log_level", "info", "debug, info, warn, error or fatal", None),
        ("rviz", rviz, "open RViz", flags),
    )
    return [
        DeclareLaunchArgument(key, default_value=default, description=text, choices=choices)
        for key, default, text, choices in arguments
    ]


def perception_node(name: str, parameters: Mapping[str, object] | None = None) -> Node:
    """The node `name` with the common arguments; `parameters` win over the parameter file."""
    flags = {
        flag: ParameterValue(LaunchConfiguration(flag), value_type=bool)
        for flag in ("use_sim_time", "autostart")
    }
    return Node(
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


def simulated_camera(name: str) -> tuple[Action, Action]:
    """The argument `source` and the node `name`, which plays it if it is given."""
    argument = DeclareLaunchArgument(
        "source",
        default_value="",
        description="folder (or, of sim_camera, bag) to play; empty: what the parameter file says",
    )

    def node(context: LaunchContext) -> list[Action]:
        source = LaunchConfiguration("source").perform(context)
        given = {"source": ParameterValue(source, value_type=str)} if source else {}
        return [perception_node(name, given)]

    return argument, OpaqueFunction(function=node)


def launch_description(
    name: str, nodes: Sequence[str] = (), beside: Iterable[Action] = (), rviz: str = "false"
) -> LaunchDescription:
    """The launch file `name`: its nodes (the one of that name, if none are given) and what else
    runs `beside` them in the camera's namespace. Simulated sensors play the argument `source`.
    """
    sensors = {sensor for capability in CAPABILITIES.values() for sensor in capability.sensors}
    arguments, started = common_arguments(name, rviz), [*beside]
    for node in nodes or (name,):
        if node in sensors:
            source, action = simulated_camera(node)
            arguments.append(source)
        else:
            action = perception_node(node)
        started.append(action)
    return LaunchDescription([*arguments, *in_camera_namespace(name, started)])


def in_camera_namespace(name: str, nodes: Iterable[Action]) -> list[Action]:
    """`nodes` and RViz (with `name`.rviz) in the camera's namespace, with shared memory."""
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        name="rviz",
        arguments=["-d", shared_file("config", f"{name}.rviz")],
        parameters=[
            {"use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)}
        ],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    return [
        *_shared_memory(),
        GroupAction(
            [
                PushRosNamespace(LaunchConfiguration("namespace")),
                PushRosNamespace(LaunchConfiguration("camera_name")),
                *nodes,
                rviz,
            ]
        ),
    ]


def _shared_memory() -> list[Action]:
    """Our Fast DDS profile, unless the user chose one."""
    profile = shared_file("config", "fastdds_shm.xml")
    return [
        SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
        for name in PROFILE_VARIABLES
    ]
