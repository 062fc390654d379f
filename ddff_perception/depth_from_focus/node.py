"""The node `depth_from_focus`: messages in, `DepthPipeline` on its own thread, messages out."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo

from ..msg import FocalStack as FocalStackMessage
from ..msg import FocusState
from ..parameters import Value
from ..ros import messages
from ..ros.depth_output import COLOURED, send_depth
from ..ros.interface import PointSettings, Topic
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from ..types import DepthEstimate, FocalStack, InputError
from .capture.settings import CaptureSettings
from .health import CAUSES, lens_at_rest
from .interface import DEPTH_FROM_FOCUS, FOCAL_STACK, SOURCE, OutputSettings
from .pipeline import DepthPipeline
from .saving import save_snapshot


class DepthFromFocusNode(PipelineNode[DepthPipeline, DepthEstimate]):
    """Every image's slice enters the stack; the step over all slices runs for the newest one."""

    interface = DEPTH_FROM_FOCUS
    causes = CAUSES
    early = frozenset({FOCAL_STACK.name})
    _stack_sent_s = -math.inf

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

    def take(self, name: str, message: Any) -> bool:
        if isinstance(message, FocusState):
            stamp = messages.stamp_ns(message.header.stamp)
            distance, position = message.focus_distance, message.lens_position
            return self.pipeline.add_focus(stamp, distance, position, message.settled)
        if isinstance(message, FocalStackMessage):
            taken = self.pipeline.replace(messages.focal_stack(message))
            self.camera.take(message.camera_info)
            return taken
        return super().take(name, message)

    def waits_for(self) -> str:
        few = self.pipeline.slices < self.settings["minimum_slices"]
        return "too few slices yet" if few else ""

    def compute(self, wanted: frozenset[str]) -> DepthEstimate | None:
        source = SOURCE.name in wanted
        return self.pipeline.estimate(source or not wanted.isdisjoint(COLOURED), source)

    def publish(self, result: DepthEstimate, header: Any) -> None:
        send_depth(self, result, header)
        self.send_image(SOURCE.name, result.source, header)

    def publish_early(self, header: Any) -> None:
        now = time.monotonic()
        if now - self._stack_sent_s < self.settings["focal_stack_period_s"]:
            # It comes in its own time: nobody misses it.
            self.diagnostics.sent("focal_stack")
        elif self.wanted("focal_stack") and self.pipeline.taken:
            self._stack_sent_s = now
            stack, info = self._stack()
            self.send("focal_stack", messages.focal_stack_message(stack, header.frame_id, info))

    def look(self) -> None:
        status = self.pipeline.stack.status()
        still_s = 0.0 if self._takes_stacks else status.lens_still_s
        resting = lens_at_rest(still_s, self.settings["still_warning_s"])
        self.diagnostics.set_condition("lens at rest", resting)
        self.diagnostics.set("slices", self.pipeline.slices)
        self.diagnostics.set("sweep coverage", status.coverage)
        if self._result is not None:
            missing = float(np.isnan(self._result.depth).mean())
            self.diagnostics.set("pixels without depth", missing)

    def _stack(self) -> tuple[FocalStack, CameraInfo | None]:
        """The slices as they were taken, with the camera if it is known."""
        slices = self.pipeline.taken
        if not slices:
            raise InputError(
                "there is no slice to save: subscribe to an output or set lazy to false, and "
                "check that images and focus_state come"
            )
        height, width = slices[0].image.shape[:2]
        info, camera = self.camera.of_images(width, height)
        return FocalStack(slices, camera), info

    def _save(self) -> Path:
        """Writes what there is now into a folder of its own; in the thread of the service."""

        def snapshot() -> tuple[FocalStack, DepthEstimate | None, int]:
            return self._stack()[0], self.pipeline.estimate(), self.pipeline.newest_stamp_ns

        stack, estimate, stamp = self.on_worker(snapshot).result()
        folder = Path(self.settings["save_folder"]).expanduser().resolve()
        return save_snapshot(folder, f"{stamp / 1e9:.3f}", stack, estimate)

    @property
    def _takes_stacks(self) -> bool:
        return bool(self.settings["input"] == "focal_stack")


main = partial(run_node, DepthFromFocusNode)

if __name__ == "__main__":
    raise SystemExit(main())
