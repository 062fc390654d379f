"""What the node `burst_deblurring` offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..parameters import Settings, parameter
from ..ros.interface import INPUT_PARAMETERS, RESET, NodeInterface, Topic
from .methods import METHODS
from .parameters import pipeline_parameters


@dataclass(frozen=True)
class ExposureSettings(Settings):
    """What is known of the camera's exposure."""

    exposure_s: float = parameter(
        0.0,
        "time for which the shutter is open: with it and a gyroscope on imu, blur_score tells how "
        "far the image moves meanwhile; 0: not known, imu is not listened to",
        "s",
        (0.0, 10.0),
        dynamic=False,
    )


IMAGE = Topic("image_rect", "sensor_msgs/msg/Image", "images, grey or colour", "sensor")
CAMERA_INFO = Topic(
    "camera_info",
    "sensor_msgs/msg/CameraInfo",
    "calibration; without it there is no deblurred/camera_info",
    "sensor",
)
IMU = Topic(
    "imu",
    "sensor_msgs/msg/Imu",
    "turning of the camera during the exposure (exposure_s)",
    "readings",
)

BURST_DEBLURRING = NodeInterface(
    name="burst_deblurring",
    module="ddff_perception.deblurring.node",
    description="The newest image without the blur of the camera's motion, by the images before "
    "it. Outputs carry its stamp and frame. An image that is sharp is handed on as it is.",
    inputs=(IMAGE, CAMERA_INFO, IMU),
    outputs=(
        Topic(
            "deblurred/image",
            "sensor_msgs/msg/Image",
            "the newest image without its blur, mono8 or bgr8 (mono16 or bgr16 of 16-bit images)",
        ),
        Topic("deblurred/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of the same"),
        Topic(
            "deblurred/confidence",
            "sensor_msgs/msg/Image",
            "how much of the detail was seen in some image rather than guessed, 32FC1, 0..1",
        ),
        Topic(
            "blur_score",
            "ddff_perception/msg/BlurScore",
            "how blurred each image is as it comes, to leave images out by",
        ),
    ),
    services=(RESET,),
    parameters=INPUT_PARAMETERS
    + ExposureSettings.table()
    + METHODS.choice("how images are deblurred")
    + pipeline_parameters(),
)
