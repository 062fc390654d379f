"""A polarization folder as a live polarization camera."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import (
    common_arguments,
    in_camera_namespace,
    simulated_camera,
)


def generate_launch_description() -> LaunchDescription:
    name = "sim_polarizer_camera"
    source, camera = simulated_camera(name)
    return LaunchDescription(
        [*common_arguments(name), source, *in_camera_namespace(name, [camera])]
    )
