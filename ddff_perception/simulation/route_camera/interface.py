"""What the simulated route camera's node offers, as data."""

from __future__ import annotations

from dataclasses import dataclass

from ...parameters import Settings, parameter
from ...ros.interface import COMMON_PARAMETERS, NodeInterface, Topic


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
    noise: float = parameter(
        0.0,
        "standard deviation of the noise that is added",
        "8-bit grey levels",
        (0.0, 100.0),
        dynamic=False,
    )
    seed: int = parameter(0, "of the noise", limits=(0, 2**31 - 1), dynamic=False)
    frame_id: str = parameter("camera_optical_frame", "the camera's optical frame", dynamic=False)
    wait_for_subscribers: int = parameter(
        0, "the camera starts when this many listen to its images", limits=(0, 100), dynamic=False
    )


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
    parameters=COMMON_PARAMETERS + SimRouteCameraSettings.table(),
)
