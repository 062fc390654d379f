"""The demo on a robot: a simulated focus-sweeping camera, depth from it, and RViz."""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from ddff_perception.ros.launch_actions import PACKAGE, Together, launch_description

RECORDED = [
    "image_rect",
    "camera_info",
    "focus_state",
    "truth/depth",
    "depth/image_rect",
    "depth/camera_info",
    "depth/confidence",
    "image_all_in_focus",
    "points",
    "/diagnostics",
]


def recorder(together: Together) -> list[OpaqueFunction]:
    """Records the topics if a folder was given."""

    def node(context: LaunchContext) -> list[Node]:
        folder = LaunchConfiguration("bag").perform(context)
        if not folder:
            return []
        output = {"output": ParameterValue(folder, value_type=str), "topics": RECORDED}
        return [
            together.add(
                Node,
                package=PACKAGE,
                executable="bag_recorder",
                output="screen",
                parameters=[output],
            )
        ]

    return [OpaqueFunction(function=node)]


def generate_launch_description() -> LaunchDescription:
    bag = DeclareLaunchArgument(
        "bag", default_value="", description="folder of a new bag that is recorded; empty: none"
    )
    nodes = ("sim_camera", "depth_from_focus")
    shown = launch_description("demo", nodes, recorder, rviz="true")
    return LaunchDescription([bag, *shown.entities])
