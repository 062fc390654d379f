"""The reflection demo: a simulated polarization camera before glass, the layers apart, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    nodes = ("sim_polarizer_camera", "reflection_separation")
    return launch_description("reflection_demo", nodes, rviz="true")
