"""What the simulated route camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic
from ..played import PlayedSettings


@dataclass(frozen=True)
class SimRouteCameraSettings(Settings):
    """What the node `sim_route_camera` shows."""

    source: str = parameter(
        "",
        "the folder of the drive (with a drive.json) that is shown, over and over; empty: the one "
        "that comes with the package",
        dynamic=False,
    )
    reference_drive: str = parameter(
        "",
        "folder of the drive of the same route in which true places are told; empty: that of the "
        "package for the package's drive, else none",
        dynamic=False,
    )
    rate_hz: float = parameter(10.0, "images per second", "Hz", (0.1, 1000.0))
    frame_id: str = parameter("camera_optical_frame", "the camera's optical frame", dynamic=False)


SIM_ROUTE_CAMERA = NodeInterface(
    name="sim_route_camera",
    module="ddff_perception.simulation.route_camera.node",
    description="Shows a drive along a route as a live camera, with its true places beside.",
    outputs=(
        Topic("image", "sensor_msgs/msg/Image", "images of the drive, bgr8"),
        Topic(
            "truth/route_match",
            "ddff_perception/msg/RouteMatch",
            "where the reference drive saw the same, stamped from its beginning, if known",
        ),
    ),
    parameters=COMMON_PARAMETERS + SimRouteCameraSettings.table() + PlayedSettings.table(),
)
