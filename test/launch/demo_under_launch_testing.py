"""`launch_testing` (colcon test): the demo's nodes start, depth comes, and all of them end well."""

from __future__ import annotations

import unittest
from pathlib import Path

import launch_testing
import rclpy
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from launch_testing.asserts import assertExitCodes
from launch_testing.markers import keep_alive
from sensor_msgs.msg import Image

FILE = Path(__file__).resolve().parents[2] / "launch" / "demo.launch.py"


@keep_alive
def generate_test_description() -> LaunchDescription:
    source = PythonLaunchDescriptionSource(str(FILE))
    given = {"rviz": "false", "camera_name": "tested"}.items()
    return LaunchDescription(
        [IncludeLaunchDescription(source, launch_arguments=given), ReadyToTest()]
    )


class TestDemo(unittest.TestCase):
    def test_depth_comes(self) -> None:
        rclpy.init()
        node = rclpy.create_node("listener")
        heard: list[Image] = []
        node.create_subscription(Image, "/tested/depth/image_rect", heard.append, 10)
        try:
            for _ in range(2000):
                rclpy.spin_once(node, timeout_sec=0.1)
                if heard:
                    break
        finally:
            node.destroy_node()
            rclpy.shutdown()
        self.assertTrue(heard, "no depth came")


@launch_testing.post_shutdown_test()
class TestDemoEnds(unittest.TestCase):
    def test_nodes_end_well(self, proc_info) -> None:
        assertExitCodes(proc_info)
