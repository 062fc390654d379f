"""What the simulated RGB-D camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic
from ..played import PlayedSettings
from .frames import ENCODINGS


@dataclass(frozen=True)
class SimRgbdCameraSettings(Settings):
    """What the node `sim_rgbd_camera` shows."""

    source: str = parameter(
        "",
        "the RGB-D folder (with an rgbd.json) that is shown; empty: the room that comes with the "
        "package",
        dynamic=False,
    )
    encoding: str = parameter(
        "16UC1",
        "encoding of depth: 16UC1 millimetres or 32FC1 metres",
        choices=ENCODINGS,
        dynamic=False,
    )
    rate_hz: float = parameter(10.0, "frames per second", "Hz", (0.1, 1000.0))
    depth_offset_s: float = parameter(
        0.0, "how much later than colour depth is stamped", "s", (-1.0, 1.0)
    )
    skip: int = parameter(
        0, "every n-th frame comes without its depth; 0: none", limits=(0, 1000), dynamic=False
    )
    frame_id: str = parameter(
        "camera_color_optical_frame", "the optical frame of colour", dynamic=False
    )
    depth_frame_id: str = parameter(
        "camera_depth_optical_frame",
        "the optical frame of depth where it does not lie on the pixels of colour",
        dynamic=False,
    )


IMAGES = ("color/image_rect", "depth/image_rect")

SIM_RGBD_CAMERA = NodeInterface(
    name="sim_rgbd_camera",
    module="ddff_perception.simulation.rgbd_camera.node",
    description="Shows an RGB-D folder as a live RGB-D camera, with the true labels beside it.",
    outputs=(
        Topic("color/image_rect", "sensor_msgs/msg/Image", "colour, bgr8"),
        Topic("color/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of colour"),
        Topic("depth/image_rect", "sensor_msgs/msg/Image", "depth, 16UC1 or 32FC1"),
        Topic("depth/camera_info", "sensor_msgs/msg/CameraInfo", "calibration of depth"),
        Topic("imu", "sensor_msgs/msg/Imu", "acceleration at rest, if gravity is known", "state"),
        Topic(
            "truth/labels",
            "sensor_msgs/msg/Image",
            "true classes, mono8, 255 unlabelled, if known",
        ),
    ),
    parameters=COMMON_PARAMETERS + SimRgbdCameraSettings.table() + PlayedSettings.table(),
)
