"""The deblurring demo: a simulated camera that shakes, its images sharpened, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    nodes = ("sim_moving_camera", "burst_deblurring")
    return launch_description("deblurring_demo", nodes, rviz="true")
