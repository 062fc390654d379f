"""What the node `image_restoration` offers, as data."""

from __future__ import annotations

from ..ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, Topic
from .methods import METHODS
from .parameters import pipeline_parameters

IMAGE_RESTORATION = NodeInterface(
    name="image_restoration",
    module="ddff_perception.restoration.node",
    description="Every image without its noise, its blur, what JPEG left and, if asked for, "
    "enlarged. Outputs carry its stamp and frame. An image with which nothing is wrong is handed "
    "on as it is.",
    inputs=(
        Topic("image_rect", "sensor_msgs/msg/Image", "images, grey or colour", "sensor"),
        Topic(
            "camera_info",
            "sensor_msgs/msg/CameraInfo",
            "calibration; without it there is no restoration/camera_info",
            "sensor",
        ),
    ),
    outputs=(
        Topic(
            "image_restored",
            "sensor_msgs/msg/Image",
            "the restored image, mono8 or bgr8 (mono16 or bgr16 of 16-bit images)",
        ),
        Topic(
            "restoration/camera_info",
            "sensor_msgs/msg/CameraInfo",
            "calibration of the same, scaled where it is enlarged",
        ),
        Topic(
            "restoration/confidence",
            "sensor_msgs/msg/Image",
            "probability that a pixel's brightness is within 8 of 255 steps of the truth, 32FC1, "
            "0..1",
        ),
    ),
    services=(RESET,),
    parameters=INPUT_PARAMETERS + METHODS.choice("how images are restored") + pipeline_parameters(),
)
