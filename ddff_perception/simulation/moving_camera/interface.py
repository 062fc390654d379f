"""What the simulated moving camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic
from ..played import PlayedSettings


@dataclass(frozen=True)
class SimMovingCameraSettings(Settings):
    """What the node `sim_moving_camera` shows."""

    source: str = parameter(
        "",
        "the frame folder (with a frames.json) that is shown, forth and back; empty: the one that "
        "comes with the package",
        dynamic=False,
    )
    rate_hz: float = parameter(15.0, "frames per second", "Hz", (0.1, 1000.0))
    drop: int = parameter(
        0, "every n-th frame does not come; 0: all do", limits=(0, 1000), dynamic=False
    )
    frame_id: str = parameter("camera_optical_frame", "the camera's optical frame", dynamic=False)


SIM_MOVING_CAMERA = NodeInterface(
    name="sim_moving_camera",
    module="ddff_perception.simulation.moving_camera.node",
    description="Shows a frame folder as a live camera that moves, with the sharp images beside.",
    outputs=(
        Topic("image_rect", "sensor_msgs/msg/Image", "blurred images, mono8 or bgr8"),
        Topic("camera_info", "sensor_msgs/msg/CameraInfo", "calibration, if known"),
        Topic("truth/image", "sensor_msgs/msg/Image", "the same without blur, if known"),
    ),
    parameters=COMMON_PARAMETERS + SimMovingCameraSettings.table() + PlayedSettings.table(),
)
