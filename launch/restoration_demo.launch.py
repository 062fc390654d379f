"""The restoration demo: a simulated camera with noise, its images restored, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    nodes = ("sim_moving_camera", "image_restoration")
    return launch_description("restoration_demo", nodes, rviz="true")
