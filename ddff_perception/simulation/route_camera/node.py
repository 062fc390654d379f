"""The node `sim_route_camera`: a drive along a route as a live camera."""

from __future__ import annotations

from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from std_msgs.msg import Header

from ...msg import RouteMatch
from ...ros.lifecycle import run_node
from ...ros.messages import image_message, stamp_message
from ...ros.sensor_node import SensorNode
from ...types import ImageArray
from .frames import RouteCamera, RouteCameraSettings, RoutePlace, open_route
from .interface import SIM_ROUTE_CAMERA

Shown = tuple[ImageArray, RoutePlace | None]


class SimRouteCamera(SensorNode[Shown]):
    """Publishes one image per period, and its true place."""

    interface = SIM_ROUTE_CAMERA

    def __init__(self, **node_arguments: Any) -> None:
        self._camera: RouteCamera | None = None
        self._numbers = count()
        super().__init__(**node_arguments)

    def configure(self) -> None:
        settings = self.settings
        folders = (settings[name] for name in ("source", "reference_drive"))
        drives = open_route(*(Path(name).expanduser() if name else None for name in folders))
        self._camera = RouteCamera(
            *drives, RouteCameraSettings(settings["noise"], settings["seed"])
        )

    def activate(self) -> None:
        self._numbers = count()
        super().activate()

    def image_topics(self) -> tuple[str, ...]:
        return ("image",)

    def next_frame(self) -> Shown | None:
        return None if self._camera is None else self._camera.frame(next(self._numbers))

    def publish(self, frame: Shown, header: Header) -> None:
        image, place = frame
        if place is not None:
            self.send("truth/route_match", _match(place, header))
        self.send("image", image_message(image, header))


def _match(place: RoutePlace, header: Header) -> RouteMatch:
    message = RouteMatch(header=header, lost=place.number < 0, frame=place.number)
    if not message.lost:
        message.reference_stamp = stamp_message(place.reference_ns)
        message.confidence = 1.0
    return message


main = partial(run_node, SimRouteCamera)


if __name__ == "__main__":
    raise SystemExit(main())
