"""Colour and depth in, labels out: capture and method joined, without a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..frame_pipeline import FramePipeline, FrameResult
from ..parameters import Value
from ..pipeline import Change
from .capture.depth import DepthSettings
from .capture.frames import FrameCapture, FrameSettings, RawRgbd
from .methods import METHODS
from .output import OutputSettings, Steadiness, class_indices
from .types import Labelling, RgbdFrame

Segmented = FrameResult[Labelling]
"""A labelling, and as its `image` the `RgbdFrame` that was labelled."""


class SegmentationPipeline(FramePipeline[Labelling]):
    """What node, command and bag evaluation run; images are `RawRgbd`."""

    methods = METHODS

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(values)
        frames, depth, self._output = _settings(values or {})
        self._capture = FrameCapture(frames, depth)
        self._steadiness = Steadiness()

    @property
    def counters(self) -> Mapping[str, int]:
        return {**super().counters, **self._capture.counters}

    def add_rgbd(self, stamp_ns: int, raw: RawRgbd) -> bool:
        """Takes what came of one instant."""
        return self.add_image(stamp_ns, raw)

    def before(self, image: RawRgbd) -> RgbdFrame:
        return self._capture.frame(image)

    def after(self, taken: RgbdFrame, found: Labelling) -> Labelling:
        output = self._output
        if output.smoothing:
            found = self._steadiness.smoothed(found, taken.depth, output.smoothing)
        else:
            self._steadiness.reset()
        return found.kept(class_indices(output.classes), output.minimum_confidence)

    def prepare(self, values: Mapping[str, Value]) -> Change:
        frames, depth, output = _settings(values)
        method = super().prepare(values)

        def apply() -> None:
            self._capture.frames, self._capture.depth, self._output = frames, depth, output
            method.apply()

        return replace(method, apply=apply)

    def forget(self) -> None:
        super().forget()
        self._steadiness.reset()


def _settings(values: Mapping[str, Value]) -> tuple[FrameSettings, DepthSettings, OutputSettings]:
    frames, depth = FrameSettings.of(values, "capture"), DepthSettings.of(values, "depth")
    return frames, depth, OutputSettings.of(values)
