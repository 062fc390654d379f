"""The defocus demo: a simulated focus camera at rest, depth from each of its images, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    nodes = ("sim_camera", "depth_from_defocus")
    return launch_description("defocus_demo", nodes, rviz="true")
