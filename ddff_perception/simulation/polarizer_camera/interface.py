"""What the simulated polarization camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...optics.mosaic import LAYOUTS
from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic
from ..played import PlayedSettings
from .frames import ANGLE_TOPICS, CAMERAS


@dataclass(frozen=True)
class SimPolarizerCameraSettings(Settings):
    """What the node `sim_polarizer_camera` shows."""

    source: str = parameter(
        "",
        "the polarization folder (with a polarization.json) that is shown; empty: the glass "
        "pane that comes with the package",
        dynamic=False,
    )
    camera: str = parameter(
        "mosaic",
        "what kind of camera this is: mosaic (a polarizer before each pixel, image_raw), "
        "angles (one camera per angle, image_a ..) or rotating (one camera behind a filter "
        "that turns, image_rect and filter_state)",
        choices=CAMERAS,
        dynamic=False,
    )
    layout: str = parameter(
        "90_45_135_0",
        "polarizer angles of the mosaic's top left 2x2 pixels row by row, then the Bayer "
        "pattern of a colour camera",
        choices=tuple(LAYOUTS),
        dynamic=False,
    )
    angles_deg: list[float] = parameter(
        [],
        "polarizer angles of angles and rotating; empty: those of the folder",
        "deg",
        (-360.0, 360.0),
        dynamic=False,
    )
    rate_hz: float = parameter(10.0, "frames per second", "Hz", (0.1, 1000.0))
    sway_px: float = parameter(
        0.0,
        "how far the camera moves to and fro between its frames",
        "px",
        (0.0, 1000.0),
        dynamic=False,
    )
    frame_id: str = parameter(
        "camera_optical_frame", "the optical frame of the images", dynamic=False
    )


IMAGE_TOPICS = {
    "mosaic": ("image_raw",),
    "angles": ANGLE_TOPICS,
    "rotating": ("image_rect",),
}

SIM_POLARIZER_CAMERA = NodeInterface(
    name="sim_polarizer_camera",
    module="ddff_perception.simulation.polarizer_camera.node",
    description="Shows a polarization folder as a live polarization camera of any kind, with the "
    "true layers beside it.",
    outputs=(
        Topic("image_raw", "sensor_msgs/msg/Image", "the raw mosaic (camera mosaic)"),
        *(
            Topic(name, "sensor_msgs/msg/Image", f"image of polarizer {name[-1]} (camera angles)")
            for name in ANGLE_TOPICS
        ),
        Topic(
            "image_rect",
            "sensor_msgs/msg/Image",
            "image behind the filter as it stands (camera rotating)",
        ),
        Topic(
            "filter_state",
            "sensor_msgs/msg/JointState",
            "where the filter stands [rad], with the stamp of its image (camera rotating)",
            "state",
        ),
        Topic("camera_info", "sensor_msgs/msg/CameraInfo", "the camera; K is zero if unknown"),
        Topic(
            "truth/transmission",
            "sensor_msgs/msg/Image",
            "what lies behind the surface, if known, at half the mosaic's resolution",
        ),
        Topic(
            "truth/reflection",
            "sensor_msgs/msg/Image",
            "what is mirrored in the surface, if known, at half the mosaic's resolution",
        ),
    ),
    parameters=COMMON_PARAMETERS + SimPolarizerCameraSettings.table() + PlayedSettings.table(),
)
