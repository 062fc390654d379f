"""The node `reflection_separation`: messages in, `SeparationPipeline` on its own thread, out."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from sensor_msgs.msg import CameraInfo, JointState
from sensor_msgs.msg import Image as ImageMessage

from ..engines.loading import EngineSet
from ..optics.mosaic import check_pattern
from ..parameters import Value
from ..ros import messages
from ..ros.camera_info import resized_camera_info
from ..ros.engine_report import EngineReport
from ..ros.image_sets import ImageSets
from ..ros.interface import Topic
from ..ros.lifecycle import Callback, PerceptionNode, run_node
from ..ros.worker import Worker
from ..types import InputError
from .capture.filter_state import filter_angle_deg
from .capture.images import CaptureSettings, refuse_repeated
from .health import CAUSES
from .interface import (
    ANGLE_INPUTS,
    CAMERA_INFO,
    MOSAIC_INPUTS,
    REFLECTION_SEPARATION,
    ROTATING_INPUTS,
)
from .parameters import method_values
from .pipeline import Separation, SeparationPipeline, Wanted
from .rendering import rendered

Incoming: TypeAlias = tuple[ImageMessage, ...] | JointState


class ReflectionSeparationNode(PerceptionNode):
    """Works on the newest complete input; what comes meanwhile and has no room is dropped."""

    causes = CAUSES

    def __init__(self, **node_arguments: Any) -> None:
        # Guards everything that the worker and the parameters share.
        self._lock = threading.Lock()
        self._pipeline = SeparationPipeline()
        self._worker: Worker[tuple[ImageMessage, ...]] | None = None
        self._readings: deque[JointState] = deque(maxlen=1000)
        self._joiner: ImageSets | None = None
        self._camera_info: CameraInfo | None = None
        self._frame_id = ""
        self._source = (0, 0)
        self._separation: Separation | None = None
        self._engines: EngineSet | None = None
        super().__init__(REFLECTION_SEPARATION, **node_arguments)
        self._engine_report = EngineReport(self)
        self.reporter.before_report(self._report)

    # What the base asks for.

    def inputs(self) -> Sequence[Topic]:
        kind = self.settings["input"]
        if kind == "mosaic":
            return (*MOSAIC_INPUTS, CAMERA_INFO)
        if kind == "rotating":
            return (*ROTATING_INPUTS, CAMERA_INFO)
        return (*ANGLE_INPUTS[: len(self.settings["angles_deg"])], CAMERA_INFO)

    def callbacks(self) -> Mapping[str, Callback]:
        images = [topic.name for topic in self.inputs() if topic.type.endswith("/Image")]
        return {
            "filter_state": self._on_filter_state,
            "camera_info": self._on_camera_info,
            **{name: partial(self._on_image, name) for name in images},
        }

    def check_values(self, values: Mapping[str, Value]) -> None:
        angles = values["angles_deg"]
        if not isinstance(angles, list) or not 3 <= len(angles) <= len(ANGLE_INPUTS):
            raise InputError("angles_deg needs three or four polarizer angles, one per topic")
        refuse_repeated([float(angle) for angle in angles])

    def configure(self) -> None:
        self._pipeline = SeparationPipeline(
            *self._method(),
            capture=self._capture(),
            rotating=self.settings.group("rotating"),
            time_jump_s=self.settings["time_jump_s"],
        )

    def activate(self) -> None:
        kind = self.settings["input"]
        if kind == "angles":
            self._joiner = ImageSets(
                [topic.name for topic in self.inputs() if topic is not CAMERA_INFO],
                self._on_set,
                self.diagnostics.count_drop,
                queue_size=self.settings["sync_queue_size"],
                slop_s=self.settings["slop_s"],
                time_jump_s=self.settings["time_jump_s"],
            )
        self._worker = Worker(
            "reflection_separation",
            self._work,
            capacity=self.settings["work_queue_size"] if kind == "rotating" else 1,
            failed=self._on_failure,
            dropped=lambda _: self.diagnostics.count_drop("superseded by a newer image"),
        )

    def deactivate(self) -> None:
        if self._worker is not None and not self._worker.stop():
            self.get_logger().error("the worker does not stop")
        self._worker = None

    def cleanup(self) -> None:
        self._engine_report.close()
        with self._lock:
            self._engines = None
            self._pipeline = SeparationPipeline()
            self._readings.clear()
            self._camera_info = self._separation = None

    def values_changed(self, changed: frozenset[str]) -> None:
        with self._lock:
            if any(name in CaptureSettings.table() for name in changed):
                self._pipeline.set_capture(self._capture())
            if any(name.startswith("rotating.") for name in changed):
                self._pipeline.set_rotating(self.settings.group("rotating"))
            self._pipeline.set_method(*self._method())

    def time_jumped_back(self) -> None:
        if self._joiner is not None:
            self._joiner.reset()
        with self._lock:
            if self._worker is not None:
                self.diagnostics.count_drop("reset", self._worker.clear())
            self._readings.clear()
            self._pipeline.reset()
            self._separation = None

    # Messages in: nothing here takes long.

    def _on_image(self, name: str, message: ImageMessage) -> None:
        self.diagnostics.count_input(name, messages.stamp_ns(message.header.stamp))
        if self._joiner is not None:
            self._joiner.add(name, message)
        else:
            self._on_set(message)

    def _on_filter_state(self, message: JointState) -> None:
        self.diagnostics.count("filter_state in")
        self._readings.append(message)
        if self._worker is not None:
            self._worker.wake()

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._camera_info = message

    def _on_set(self, *images: ImageMessage) -> None:
        """Hands the images of one instant to the worker."""
        if self._worker is not None:
            self._worker.put(images)

    # On the worker's thread.

    def _work(self, incoming: list[tuple[ImageMessage, ...]]) -> None:
        with self._lock:
            used = 0
            while self._readings:
                used += self._take(self._readings.popleft())
            used += sum(self._take(images) for images in incoming)
            if not used:
                return
            self.diagnostics.count_drop("superseded by a newer image", used - 1)
            self._separate_and_send()

    def _take(self, message: Incoming) -> bool:
        """Brings the pipeline up to date; True if there is something new to separate."""
        try:
            if isinstance(message, JointState):
                return self._take_angle(message)
            images = message
            self._frame_id = images[0].header.frame_id
            stamp = max(messages.stamp_ns(image.header.stamp) for image in images)
            kind = self.settings["input"]
            if kind == "mosaic":
                check_pattern(images[0].encoding, self._pipeline.capture.layout)
                raw = messages.mosaic_image(images[0])
                self._source = (raw.shape[1], raw.shape[0])
                return self._pipeline.add_mosaic(stamp, raw)
            arrays = [messages.slice_image(image) for image in images]
            self._source = (arrays[0].shape[1], arrays[0].shape[0])
            if kind == "rotating":
                return self._pipeline.add_image(stamp, arrays[0])
            return self._pipeline.add_set(stamp, arrays, self.settings["angles_deg"])
        except InputError as error:
            self.reject("input", str(error))
            return False

    def _take_angle(self, message: JointState) -> bool:
        settings = self.settings
        angle = filter_angle_deg(
            message,
            settings["filter_joint"],
            settings["filter_ratio"],
            settings["filter_offset_deg"],
        )
        return self._pipeline.add_angle(messages.stamp_ns(message.header.stamp), angle)

    def _separate_and_send(self) -> None:
        header = messages.header_at(self._pipeline.newest_stamp_ns, self._frame_id)
        wanted = Wanted(
            self.wanted("transmission/image") or self.wanted("reflection/image"),
            self.wanted("polarization/degree"),
            self.wanted("polarization/angle"),
        )
        if wanted and not self._pipeline.ready:
            self.diagnostics.count_drop("too few polarizer angles yet")
            return
        if self.wanted("transmission/camera_info"):
            self._send_camera_info(header)
        if not wanted:
            return
        try:
            self._engines = self._pipeline.engines() if wanted.layers else None
            if self._engine_report.tell(self._engines):
                self.diagnostics.count_drop("engine not ready")
                return
            separation = self._pipeline.separate(wanted)
        except InputError as error:
            self.reject("images", str(error))
            return
        if separation.complaint is not None:
            self.reject("implausible", separation.complaint)
        self._separation = separation
        started = time.perf_counter()
        self._send(separation, header)
        sent = (time.perf_counter() - started) * 1e3
        self.diagnostics.stages({**separation.timings_ms, "messages": sent})
        now = self.get_clock().now().nanoseconds
        self.diagnostics.count_output(separation.stamp_ns, now)

    def _send(self, separation: Separation, header: Any) -> None:
        if separation.layers is not None:
            chosen = str(self.settings["pixel_type"])
            kind = separation.kind if chosen == "input" else chosen
            for name, layer in (
                ("transmission/image", separation.layers.transmission),
                ("reflection/image", separation.layers.reflection),
            ):
                if self.wanted(name):
                    image = rendered(layer, kind, self._pipeline.capture)
                    self.send(name, messages.image_message(image, header))
        for name, values in (
            ("polarization/degree", separation.degree),
            ("polarization/angle", separation.angle_rad),
        ):
            if values is not None:
                self.send(name, messages.image_message(values, header))

    def _send_camera_info(self, header: Any) -> None:
        if self._camera_info is None:
            self.warn_throttled(
                "no camera_info", "there is no camera_info yet: layers, but no calibration of them"
            )
            return
        try:
            info = resized_camera_info(
                self._camera_info, self._source, self._pipeline.layer_size(*self._source), header
            )
        except InputError as error:
            self.reject("camera_info", str(error))
            return
        self.send("transmission/camera_info", info)

    def _on_failure(self, error: Exception) -> None:
        if self.context.ok():
            self.reject("internal error", f"{type(error).__name__}: {error}")

    # The rest.

    def _method(self) -> tuple[str, dict[str, Value]]:
        return method_values(self.settings.values)

    def _capture(self) -> dict[str, Value]:
        return CaptureSettings.table().part(self.settings.values)

    def _report(self) -> None:
        """Brings what capture knows into the diagnostics."""
        # A report must not wait for a long separation; the next one will do.
        if not self._lock.acquire(timeout=0.02):
            return
        try:
            counters, separation = self._pipeline.counters, self._separation
            angles = self._pipeline.angles
            self._engine_report.tell(self._engines)
        finally:
            self._lock.release()
        for name, count in counters.items():
            self.diagnostics.set_total(f"capture: {name}", count)
        self.diagnostics.set("polarizer angles", angles)
        self.diagnostics.set("method", self.settings["method"])
        if separation is None:
            return
        if separation.degree is not None:
            mean = float(separation.degree.mean())
            self.diagnostics.set("mean degree of polarization", mean)
        if separation.layers is not None and separation.layers.confidence is not None:
            self.diagnostics.set("mean confidence", float(separation.layers.confidence.mean()))


def main(arguments: list[str] | None = None) -> int:
    """Runs the node; see `ros.lifecycle.run_node` for the status."""
    return run_node(ReflectionSeparationNode, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
