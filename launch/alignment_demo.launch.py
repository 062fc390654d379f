"""The alignment demo: a simulated camera goes a route again, where it is on it, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    nodes = ("sim_route_camera", "video_alignment")
    return launch_description("alignment_demo", nodes, rviz="true")
