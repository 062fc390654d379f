"""The node `reflection_separation`: messages in, `SeparationPipeline` on its own thread, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sensor_msgs.msg import JointState

from ..optics.mosaic import check_pattern
from ..parameters import Value
from ..ros import messages
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
_CONFIDENCE = "transmission/confidence"
_MAPS = ("polarization/degree", "polarization/angle")


class ReflectionSeparationNode(PipelineNode[SeparationPipeline, Separation]):
    """Works on the newest complete input."""

    interface = REFLECTION_SEPARATION
    causes = CAUSES
    early = frozenset({"transmission/camera_info"})
    unpaired = INCOMPLETE

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

    def joined(self) -> Sequence[str]:
        return [t.name for t in self.inputs() if t in ANGLE_INPUTS]

    def take(self, name: str, message: Any) -> bool:
        if isinstance(message, tuple):
            arrays = [messages.slice_image(image) for image in message]
            self.check_source(name, message[0])
            stamp = max(messages.stamp_ns(image.header.stamp) for image in message)
            return self.pipeline.add_set(stamp, arrays, self.settings["angles_deg"])
        stamp = messages.stamp_ns(message.header.stamp)
        if isinstance(message, JointState):
            names = ("filter_joint", "filter_ratio", "filter_offset_deg")
            angle = filter_angle_deg(message, *(self.settings[name] for name in names))
            return self.pipeline.add_angle(stamp, angle)
        if self._kind == "rotating":
            return super().take(name, message)
        check_pattern(message.encoding, self.pipeline.capture.layout)
        raw = messages.mosaic_image(message)
        self.check_source(name, message)
        return self.pipeline.add_mosaic(stamp, raw)

    def engine_needed(self, wanted: frozenset[str]) -> bool:
        return not wanted.isdisjoint((*_LAYERS, _CONFIDENCE))

    def waits_for(self) -> str:
        return "" if self.pipeline.ready else "too few polarizer angles yet"

    def publish_early(self, header: Any) -> None:
        if self.wanted("transmission/camera_info"):
            source = self.source.size
            used, layers = self.pipeline.sizes(*source)
            info = self.camera.resized(source, layers, header, used)
            if info is not None:
                self.send("transmission/camera_info", info)

    def compute(self, wanted: frozenset[str]) -> Separation:
        layers, (degree, angle) = self.engine_needed(wanted), (name in wanted for name in _MAPS)
        separation = self.pipeline.separate(Wanted(layers, degree, angle))
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
                    self.send_image(name, image, header)
            self.send_image(_CONFIDENCE, result.layers.confidence, header)
        for name, values in zip(_MAPS, (result.degree, result.angle_rad), strict=True):
            self.send_image(name, values, header)

    def look(self) -> None:
        self.diagnostics.set("polarizer angles", self.pipeline.angles)
        self.diagnostics.set(
            "pixels used", "{}x{}".format(*self.pipeline.sizes(*self.source.size)[0])
        )
        if self._result is not None and self._result.degree is not None:
            mean = float(self._result.degree.mean())
            self.diagnostics.set("mean degree of polarization", mean)

    @property
    def _kind(self) -> str:
        return str(self.settings["input"])


main = partial(run_node, ReflectionSeparationNode)

if __name__ == "__main__":
    raise SystemExit(main())
