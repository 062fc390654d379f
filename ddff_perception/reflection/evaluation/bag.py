"""A recorded polarization camera: what is separated from its topics, and how that is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...capture.set_synchronizer import SetSynchronizer
from ...evaluation.bag_run import Chosen, Estimated, Topics
from ...evaluation.image_run import AGAINST_LIVE, LIVE, OFFLINE, ImageRun
from ...evaluation.reports.blocks import Section
from ...files.bags import BagTopic
from ...files.bags_messages import image_of, mosaic_image_of, stamp_of
from ...optics.mosaic import check_pattern
from ...parameters import ParameterTable, Value
from ...types import FloatArray, InputError
from ..capture.filter_state import filter_angle_deg
from ..capture.images import linearized
from ..health import INCOMPLETE
from ..interface import InputSettings
from ..parameters import pipeline_parameters
from ..pipeline import DEFAULT_METHOD, Separation, SeparationPipeline, Wanted
from .bag_report import PLAIN, ReflectionBagResult
from .bag_topics import ANGLE_PARTS, LAYER_NAMES, find_polarizer_topics
from .report import pictures_section
from .results import RESULT_FILES, read_separation, write_separation


class SeparationRun(ImageRun):
    """Layers from recorded polarizer images, against true ones and against those separated live."""

    node = "reflection_separation"
    default_method = DEFAULT_METHOD
    inputs = ("image", "image_raw", *ANGLE_PARTS, "image_rect", "filter_state")
    references = tuple(LAYER_NAMES)
    files = RESULT_FILES
    first = 1
    make_pipeline = staticmethod(SeparationPipeline.from_values)
    nothing = "no layers could be separated"
    least = "fewer than three polarizer angles"
    scored = "layer"
    caption = "Layers of {count} sets of polarizer images"
    result: ReflectionBagResult

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        kind = given.get("input")
        return find_polarizer_topics(topics, chosen, None if kind is None else str(kind))

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return InputSettings.table() + pipeline_parameters(method)

    def described(self) -> dict[str, Any]:
        # What auto was is worth more than that it was auto.
        return super().described() | {"method": self.pipeline.method}

    def make_result(self) -> ReflectionBagResult:
        self._input = InputSettings.of(self.given)
        images = [part for part in ANGLE_PARTS if part in self.topics]
        default = [0.0, 45.0, 90.0, 135.0][: len(images)]
        given = self.given.get("angles_deg")
        self._angles_deg = given if isinstance(given, list) else default
        if images and len(images) != len(self._angles_deg):
            raise InputError(
                f"there are {len(images)} image topics but {len(self._angles_deg)} polarizer "
                "angles: give one angle per topic"
            )
        self._sets: SetSynchronizer[Any] = SetSynchronizer(
            images,
            self.count_unusable,
            queue_size=self._input.sync_queue_size,
            slop_s=self._input.slop_s,
            time_jump_s=self._input.time_jump_s,
            incomplete=INCOMPLETE,
        )
        return ReflectionBagResult(self.topics)

    def take(self, part: str, message: Any) -> Iterator[bool]:
        stamp, pipeline = stamp_of(message), self.pipeline
        if part == "filter_state":
            own = self._input
            angle = filter_angle_deg(
                message, own.filter_joint, own.filter_ratio, own.filter_offset_deg
            )
            yield pipeline.add_angle(stamp, angle) and pipeline.ready
        elif part == "image_raw":
            check_pattern(str(getattr(message, "encoding", "")), pipeline.capture.layout)
            yield pipeline.add_mosaic(stamp, mosaic_image_of(message))
        else:
            image = image_of(message)
            if image.dtype == np.float32:
                raise InputError("images in encoding 32FC1 hold no brightness")
            if part == "image_rect":
                yield pipeline.add_image(stamp, image) and pipeline.ready
            else:
                for newest, together in self._sets.add(part, stamp, image):
                    yield pipeline.add_set(newest, together, self._angles_deg)

    def flush(self) -> Iterator[bool]:
        self._sets.flush()
        yield self.pipeline.flush() and self.pipeline.ready

    def estimate(self) -> Estimated:
        separation = self.pipeline.separate(Wanted())
        self.result.last = separation
        wrong = separation.complaint
        return Estimated(separation.stamp_ns, separation, separation.timings_ms, wrong)

    def reference(self, part: str, message: Any) -> FloatArray:
        """A recorded layer as the pipeline has it: float32, linear, 1 as full range."""
        image = image_of(message)
        full = replace(self.pipeline.capture, bit_depth=0, black_level=0.0)
        linear = linearized(image, full)
        top = 1.0 if linear.dtype == np.float32 else float(np.iinfo(image.dtype).max)
        return np.asarray(linear * np.float32(1.0 / top), np.float32)

    def score(self, item: Separation, references: Mapping[str, Any]) -> None:
        if item.layers is None:
            return
        offline = item.layers.transmission, item.layers.reflection
        mean = offline[0] + offline[1]
        plain = mean, np.zeros_like(mean)
        for number, layer in enumerate(("transmission", "reflection")):
            truth, live = references.get(f"true_{layer}"), references.get(layer)
            pairs = (
                (OFFLINE, offline[number], truth),
                (PLAIN, plain[number], truth),
                (LIVE, live, truth),
                (AGAINST_LIVE, offline[number], live),
            )
            for name, estimate, reference in pairs:
                self.compare(layer, name, estimate, reference)

    def write(self, folder: Path) -> dict[str, Any]:
        last = self.result.last
        if last is None or last.layers is None:
            return {}
        write_separation(folder, last.images, last.layers, self.pipeline.capture, last.kind)
        times = self.result.stages_ms.get(self.pipeline.method, [])
        return {
            "polarizer_angles_deg": list(last.images.angles_deg),
            "method_s": float(np.median(times)) / 1e3 if times else None,
            "complaint": self.result.complaint,
        }

    def sections(self, folder: Path) -> list[Section]:
        errors = [Section("Errors", self.tables())] if self.result.scores else []
        return [*errors, pictures_section(read_separation(folder))]
