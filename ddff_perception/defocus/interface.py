"""What the node `depth_from_defocus` offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import Settings, parameter
from ..ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, PointSettings, Topic
from .methods import METHODS
from .parameters import pipeline_parameters


@dataclass(frozen=True)
class OutputSettings(Settings):
    """What the node sends."""

    depth_encoding: str = parameter(
        "32FC1",
        "32FC1 is metres with NaN where unknown, 16UC1 millimetres with 0 where unknown",
        choices=("32FC1", "16UC1"),
    )


DEFOCUS = Topic(
    "defocus/image",
    "sensor_msgs/msg/Image",
    "signed diameter of the blur disc, 32FC1, px: positive behind the plane in focus, negative "
    "before it; without a known lens, too",
)
SHARP = Topic("image_deblurred", "sensor_msgs/msg/Image", "the image with its defocus undone")
FOCUS_STATE = Topic(
    "focus_state",
    "ddff_perception/msg/FocusState",
    "where the lens is focused: the newest reading holds; with lens.focus_distance_m it is not "
    "listened to",
    "readings",
)

DEPTH_FROM_DEFOCUS = NodeInterface(
    name="depth_from_defocus",
    module="ddff_perception.defocus.node",
    description="Depth, confidence, defocus and a sharp image from each single image of a lens "
    "with a wide aperture. Outputs carry the stamp and the frame of the image.",
    inputs=(
        Topic("image_rect", "sensor_msgs/msg/Image", "rectified images, grey or colour", "sensor"),
        Topic(
            "camera_info",
            "sensor_msgs/msg/CameraInfo",
            "calibration; its focal length and lens.aperture_m tell how much is blurred",
            "sensor",
        ),
        FOCUS_STATE,
    ),
    outputs=(
        Topic(
            "depth/image_rect",
            "sensor_msgs/msg/Image",
            "depth along the optical axis, REP-118 (32FC1 or 16UC1); where the lens is known",
        ),
        Topic("depth/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of the depth"),
        Topic(
            "depth/confidence",
            "sensor_msgs/msg/Image",
            "probability that depth is within 10 % of the truth (without a known lens, the disc "
            "within a pixel), 32FC1, 0..1",
        ),
        DEFOCUS,
        SHARP,
        Topic(
            "points",
            "sensor_msgs/msg/PointCloud2",
            "organised cloud with the sharp image's colours; where camera_info and the lens are "
            "known",
        ),
    ),
    services=(RESET,),
    parameters=INPUT_PARAMETERS
    + OutputSettings.table()
    + PointSettings.table().prefixed("points")
    + METHODS.choice("how defocus is found")
    + pipeline_parameters(),
)
