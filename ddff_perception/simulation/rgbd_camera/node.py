"""The node `sim_rgbd_camera`: an RGB-D folder as a live RGB-D camera."""

from __future__ import annotations

from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from geometry_msgs.msg import Vector3
from sensor_msgs.msg import Imu
from std_msgs.msg import Header

from ...ros.lifecycle import run_node
from ...ros.messages import camera_info_message, header_at, image_message, stamp_ns
from ...ros.sensor_node import SensorNode
from .frames import RgbdCamera, RgbdCameraFrame, RgbdCameraSettings, open_rgbd
from .interface import IMAGES, SIM_RGBD_CAMERA

_GRAVITY_M_S2 = 9.80665


class SimRgbdCamera(SensorNode[RgbdCameraFrame]):
    """Publishes one frame per period: calibration, colour, depth, gravity and truth."""

    interface = SIM_RGBD_CAMERA

    def __init__(self, **node_arguments: Any) -> None:
        self._camera: RgbdCamera | None = None
        self._numbers = count()
        super().__init__(**node_arguments)

    def configure(self) -> None:
        settings, source = self.settings, self.settings["source"]
        self._camera = RgbdCamera(
            open_rgbd(Path(source).expanduser() if source else None),
            RgbdCameraSettings(
                settings["encoding"], settings["noise"], settings["skip"], settings["seed"]
            ),
        )

    def activate(self) -> None:
        self._numbers = count()
        super().activate()

    def image_topics(self) -> tuple[str, ...]:
        return IMAGES

    def next_frame(self) -> RgbdCameraFrame | None:
        return None if self._camera is None else self._camera.frame(next(self._numbers))

    def publish(self, frame: RgbdCameraFrame, header: Header) -> None:
        camera = self._camera
        if camera is None:
            return
        own = "frame_id" if camera.registered else "depth_frame_id"
        offset_ns = round(1e9 * self.settings["depth_offset_s"])
        depth_header = header_at(stamp_ns(header.stamp) + offset_ns, self.settings[own])
        if frame.gravity is not None:
            # At rest an accelerometer measures what holds it up.
            x, y, z = (-_GRAVITY_M_S2 * value for value in frame.gravity)
            self.send("imu", Imu(header=header, linear_acceleration=Vector3(x=x, y=y, z=z)))
        if frame.labels is not None:
            self.send("truth/labels", image_message(frame.labels, header, "mono8"))
        for part, image, at in (
            ("color", frame.color, header),
            ("depth", frame.depth, depth_header),
        ):
            if image is None:
                continue
            size = (image.shape[1], image.shape[0])
            info = camera_info_message(camera.camera(part), at, size)
            self.send(f"{part}/camera_info", info)
            encoding = self.settings["encoding"] if part == "depth" else None
            self.send(f"{part}/image_rect", image_message(image, at, encoding))


main = partial(run_node, SimRgbdCamera)


if __name__ == "__main__":
    raise SystemExit(main())
