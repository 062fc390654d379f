"""A stack folder or a bag as a live focus-sweeping camera."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import (
    common_arguments,
    in_camera_namespace,
    simulated_camera,
)


def generate_launch_description() -> LaunchDescription:
    name = "sim_camera"
    source, camera = simulated_camera()
    return LaunchDescription(
        [*common_arguments(name), source, *in_camera_namespace(name, [camera])]
    )
