"""The node `depth_from_focus`: messages in, `DepthPipeline` on its own thread, messages out."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo
from sensor_msgs.msg import Image as ImageMessage
from std_srvs.srv import Trigger

from ..msg import FocalStack as FocalStackMessage
from ..msg import FocusState
from ..optics.lens_table import LensTable, read_lens_table
from ..parameters import Value
from ..ros import messages
from ..ros.camera import CameraCache
from ..ros.engine_report import EngineReport
from ..ros.interface import Topic
from ..ros.lifecycle import Callback, PerceptionNode, run_node
from ..ros.worker import Worker
from ..types import CameraModel, DepthEstimate, FocalStack, InputError
from .capture.alignment_settings import ALIGNMENT_PARAMETERS
from .estimator import COMMON_PARAMETERS as ESTIMATOR_PARAMETERS
from .health import CAUSES, lens_at_rest
from .interface import DEPTH_FROM_FOCUS, FOCAL_STACK, PointSettings
from .methods import METHODS
from .parameters import method_values
from .pipeline import DepthPipeline
from .saving import save_snapshot

# Parameters, or groups of them, that the estimator takes.
_METHOD_SETTINGS = frozenset({"method", *(p.name for p in ESTIMATOR_PARAMETERS), *METHODS})

_INPUTS = {
    ImageMessage: "image_rect",
    FocalStackMessage: "focal_stack",
    FocusState: "focus_state",
}

Incoming: TypeAlias = ImageMessage | FocalStackMessage


class DepthFromFocusNode(PerceptionNode):
    """Every image's slice is worked on; the step over all slices runs for the newest one only.

    Images wait in a short queue; the worker takes all that wait, brings the stack up to date, and
    estimates once. What the queue cannot hold is dropped, the oldest first, and counted.
    """

    causes = CAUSES

    def __init__(self, **node_arguments: Any) -> None:
        # Guards everything that the worker and the services share.
        self._lock = threading.Lock()
        self._pipeline = DepthPipeline()
        self._worker: Worker[Incoming] | None = None
        self._savers: ThreadPoolExecutor | None = None
        self._readings: deque[FocusState] = deque(maxlen=1000)
        self._camera_info: CameraInfo | None = None
        self._camera = CameraCache()
        self._lens: LensTable | None = None
        self._frame_id = ""
        self._estimate: DepthEstimate | None = None
        self._stack_sent_s = -math.inf
        super().__init__(DEPTH_FROM_FOCUS, **node_arguments)
        self._engines = EngineReport(self)
        self.reporter.before_report(self._report)
        self.create_services({"~/save": self._save, "~/reset": self._reset})

    # What the base asks for.

    def inputs(self) -> Sequence[Topic]:
        return (FOCAL_STACK,) if self._takes_stacks else self.interface.inputs

    def outputs(self) -> Sequence[Topic]:
        outputs = self.interface.outputs
        return [t for t in outputs if not (self._takes_stacks and t is FOCAL_STACK)]

    def callbacks(self) -> Mapping[str, Callback]:
        return {
            "image_rect": self._on_image,
            "camera_info": self._on_camera_info,
            "focus_state": self._on_focus_state,
            "focal_stack": self._on_focal_stack,
        }

    def check_values(self, values: Mapping[str, Value]) -> None:
        PointSettings.of(values, "points")
        if values["alignment"] == "breathing" and not values["lens_table"]:
            raise InputError("alignment breathing needs the parameter lens_table")

    def configure(self) -> None:
        table = self.settings["lens_table"]
        self._lens = read_lens_table(Path(table).expanduser()) if table else None
        self._pipeline = self._make_pipeline()
        self._savers = ThreadPoolExecutor(1, thread_name_prefix="save")

    def activate(self) -> None:
        capacity = 1 if self._takes_stacks else self.settings["work_queue_size"]
        self._worker = Worker(
            "depth_from_focus",
            self._work,
            capacity=capacity,
            failed=self._on_failure,
            dropped=lambda _: self.diagnostics.count_drop("no room in the work queue"),
        )

    def deactivate(self) -> None:
        if self._worker is not None and not self._worker.stop():
            self.get_logger().error("the worker does not stop")
        self._worker = None

    def cleanup(self) -> None:
        if self._savers is not None:
            self._savers.shutdown()
            self._savers = None
        self._engines.close()
        with self._lock:
            self._pipeline.close()
            self._pipeline = DepthPipeline()
            self._readings.clear()
            self._camera_info = self._estimate = None

    def values_changed(self, changed: frozenset[str]) -> None:
        with self._lock:
            if any(name.startswith("capture.") for name in changed):
                self._pipeline.stack.configure(self.settings.group("capture"))
            if any(name.split(".")[0] in _METHOD_SETTINGS for name in changed):
                self._pipeline.set_method(*self._method())
            if any(name in ALIGNMENT_PARAMETERS for name in changed):
                self._pipeline.set_alignment(self._alignment())

    def time_jumped_back(self) -> None:
        with self._lock:
            self._forget()

    # Messages in: nothing here takes long.

    def _on_image(self, message: ImageMessage) -> None:
        self.diagnostics.count_input("image_rect", messages.stamp_ns(message.header.stamp))
        if self._worker is not None:
            self._worker.put(message)

    def _on_focal_stack(self, message: FocalStackMessage) -> None:
        self.diagnostics.count_input("focal_stack", messages.stamp_ns(message.header.stamp))
        self._camera_info = message.camera_info
        if self._worker is not None:
            self._worker.put(message)

    def _on_focus_state(self, message: FocusState) -> None:
        self.diagnostics.count("focus_state in")
        self._readings.append(message)
        if self._worker is not None:
            self._worker.wake()

    def _on_camera_info(self, message: CameraInfo) -> None:
        self._camera_info = message

    # On the worker's thread.

    def _work(self, incoming: list[Incoming]) -> None:
        with self._lock:
            if self._engines.tell(self._pipeline.estimator.engines):
                self.diagnostics.count_drop("engine not ready", len(incoming))
                return
            started = time.perf_counter()
            used = 0
            while self._readings:
                used += self._take(self._readings.popleft())
            used += sum(self._take(message) for message in incoming)
            if not used:
                return
            self.diagnostics.stages({"capture and slices": _since(started)})
            self.diagnostics.count_drop("depth skipped for a newer image", used - 1)
            self._estimate_and_send()

    def _take(self, message: Incoming | FocusState) -> bool:
        """Brings the stack up to date with one message; False if it changed nothing."""
        name = _INPUTS[type(message)]
        try:
            stamp = messages.stamp_ns(message.header.stamp)
            if isinstance(message, FocusState):
                distance, position = message.focus_distance, message.lens_position
                return self._pipeline.add_focus(stamp, distance, position, message.settled)
            self._frame_id = message.header.frame_id
            if isinstance(message, FocalStackMessage):
                return self._pipeline.replace(messages.focal_stack(message))
            return self._pipeline.add_image(stamp, messages.slice_image(message))
        except InputError as error:
            self.reject(name, f"{name}: {error}")
            return False

    def _estimate_and_send(self) -> None:
        stamp = self._pipeline.newest_stamp_ns
        self._send_focal_stack()
        wants_image = self.wanted("image_all_in_focus") or self.wanted("points")
        names = ("depth/image_rect", "depth/camera_info", "depth/confidence")
        if not (wants_image or any(self.wanted(name) for name in names)):
            return
        if self._pipeline.slices < self.settings["minimum_slices"]:
            self.diagnostics.count_drop("too few slices yet")
            return
        try:
            estimate = self._pipeline.estimate(wants_image)
        except InputError as error:
            self.reject("estimate", str(error))
            return
        if estimate is None:
            return
        self._estimate = estimate
        started = time.perf_counter()
        self._send(estimate, stamp)
        self.diagnostics.stages({**estimate.timings_ms, "messages": _since(started)})
        self.diagnostics.count_output(stamp, self.get_clock().now().nanoseconds)

    def _send(self, estimate: DepthEstimate, stamp_ns: int) -> None:
        header = messages.header_at(stamp_ns, self._frame_id)
        camera = self._camera_of(estimate.depth.shape)
        if self.wanted("depth/image_rect"):
            image, too_far = messages.depth_message(
                estimate.depth, header, self.settings["depth_encoding"]
            )
            self.send("depth/image_rect", image)
            if too_far:
                self.diagnostics.count("pixels beyond 65.535 m", too_far)
        if self._camera_info is not None:
            self.send("depth/camera_info", messages.with_header(self._camera_info, header))
        if self.wanted("depth/confidence"):
            self.send("depth/confidence", messages.image_message(estimate.confidence, header))
        if estimate.all_in_focus is not None and self.wanted("image_all_in_focus"):
            image = messages.image_message(estimate.all_in_focus, header)
            self.send("image_all_in_focus", image)
        if self.wanted("points") and camera is not None and not estimate.relative:
            self._send_points(estimate, camera, header)

    def _send_points(self, estimate: DepthEstimate, camera: CameraModel, header: Any) -> None:
        started = time.perf_counter()
        settings, depth = self.settings, estimate.depth
        if settings["points.minimum_confidence"] > 0.0:
            unsure = estimate.confidence < settings["points.minimum_confidence"]
            depth = np.where(unsure, np.float32(np.nan), depth)
        grid = self._camera.grid(camera, settings["points.stride"])
        cloud = self._camera.cloud(grid)
        limits = settings["points.minimum_m"], settings["points.maximum_m"]
        grid.points(depth, estimate.all_in_focus, *limits, out=cloud.points)
        cloud.message.header = header
        self.send("points", cloud.message)
        self.diagnostics.stages({"points": _since(started)})

    def _send_focal_stack(self) -> None:
        now = time.monotonic()
        due = now - self._stack_sent_s >= self.settings["focal_stack_period_s"]
        stack = self._stack() if due and self.wanted("focal_stack") else None
        if stack is not None:
            self._stack_sent_s = now
            info = self._camera_info
            self.send("focal_stack", messages.focal_stack_message(stack, self._frame_id, info))

    def _stack(self) -> FocalStack | None:
        """The slices as they were taken, oldest first, with the camera if it is known."""
        taken = self._pipeline.stack.slices or self._pipeline.estimator.slots.values()
        slices = sorted(taken, key=lambda item: item.stamp_ns)
        if not slices:
            return None
        return FocalStack(tuple(slices), self._camera_of(slices[0].image.shape))

    def _camera_of(self, shape: Sequence[int]) -> CameraModel | None:
        info = self._camera_info
        if info is None:
            self.warn_throttled(
                "no camera_info", "there is no camera_info yet: depth, but no cloud"
            )
            return None
        try:
            camera = self._camera.model(info, shape[1], shape[0])
        except InputError as error:
            self.reject("camera_info", str(error))
            return None
        if camera is None:
            self.warn_throttled(
                "uncalibrated", "camera_info has K zero (not calibrated): depth, but no cloud"
            )
        return camera

    def _on_failure(self, error: Exception) -> None:
        if self.context.ok():
            self.reject("internal error", f"{type(error).__name__}: {error}")

    # Services.

    def _reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            self._forget()
        response.success, response.message = True, "all slices are forgotten"
        return response

    async def _save(
        self, _request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        if self._savers is None:
            response.success, response.message = False, "configure the node first"
            return response
        done = Future(executor=self.executor)
        self._savers.submit(self._save_now).add_done_callback(
            lambda result: done.set_result(result.exception() or result.result())
        )
        outcome = await done
        response.success = isinstance(outcome, Path)
        response.message = str(outcome)
        if not response.success:
            self.get_logger().error(f"cannot save: {outcome}")
        return response

    def _save_now(self) -> Path:
        with self._lock:
            stack = self._stack()
            if stack is None:
                raise InputError(
                    "there is no slice to save: subscribe to an output or set lazy to false, and "
                    "check that images and focus_state come"
                )
            estimate = self._pipeline.estimate()
            stamp = self._pipeline.newest_stamp_ns
        folder = Path(self.settings["save_folder"]).expanduser()
        return save_snapshot(folder, f"{stamp / 1e9:.3f}", stack, estimate)

    # The rest.

    @property
    def _takes_stacks(self) -> bool:
        return bool(self.settings["input"] == "focal_stack")

    def _method(self) -> tuple[str, dict[str, Value]]:
        return method_values(self.settings.values)

    def _make_pipeline(self) -> DepthPipeline:
        return DepthPipeline(
            *self._method(), self.settings.group("capture"), None, self._lens, self._alignment()
        )

    def _alignment(self) -> dict[str, Value]:
        return {parameter.name: self.settings[parameter.name] for parameter in ALIGNMENT_PARAMETERS}

    def _forget(self) -> None:
        """Forgets all slices; called with the lock held."""
        if self._worker is not None:
            self.diagnostics.count_drop("reset", self._worker.clear())
        self._readings.clear()
        self._pipeline.reset()
        self._estimate = None

    def _report(self) -> None:
        """Brings what capture and estimator know into the diagnostics."""
        # A report must not wait for a long estimate; the next one will do.
        if not self._lock.acquire(timeout=0.02):
            return
        try:
            counters, status = dict(self._pipeline.counters), self._pipeline.stack.status()
            estimate, slices = self._estimate, self._pipeline.slices
            self._engines.tell(self._pipeline.estimator.engines)
        finally:
            self._lock.release()
        still_s = 0.0 if self._takes_stacks else status.lens_still_s
        diagnostics = self.diagnostics
        limit_s = self.settings["still_warning_s"]
        diagnostics.set_condition("lens at rest", lens_at_rest(still_s, limit_s))
        for name, count in counters.items():
            diagnostics.set_total(f"capture: {name}", count)
        diagnostics.set("slices", slices)
        diagnostics.set("method", self.settings["method"])
        diagnostics.set("sweep coverage", status.coverage)
        if estimate is not None:
            diagnostics.set("pixels without depth", float(np.isnan(estimate.depth).mean()))
            diagnostics.set("mean confidence", float(estimate.confidence.mean()))


def _since(started_s: float) -> float:
    return (time.perf_counter() - started_s) * 1e3


def main(arguments: list[str] | None = None) -> int:
    """Runs the node; see `ros.lifecycle.run_node` for the status."""
    return run_node(DepthFromFocusNode, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
