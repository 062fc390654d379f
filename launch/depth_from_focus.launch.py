"""Depth from the focus sweep of a camera whose driver or focus_sweeper says where the focus is."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import (
    common_arguments,
    in_camera_namespace,
    perception_node,
)


def generate_launch_description() -> LaunchDescription:
    name = "depth_from_focus"
    return LaunchDescription(
        [*common_arguments(name), *in_camera_namespace(name, [perception_node(name)])]
    )
