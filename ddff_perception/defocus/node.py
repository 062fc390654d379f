"""The node `depth_from_defocus`: messages in, `DefocusPipeline` on its own thread, messages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..parameters import Value
from ..ros import messages
from ..ros.depth_output import send_depth
from ..ros.interface import PointSettings, Topic
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from .health import CAUSES, conditions
from .interface import DEFOCUS, DEPTH_FROM_DEFOCUS, FOCUS_STATE, SHARP
from .pipeline import DefocusPipeline, Estimated


class DepthFromDefocusNode(PipelineNode[DefocusPipeline, Estimated]):
    """Works on the newest image, by the lens as it was told last."""

    interface = DEPTH_FROM_DEFOCUS
    causes = CAUSES

    def inputs(self) -> Sequence[Topic]:
        told = self.settings["lens.focus_distance_m"] > 0
        return [topic for topic in self.interface.inputs if not (told and topic is FOCUS_STATE)]

    def check_values(self, values: Mapping[str, Value]) -> None:
        PointSettings.of(values, "points")

    def make_pipeline(self, values: Mapping[str, Value]) -> DefocusPipeline:
        return DefocusPipeline(values)

    def take(self, name: str, message: Any) -> bool:
        if name != FOCUS_STATE.name:
            return super().take(name, message)
        stamp = messages.stamp_ns(message.header.stamp)
        return self.pipeline.add_focus(stamp, message.focus_distance, message.settled)

    def compute(self, wanted: frozenset[str]) -> Estimated:
        self.pipeline.camera = self.camera.of_images(*self.source.size)[1]
        result = self.pipeline.estimate()
        sharp = not wanted.isdisjoint((SHARP.name, "points"))
        return self.pipeline.sharpen(result) if sharp else result

    def publish(self, result: Estimated, header: Any) -> None:
        found = result.found
        self.send_image(DEFOCUS.name, found.found.defocus, header)
        if found.photograph.lens.complete:
            send_depth(self, found.as_depth, header, SHARP.name)
            return
        self.send_image("depth/confidence", found.confidence, header)
        self.send_image(SHARP.name, found.sharp, header)

    def look(self) -> None:
        if self._result is None:
            return
        found = self._result.found
        for name, text in conditions(found).items():
            self.diagnostics.set_condition(name, text)
        self.diagnostics.set("mean confidence", float(found.confidence.mean()))
        self.diagnostics.set("assumed side", found.photograph.side)
        self.diagnostics.set("blur anisotropy", found.noticed.anisotropy)
        self.diagnostics.set("widest disc", found.noticed.widest_px)


main = partial(run_node, DepthFromDefocusNode)


if __name__ == "__main__":
    raise SystemExit(main())
