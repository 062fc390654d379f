"""The node `rgbd_segmentation`: messages in, `SegmentationPipeline` on its own thread, out."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sensor_msgs.msg import Image, PointField
from std_msgs.msg import String

from ..optics.rigid_transform import RigidTransform
from ..parameters import Value
from ..ros import messages
from ..ros.camera import Transforms
from ..ros.interface import Topic, message_class
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from ..simulation.classes import UNLABELLED
from ..types import CameraModel, FloatArray
from .capture.encodings import check_encoding
from .capture.frames import RawRgbd
from .capture.gravity import Accelerometer, GravitySettings, unit_vector
from .health import CAUSES, UNPAIRED
from .interface import (
    COLOR_INPUTS,
    DEPTH_INPUTS,
    IMU,
    LABEL_INFO,
    RGBD_SEGMENTATION,
    InputSettings,
)
from .pipeline import SegmentationPipeline, Segmented
from .points import LabelledPointSettings, labelled_points
from .rendering import overlay, resized_confidence, resized_labels
from .types import CLASSES

_COLOR, _DEPTH = COLOR_INPUTS[0].name, DEPTH_INPUTS[0].name
_VISION = "vision_msgs"


class RgbdSegmentationNode(PipelineNode[SegmentationPipeline, Segmented]):
    """Works on the newest images of one instant."""

    interface = RGBD_SEGMENTATION
    causes = CAUSES
    unpaired = UNPAIRED

    def __init__(self, **node_arguments: Any) -> None:
        self._imu = Accelerometer()
        self._cloud: messages.CloudBuffer | None = None
        super().__init__(**node_arguments)
        self._transforms = Transforms(self)

    def inputs(self) -> Sequence[Topic]:
        kind = str(self.settings["input"])
        chosen = [*COLOR_INPUTS] if kind == "color" else [*DEPTH_INPUTS]
        if kind == "rgbd":
            chosen = [*COLOR_INPUTS, *DEPTH_INPUTS]
        return [*chosen, IMU] if self.settings["gravity.source"] == "imu" else chosen

    def outputs(self) -> Sequence[Topic]:
        if importlib.util.find_spec(_VISION) is None:
            return self.interface.outputs
        better = replace(LABEL_INFO, type=f"{_VISION}/msg/LabelInfo")
        return [better if topic is LABEL_INFO else topic for topic in self.interface.outputs]

    def check_values(self, values: Mapping[str, Value]) -> None:
        InputSettings.of(values)
        GravitySettings.of(values, "gravity")
        LabelledPointSettings.of(values, "points")

    def make_pipeline(self, values: Mapping[str, Value]) -> SegmentationPipeline:
        return SegmentationPipeline(values)

    def joined(self) -> Sequence[str]:
        return (_COLOR, _DEPTH) if self.settings["input"] == "rgbd" else ()

    def activate(self) -> None:
        super().activate()
        self.send(LABEL_INFO.name, self._label_info())

    def values_changed(self, changed: frozenset[str]) -> None:
        super().values_changed(changed)
        if "minimum_confidence" in changed:
            self.send(LABEL_INFO.name, self._label_info())

    def cleanup(self) -> None:
        super().cleanup()
        self._cloud = None
        self._imu.clear()

    def check_arrival(self, name: str, message: Any) -> None:
        check_encoding("depth" if name == _DEPTH else "color", message.encoding)

    def take(self, name: str, message: Any) -> bool:
        if name == IMU.name:
            reading = message.linear_acceleration
            self._imu.add(message.header.frame_id, (reading.x, reading.y, reading.z))
            return False
        both = message if isinstance(message, tuple) else None
        color = both[0] if both else message if name == _COLOR else None
        depth = both[1] if both else message if name == _DEPTH else None
        stamp = max(messages.stamp_ns(m.header.stamp) for m in (color, depth) if m is not None)
        return self.pipeline.add_rgbd(stamp, self._raw(color, depth))

    def compute(self, wanted: frozenset[str]) -> Segmented:
        return self.pipeline.estimate()

    def publish(self, result: Segmented, header: Any) -> None:
        found, frame = result.found, result.image
        width, height = self.source.size
        size = (height, width)
        self.send_image("segmentation/image", resized_labels(found.labels, size), header)
        confidence = resized_confidence(found.confidence, size)
        self.send_image("segmentation/confidence", confidence, header)
        if self.wanted("segmentation/overlay"):
            self.send_image("segmentation/overlay", overlay(frame, found), header)
        if self.wanted("segmentation/points"):
            self._send_points(result, header)

    def look(self) -> None:
        if self._result is not None:
            found = self._result.found
            self.diagnostics.set("mean confidence", float(found.confidence.mean()))
            share = float(np.mean(found.labels == UNLABELLED))
            self.diagnostics.set("unlabelled share", share)

    def _raw(self, color: Image | None, depth: Image | None) -> RawRgbd:
        """The arrays of one instant, their cameras, and how these stand to each other."""
        parts: dict[str, Any] = {}
        if color is not None:
            parts["colour"] = messages.slice_image(color)
            parts["camera"] = self._camera(COLOR_INPUTS[1], parts["colour"])
            self.check_source(_COLOR, color)
        if depth is not None:
            parts["depth"] = messages.image_array(depth)
            parts["depth_camera"] = self._camera(DEPTH_INPUTS[1], parts["depth"])
            self.check_source(_DEPTH, depth)
        if color is not None and depth is not None:
            parts["stand"] = self._stand(color.header, depth.header)
        header = (color or depth).header  # type: ignore[union-attr]
        aligned = InputSettings.of(self.settings.values).aligned
        return RawRgbd(**parts, gravity=self._gravity(header), aligned=aligned)

    def _camera(self, topic: Topic, image: Any) -> CameraModel | None:
        return self.cameras[topic.name].of_images(image.shape[1], image.shape[0])[1]

    def _stand(self, color: Any, depth: Any) -> RigidTransform | None:
        frames = color.frame_id, depth.frame_id
        return InputSettings.of(self.settings.values).stand(
            *frames, lambda: self._transforms.stand(*frames, color.stamp)
        )

    def _gravity(self, header: Any) -> FloatArray | None:
        settings = GravitySettings.of(self.settings.values, "gravity")
        if settings.source == "estimated":
            return None
        if settings.source == "fixed":
            return unit_vector(settings.down)
        own = header.frame_id
        level = self._imu.frame_id if settings.source == "imu" else settings.frame
        down = self._imu.down if settings.source == "imu" else np.array([0.0, 0.0, -1.0])
        turn = self._transforms.stand(own, level, header.stamp).rotation
        return unit_vector([*(turn @ down)])

    def _send_points(self, result: Segmented, header: Any) -> None:
        frame = result.image
        if frame.camera is None or frame.depth is None:
            name = "segmentation/points"
            self.reject(name, f"{name}: {frame.lacks or 'there is no depth to make points of'}")
            return
        settings = LabelledPointSettings.of(self.settings.values, "points")
        grid = self.camera.grid(frame.camera, settings.stride)
        if self._cloud is None or self._cloud.shape != grid.shape:
            more = {"label": PointField.UINT32, "confidence": PointField.FLOAT32}
            self._cloud = messages.CloudBuffer(grid.shape, more)
        self._cloud.points[...] = labelled_points(frame, result.found, grid, settings)
        self._cloud.message.header = header
        self.send("segmentation/points", self._cloud.message)

    def _label_info(self) -> Any:
        topic = next(topic for topic in self.outputs() if topic.name == LABEL_INFO.name)
        header = messages.header_at(self.get_clock().now().nanoseconds, "")
        least = float(self.settings["minimum_confidence"])
        if topic is not LABEL_INFO:
            one = message_class(f"{_VISION}/msg/VisionClass")
            classes = [one(class_id=n, class_name=name) for n, name in enumerate(CLASSES)]
            return message_class(topic.type)(header=header, class_map=classes, threshold=least)
        classes = [{"class_id": n, "class_name": name} for n, name in enumerate(CLASSES)]
        return String(data=json.dumps({"class_map": classes, "threshold": least}))


main = partial(run_node, RgbdSegmentationNode)


if __name__ == "__main__":
    raise SystemExit(main())
