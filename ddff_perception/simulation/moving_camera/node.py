"""The node `sim_moving_camera`: a frame folder as a live camera."""

from __future__ import annotations

from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from std_msgs.msg import Header

from ...ros.lifecycle import run_node
from ...ros.messages import camera_info_message, image_message
from ...ros.sensor_node import SensorNode
from ...types import ImageArray
from .frames import MovingCamera, MovingCameraSettings, open_frames
from .interface import SIM_MOVING_CAMERA

Shown = tuple[ImageArray | None, ImageArray | None]


class SimMovingCamera(SensorNode[Shown]):
    """Publishes one frame per period: calibration, image and truth."""

    interface = SIM_MOVING_CAMERA

    def __init__(self, **node_arguments: Any) -> None:
        self._camera: MovingCamera | None = None
        self._numbers = count()
        super().__init__(**node_arguments)

    def configure(self) -> None:
        settings, source = self.settings, self.settings["source"]
        self._camera = MovingCamera(
            open_frames(Path(source).expanduser() if source else None),
            MovingCameraSettings(settings["noise"], settings["drop"], settings["seed"]),
        )

    def activate(self) -> None:
        self._numbers = count()
        super().activate()

    def image_topics(self) -> tuple[str, ...]:
        return ("image_rect",)

    def next_frame(self) -> Shown | None:
        if self._camera is None:
            return None
        return self._camera.frame(next(self._numbers)) or (None, None)

    def publish(self, frame: Shown, header: Header) -> None:
        image, truth = frame
        if self._camera is None or image is None:
            return
        if truth is not None:
            self.send("truth/image", image_message(truth, header))
        size = (image.shape[1], image.shape[0])
        self.send("camera_info", camera_info_message(self._camera.camera, header, size))
        self.send("image_rect", image_message(image, header))


main = partial(run_node, SimMovingCamera)


if __name__ == "__main__":
    raise SystemExit(main())
