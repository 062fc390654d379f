"""Reflections off glass and water taken away, from the images of a polarization camera."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import (
    common_arguments,
    in_camera_namespace,
    perception_node,
)


def generate_launch_description() -> LaunchDescription:
    name = "reflection_separation"
    return LaunchDescription(
        [*common_arguments(name), *in_camera_namespace(name, [perception_node(name)])]
    )
