"""Starts image_restoration; `--show-args` tells what can be given."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description("image_restoration")
