"""The segmentation demo: a simulated RGB-D camera in a room, the room labelled, and RViz."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    nodes = ("sim_rgbd_camera", "rgbd_segmentation")
    return launch_description("segmentation_demo", nodes, rviz="true")
