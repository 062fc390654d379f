"""The node `reflection_separation`: messages in, `SeparationPipeline` on its own thread, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensor_msgs.msg import JointState

from ..optics.mosaic import check_pattern
from ..parameters import Value
from ..ros import messages
from ..ros.image_sets import ImageSets
from ..ros.interface import Topic
from ..ros.lifecycle import run_node
from ..ros.pipeline_node import PipelineNode
from ..types import InputError
from .capture.filter_state import filter_angle_deg
from .capture.images import refuse_repeated
from .health import CAUSES, INCOMPLETE
from .interface import (
    ANGLE_INPUTS,
    CAMERA_INFO,
    MOSAIC_INPUTS,
    REFLECTION_SEPARATION,
    ROTATING_INPUTS,
)
from .pipeline import Separation, SeparationPipeline, Wanted
from .rendering import rendered

_LAYERS = {"transmission/image": "transmission", "reflection/image": "reflection"}


class ReflectionSeparationNode(PipelineNode[SeparationPipeline, Separation]):
    """Works on the newest complete input."""

    causes = CAUSES

    def __init__(self, **node_arguments: Any) -> None:
        self._joiner: ImageSets | None = None
        super().__init__(REFLECTION_SEPARATION, **node_arguments)

    def inputs(self) -> Sequence[Topic]:
        if self._kind == "mosaic":
            return (*MOSAIC_INPUTS, CAMERA_INFO)
        if self._kind == "rotating":
            return (*ROTATING_INPUTS, CAMERA_INFO)
        return (*ANGLE_INPUTS[: len(self.settings["angles_deg"])], CAMERA_INFO)

    def check_values(self, values: Mapping[str, Value]) -> None:
        angles = values["angles_deg"]
        if not isinstance(angles, list) or not 3 <= len(angles) <= len(ANGLE_INPUTS):
            raise InputError("angles_deg needs three or four polarizer angles, one per topic")
        refuse_repeated([float(angle) for angle in angles])

    def make_pipeline(self, values: Mapping[str, Value]) -> SeparationPipeline:
        return SeparationPipeline.from_values(values)

    def activate(self) -> None:
        if self._kind == "angles":
            self._joiner = ImageSets(
                [topic.name for topic in self.inputs() if topic is not CAMERA_INFO],
                lambda *images: self.hand_over("images", images),
                self.diagnostics.count_drop,
                queue_size=self.settings["sync_queue_size"],
                slop_s=self.settings["slop_s"],
                time_jump_s=self.settings["time_jump_s"],
                incomplete=INCOMPLETE,
            )

    def room(self) -> int:
        return int(self.settings["work_queue_size"]) if self._kind == "rotating" else 1

    def on_message(self, name: str, message: Any) -> None:
        if self._joiner is not None:
            self._joiner.add(name, message)
        else:
            self.hand_over(name, message)

    def forget(self) -> None:
        if self._joiner is not None:
            self._joiner.reset()
        super().forget()

    def take(self, name: str, message: Any) -> bool:
        if isinstance(message, JointState):
            return self._take_angle(message)
        images = message if isinstance(message, tuple) else (message,)
        stamp = max(messages.stamp_ns(image.header.stamp) for image in images)
        if self._kind == "mosaic":
            check_pattern(images[0].encoding, self.pipeline.capture.layout)
            raw = messages.mosaic_image(images[0])
            self.check_source(name, images[0])
            return self.pipeline.add_mosaic(stamp, raw)
        arrays = [messages.slice_image(image) for image in images]
        self.check_source(name, images[0])
        if self._kind == "rotating":
            return self.pipeline.add_image(stamp, arrays[0])
        return self.pipeline.add_set(stamp, arrays, self.settings["angles_deg"])

    def _take_angle(self, message: JointState) -> bool:
        settings = self.settings
        angle = filter_angle_deg(
            message,
            settings["filter_joint"],
            settings["filter_ratio"],
            settings["filter_offset_deg"],
        )
        return self.pipeline.add_angle(messages.stamp_ns(message.header.stamp), angle)

    def choose(self) -> Wanted:
        return Wanted(
            any(self.wanted(name) for name in _LAYERS),
            self.wanted("polarization/degree"),
            self.wanted("polarization/angle"),
        )

    def engine_needed(self, chosen: Any) -> bool:
        return chosen is not None and bool(chosen.layers)

    def waits_for(self) -> str:
        return "" if self.pipeline.ready else "too few polarizer angles yet"

    def publish_early(self, header: Any) -> None:
        if self.wanted("transmission/camera_info"):
            source = self.source.size
            info = self.camera.resized(source, self.pipeline.layer_size(*source), header)
            if info is not None:
                self.send("transmission/camera_info", info)

    def compute(self, chosen: Any) -> Separation:
        separation = self.pipeline.separate(chosen)
        if separation.complaint is not None:
            self.reject("implausible", separation.complaint)
        return separation

    def publish(self, result: Separation, header: Any) -> None:
        if result.layers is not None:
            chosen = str(self.settings["pixel_type"])
            kind = result.kind if chosen == "input" else chosen
            for name, layer in _LAYERS.items():
                if self.wanted(name):
                    image = rendered(getattr(result.layers, layer), kind, self.pipeline.capture)
                    self.send(name, messages.image_message(image, header))
        for name, values in (
            ("polarization/degree", result.degree),
            ("polarization/angle", result.angle_rad),
        ):
            if values is not None:
                self.send(name, messages.image_message(values, header))

    def look(self) -> None:
        self.diagnostics.set("polarizer angles", self.pipeline.angles)
        self.diagnostics.set("method", self.settings["method"])
        if self._result is None:
            return
        if self._result.degree is not None:
            mean = float(self._result.degree.mean())
            self.diagnostics.set("mean degree of polarization", mean)
        layers = self._result.layers
        if layers is not None and layers.confidence is not None:
            self.diagnostics.set("mean confidence", float(layers.confidence.mean()))

    @property
    def _kind(self) -> str:
        return str(self.settings["input"])


def main(arguments: list[str] | None = None) -> int:
    """Runs the node; see `ros.lifecycle.run_node` for the status."""
    return run_node(ReflectionSeparationNode, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
