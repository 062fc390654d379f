"""An example: Nav2's lifecycle managers lead `depth_from_focus` and a costmap; `depth_image_proc`
makes a cloud of the depth, which the costmap takes for obstacles.

Everything runs in the camera's namespace, where manager and node find each other's bond.
Edit `config/nav2_depth_example.yaml` for your robot. Beside it run the camera driver, and who
publishes the transforms from odom to base_link and to the camera's optical frame.
"""

from __future__ import annotations

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from ddff_perception.ros.launch_actions import (
    Together,
    launch_description,
    missing_packages,
)
from ddff_perception.types import InputError

NODES = ("depth_from_focus",)
MANAGERS = ("lifecycle_manager_depth", "lifecycle_manager_costmap")
OTHERS = (*MANAGERS, "depth_cloud", "costmap")
PACKAGES = ("depth_image_proc", "nav2_costmap_2d", "nav2_lifecycle_manager")


def around(together: Together) -> list[Action]:
    """What runs beside depth_from_focus."""

    def check(_: LaunchContext) -> list[Action]:
        missing = missing_packages(PACKAGES)
        if missing:
            raise InputError(f"{missing}; nothing was started")
        return []

    file = LaunchConfiguration("params_file")
    clock = {"use_sim_time": ParameterValue(LaunchConfiguration("use_sim_time"), value_type=bool)}
    cloud = together.add(
        Node,
        package="depth_image_proc",
        executable="point_cloud_xyz_node",
        name="depth_cloud",
        parameters=[file, clock],
        remappings=[
            ("image_rect", "depth/image_rect"),
            ("points", "depth/points"),
        ],
    )
    costmap = together.add(
        Node, package="nav2_costmap_2d", executable="nav2_costmap_2d", parameters=[file, clock]
    )
    managers = [
        together.add(
            Node,
            package="nav2_lifecycle_manager",
            executable="lifecycle_manager",
            name=manager,
            output="screen",
            parameters=[file, clock],
        )
        for manager in MANAGERS
    ]
    return [OpaqueFunction(function=check), cloud, costmap, *managers]


def generate_launch_description() -> LaunchDescription:
    return launch_description(
        "nav2_depth_example",
        NODES,
        around,
        autostart="false",
        view="depth_from_focus",
        others=OTHERS,
    )
