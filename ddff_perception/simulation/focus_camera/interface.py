"""What the simulated camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic
from .replay import ORDERS


@dataclass(frozen=True)
class SimCameraSettings(Settings):
    """What the node `sim_camera` plays."""

    source: str = parameter(
        "",
        "the stack folder (with a stack.json) or the bag that is played; empty: the stack that "
        "comes with the package",
        dynamic=False,
    )
    rate_hz: float = parameter(
        10.0,
        "frames per second of a stack; a bag keeps the rate at which it was recorded",
        "Hz",
        (0.1, 1000.0),
    )
    order: str = parameter(
        "ping_pong",
        "the order of the sweep of a stack; rest: the lens stays at the slice in the middle",
        choices=ORDERS,
    )
    loop: bool = parameter(True, "for ever; false stops after one sweep, or at the end of the bag")
    moving_frames: int = parameter(
        0,
        "frames between two focus distances, with the focus state not settled",
        "frames",
        (0, 100),
        dynamic=False,
    )
    dwell_frames: int = parameter(
        1, "frames at each focus distance", "frames", (1, 100), dynamic=False
    )
    noise: float = parameter(
        0.0,
        "standard deviation of the noise that is added to each frame",
        "8-bit grey levels",
        (0.0, 100.0),
    )
    seed: int = parameter(
        0, "of the noise and the random order", limits=(0, 2**31 - 1), dynamic=False
    )
    frame_id: str = parameter(
        "camera_optical_frame", "the optical frame of the images", dynamic=False
    )
    wait_for_subscribers: int = parameter(
        0, "the sweep starts when this many listen to image_rect", limits=(0, 100), dynamic=False
    )


SIM_CAMERA = NodeInterface(
    name="sim_camera",
    module="ddff_perception.simulation.focus_camera.node",
    description="Plays a stack folder or a bag as a live focus-sweeping camera, with the true "
    "depth beside it.",
    outputs=(
        Topic("image_rect", "sensor_msgs/msg/Image", "the slice in focus now"),
        Topic("camera_info", "sensor_msgs/msg/CameraInfo", "the camera; K is zero if unknown"),
        Topic(
            "focus_state",
            "ddff_perception/msg/FocusState",
            "the focus distance of each image, with its stamp",
            "state",
        ),
        Topic("truth/depth", "sensor_msgs/msg/Image", "true depth, 32FC1 metres, if known"),
        Topic("truth/camera_info", "sensor_msgs/msg/CameraInfo", "the camera of the true depth"),
    ),
    parameters=COMMON_PARAMETERS + SimCameraSettings.table(),
)
