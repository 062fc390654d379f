"""What the simulated moving camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic


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
    noise: float = parameter(
        0.0,
        "standard deviation of the noise that is added",
        "8-bit grey levels",
        (0.0, 100.0),
        dynamic=False,
    )
    drop: int = parameter(
        0, "every n-th frame does not come; 0: all do", limits=(0, 1000), dynamic=False
    )
    seed: int = parameter(0, "of the noise", limits=(0, 2**31 - 1), dynamic=False)
    frame_id: str = parameter("camera_optical_frame", "the camera's optical frame", dynamic=False)
    wait_for_subscribers: int = parameter(
        0, "the camera starts when this many listen to its images", limits=(0, 100), dynamic=False
    )


SIM_MOVING_CAMERA = NodeInterface(
    name="sim_moving_camera",
    module="ddff_perception.simulation.moving_camera.node",
    description="Shows a frame folder as a live camera that moves, with the sharp images beside.",
    outputs=(
        Topic("image_rect", "sensor_msgs/msg/Image", "blurred images, mono8 or bgr8"),
        Topic("camera_info", "sensor_msgs/msg/CameraInfo", "calibration, if known"),
        Topic("truth/image", "sensor_msgs/msg/Image", "the same without blur, if known"),
    ),
    parameters=COMMON_PARAMETERS + SimMovingCameraSettings.table(),
)
