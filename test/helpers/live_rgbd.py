"""An RGB-D camera before the small room and the node that listens, over live DDS."""

from __future__ import annotations

from typing import Any

import numpy as np
from live_ros import Heard, RosSession
from rclpy.parameter import Parameter
from rooms import CAMERA, millimetres, picture, room
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from ddff_perception.ros import messages
from ddff_perception.segmentation.node import RgbdSegmentationNode
from ddff_perception.types import CameraModel

FRAME = "camera_color_optical_frame"
STEP_NS = 100_000_000
IMAGES = ("segmentation/image", "segmentation/confidence", "segmentation/overlay")
POINTS = "segmentation/points"
DEPTH, LABELS = room()
COLOR, RAW_DEPTH = picture(LABELS), millimetres(DEPTH)


class LiveRgbd:
    """Colour and depth of the small room in, what the node sends out."""

    def __init__(
        self, ros: RosSession, listen: tuple[str, ...] = ("segmentation/image",), **values: Any
    ) -> None:
        self.ros = ros
        given = {"method": "planes", "diagnostics_period_s": 0.1, **values}
        overrides = [Parameter(k.replace("__", "."), value=v) for k, v in given.items()]
        self.node: RgbdSegmentationNode = ros.add(
            RgbdSegmentationNode(parameter_overrides=overrides)
        )
        assert self.node.start()
        self.heard: dict[str, Heard] = {
            name: ros.listen(PointCloud2 if name == POINTS else Image, name) for name in listen
        }
        self.stamp_ns = 1_000 * 10**9
        names = {topic.name for topic in self.node.inputs()}
        self.images, self.infos = {}, {}
        for part in ("color", "depth"):
            if f"{part}/image_rect" in names:
                self.images[part] = ros.talk(Image, f"{part}/image_rect")
                self.infos[part] = ros.talk(CameraInfo, f"{part}/camera_info")
        for talker in (*self.images.values(), *self.infos.values()) if listen else ():
            ros.wait_met(talker)

    def calibrate(self, part: str, camera: CameraModel | None, frame: str = FRAME) -> None:
        """Publishes the camera_info of one camera and waits until the node has it."""
        size = (CAMERA.width, CAMERA.height) if camera is None else (camera.width, camera.height)
        header = messages.header_at(self.stamp_ns, frame)
        info = messages.camera_info_message(camera, header, size)
        self.infos[part].publish(info)
        kept = self.node.cameras[f"{part}/camera_info"]
        self.ros.wait_for(lambda: kept.info is not None and kept.info.header == header, part)

    def shoot(
        self,
        color: np.ndarray | None = COLOR,
        depth: np.ndarray | None = RAW_DEPTH,
        *,
        apart_ns: int = 0,
        frames: tuple[str, str] = (FRAME, FRAME),
        camera: CameraModel | None = CAMERA,
    ) -> int:
        """Publishes one instant and waits until the node has worked on it; returns its stamp."""
        self.stamp_ns += STEP_NS
        for part, image, late_ns, frame in (
            ("color", color, 0, frames[0]),
            ("depth", depth, apart_ns, frames[1]),
        ):
            if image is None or part not in self.images:
                continue
            if self.node.cameras[f"{part}/camera_info"].info is None and camera is not None:
                self.calibrate(part, camera, frame)
            encoding = "16UC1" if part == "depth" and image.dtype == np.uint16 else None
            header = messages.header_at(self.stamp_ns + late_ns, frame)
            self.send(part, messages.image_message(image, header, encoding))
        self.settle()
        return self.stamp_ns + max(apart_ns, 0) * (depth is not None)

    def send(self, part: str, message: Image) -> None:
        """Publishes one image and waits until it has come."""
        counter = f"{part}/image_rect in"
        before = self.total(counter)
        self.images[part].publish(message)
        self.ros.wait_for(lambda: self.total(counter) > before, counter)

    def settle(self) -> None:
        """Until the node has done its work."""
        worker = self.node._worker
        assert worker is not None and worker.wait_idle(60.0)

    def at(self, name: str, stamp_ns: int) -> Any:
        """The message on an output that carries `stamp_ns`."""
        found: list[Any] = []

        def there() -> bool:
            found[:] = [
                m for m in self.heard[name] if messages.stamp_ns(m.header.stamp) == stamp_ns
            ]
            return bool(found)

        self.ros.wait_for(there, f"{name} at {stamp_ns}")
        return found[0]

    def labels(self, stamp_ns: int) -> np.ndarray:
        return messages.image_array(self.at("segmentation/image", stamp_ns))

    def total(self, counter: str) -> int:
        return self.node.diagnostics.total(counter)

    def rejected(self) -> dict[str, int]:
        totals = self.node.diagnostics.totals
        return {name: count for name, count in totals.items() if name.startswith("rejected")}

    def complaint(self) -> str:
        """The newest reason for which something was rejected."""
        return self.node.diagnostics._last_error
