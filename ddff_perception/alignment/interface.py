"""What the node `video_alignment` offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import Settings, parameter
from ..ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, Service, Topic
from .methods import METHODS
from .parameters import pipeline_parameters


@dataclass(frozen=True)
class FolderSettings(Settings):
    """Where references may lie that are asked for by name."""

    reference_folder: str = parameter(
        "~/.ros/routes",
        "folder of the references that ~/set_reference takes by their file's name",
    )


VIDEO_ALIGNMENT = NodeInterface(
    name="video_alignment",
    module="ddff_perception.alignment.node",
    description="Lays the live images of a camera over a recorded route: which recorded frame "
    "shows the same place, and how fast the route goes by. Outputs carry the stamp and the frame "
    "of the live image.",
    inputs=(Topic("image", "sensor_msgs/msg/Image", "grey or colour, 8 or 16 bits", "sensor"),),
    outputs=(
        Topic(
            "route_match",
            "ddff_perception/msg/RouteMatch",
            "the recorded frame that shows the same place, confidence, rate of time; or lost",
        ),
        Topic(
            "reference/image",
            "sensor_msgs/msg/Image",
            "that recorded frame, bgr8, at most 640 px wide; nothing while lost",
        ),
    ),
    services=(
        RESET,
        Service(
            "~/set_reference",
            "ddff_perception/srv/SetReference",
            "another route from now on: the name of a file in reference_folder, which the "
            "parameter reference then has",
        ),
    ),
    parameters=INPUT_PARAMETERS
    + METHODS.choice("what describes an image")
    + FolderSettings.table()
    + pipeline_parameters(),
)
