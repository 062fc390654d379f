"""The reflection demo: a simulated polarization camera before glass, the layers apart, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import (
    common_arguments,
    in_camera_namespace,
    perception_node,
    simulated_camera,
)


def generate_launch_description() -> LaunchDescription:
    name = "reflection_demo"
    source, camera = simulated_camera("sim_polarizer_camera")
    nodes = [camera, perception_node("reflection_separation")]
    arguments = [*common_arguments(name, rviz="true"), source]
    return LaunchDescription([*arguments, *in_camera_namespace(name, nodes)])
