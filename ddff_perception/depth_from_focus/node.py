"""The node `depth_from_focus`: messages in, `DepthPipeline` on its own thread, messages out."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo

from ..msg import FocalStack as FocalStackMessage
from ..msg import FocusState
from ..parameters import Value
from ..ros import messages
from ..ros.interface import Topic
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from ..types import CameraModel, DepthEstimate, FocalStack, InputError
from .capture.settings import CaptureSettings
from .health import CAUSES, lens_at_rest
from .interface import DEPTH_FROM_FOCUS, FOCAL_STACK, OutputSettings, PointSettings
from .pipeline import DepthPipeline
from .saving import save_snapshot

_COLOURED = ("image_all_in_focus", "points")
_RESULTS = ("depth/image_rect", "depth/camera_info", "depth/confidence", *_COLOURED)


class DepthFromFocusNode(PipelineNode[DepthPipeline, DepthEstimate]):
    """Every image's slice enters the stack; the step over all slices runs for the newest one."""

    causes = CAUSES

    def __init__(self, **node_arguments: Any) -> None:
        self._stack_sent_s = -math.inf
        super().__init__(DEPTH_FROM_FOCUS, **node_arguments)

    def inputs(self) -> Sequence[Topic]:
        return (FOCAL_STACK,) if self._takes_stacks else self.interface.inputs

    def outputs(self) -> Sequence[Topic]:
        outputs = self.interface.outputs
        return [t for t in outputs if not (self._takes_stacks and t is FOCAL_STACK)]

    def service_callbacks(self) -> Mapping[str, Any]:
        return {"~/save": self.slow_service(self._save)}

    def check_values(self, values: Mapping[str, Value]) -> None:
        PointSettings.of(values, "points")
        if values["alignment"] == "breathing" and not values["lens_table"]:
            raise InputError("alignment breathing needs the parameter lens_table")
        least = OutputSettings.of(values).minimum_slices
        most = CaptureSettings.of(values, "capture").max_slices
        if most < least:
            raise InputError(f"capture.max_slices {most} must not be below minimum_slices {least}")

    def make_pipeline(self, values: Mapping[str, Value]) -> DepthPipeline:
        return DepthPipeline.from_values(values)

    def room(self) -> int:
        return 1 if self._takes_stacks else int(self.settings["work_queue_size"])

    def take(self, name: str, message: Any) -> bool:
        stamp = messages.stamp_ns(message.header.stamp)
        if isinstance(message, FocusState):
            distance, position = message.focus_distance, message.lens_position
            return self.pipeline.add_focus(stamp, distance, position, message.settled)
        if isinstance(message, FocalStackMessage):
            taken = self.pipeline.replace(messages.focal_stack(message))
            self.camera.take(message.camera_info)
            return taken
        image = messages.slice_image(message)
        self.check_source(name, message)
        return self.pipeline.add_image(stamp, image)

    def choose(self) -> frozenset[str]:
        return frozenset(name for name in _RESULTS if self.wanted(name))

    def waits_for(self) -> str:
        few = self.pipeline.slices < self.settings["minimum_slices"]
        return "too few slices yet" if few else ""

    def compute(self, chosen: Any) -> DepthEstimate | None:
        return self.pipeline.estimate(not chosen.isdisjoint(_COLOURED))

    def publish(self, result: DepthEstimate, header: Any) -> None:
        camera = self.send_camera_info("depth/camera_info", result.depth, header)
        if self.wanted("depth/image_rect"):
            encoding = self.settings["depth_encoding"]
            image, too_far = messages.depth_message(result.depth, header, encoding)
            self.send("depth/image_rect", image)
            if too_far:
                self.diagnostics.count("pixels beyond 65.535 m", too_far)
        if self.wanted("depth/confidence"):
            self.send("depth/confidence", messages.image_message(result.confidence, header))
        if result.all_in_focus is not None and self.wanted("image_all_in_focus"):
            image = messages.image_message(result.all_in_focus, header)
            self.send("image_all_in_focus", image)
        if self.wanted("points") and camera is not None and not result.relative:
            self._send_points(result, camera, header)

    def _send_points(self, result: DepthEstimate, camera: CameraModel, header: Any) -> None:
        started = time.perf_counter()
        settings, depth = self.settings, result.depth
        if settings["points.minimum_confidence"] > 0.0:
            unsure = result.confidence < settings["points.minimum_confidence"]
            depth = np.where(unsure, np.float32(np.nan), depth)
        grid = self.camera.grid(camera, settings["points.stride"])
        cloud = self.camera.cloud(grid)
        limits = settings["points.minimum_m"], settings["points.maximum_m"]
        grid.points(depth, result.all_in_focus, *limits, out=cloud.points)
        cloud.message.header = header
        self.send("points", cloud.message)
        self.diagnostics.stages({"points": (time.perf_counter() - started) * 1e3})

    def publish_early(self, header: Any) -> None:
        now = time.monotonic()
        due = now - self._stack_sent_s >= self.settings["focal_stack_period_s"]
        if not due:
            # It comes in its own time: nobody misses it.
            self.diagnostics.sent("focal_stack")
        if not (due and self.wanted("focal_stack")):
            return
        stack, info = self._stack()
        if stack is not None:
            self._stack_sent_s = now
            message = messages.focal_stack_message(stack, header.frame_id, info)
            self.send("focal_stack", message)

    def look(self) -> None:
        status = self.pipeline.stack.status()
        still_s = 0.0 if self._takes_stacks else status.lens_still_s
        resting = lens_at_rest(still_s, self.settings["still_warning_s"])
        self.diagnostics.set_condition("lens at rest", resting)
        self.diagnostics.set("slices", self.pipeline.slices)
        self.diagnostics.set("method", self.settings["method"])
        self.diagnostics.set("sweep coverage", status.coverage)
        if self._result is not None:
            missing = float(np.isnan(self._result.depth).mean())
            self.diagnostics.set("pixels without depth", missing)
            self.diagnostics.set("mean confidence", float(self._result.confidence.mean()))

    def _stack(self) -> tuple[FocalStack | None, CameraInfo | None]:
        """The slices as they were taken, oldest first, with the camera if it is known."""
        taken = self.pipeline.stack.slices or self.pipeline.estimator.slots.values()
        slices = sorted(taken, key=lambda item: item.stamp_ns)
        if not slices:
            return None, None
        height, width = slices[0].image.shape[:2]
        info, camera = self.camera.of_images(width, height)
        return FocalStack(tuple(slices), camera), info

    def _save(self) -> Path:
        """Writes what there is now into a folder of its own; in the thread of the service."""

        def snapshot() -> tuple[FocalStack, DepthEstimate | None, int]:
            stack, _ = self._stack()
            if stack is None:
                raise InputError(
                    "there is no slice to save: subscribe to an output or set lazy to false, and "
                    "check that images and focus_state come"
                )
            return stack, self.pipeline.estimate(), self.pipeline.newest_stamp_ns

        stack, estimate, stamp = self.on_worker(snapshot).result()
        folder = Path(self.settings["save_folder"]).expanduser()
        return save_snapshot(folder, f"{stamp / 1e9:.3f}", stack, estimate)

    @property
    def _takes_stacks(self) -> bool:
        return bool(self.settings["input"] == "focal_stack")


def main(arguments: list[str] | None = None) -> int:
    """Runs the node; see `ros.lifecycle.run_node` for the status."""
    return run_node(DepthFromFocusNode, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
