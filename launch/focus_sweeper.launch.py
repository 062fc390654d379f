"""A focus sweep for a camera driver with a lens parameter; put depth_from_focus beside it."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import (
    common_arguments,
    in_camera_namespace,
    perception_node,
)


def generate_launch_description() -> LaunchDescription:
    name = "focus_sweeper"
    return LaunchDescription(
        [*common_arguments(name), *in_camera_namespace(name, [perception_node(name)])]
    )
