"""A recorded focus sweep: what is estimated from its topics, and how that is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.bag_run import BagRun, Chosen, Estimated, Topics
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.depth.maps import Domain
from ...evaluation.reports.blocks import Section, Table
from ...files.bag_topics import find_topics
from ...files.bags import BagTopic
from ...files.bags_messages import camera_of, depth_of, image_of, stack_of, stamp_of
from ...parameters import ParameterTable, Value
from ...types import DepthEstimate, FloatArray, InputError
from ..estimator import EstimatorSettings
from ..interface import OutputSettings
from ..parameters import pipeline_parameters
from ..pipeline import DepthPipeline
from ..saving import RESULT_FILES
from .bag_report import FULL_SHARE, SCORES, SweepResult, error_table, sweep_sections
from .results import write_results

DOMAINS: tuple[Domain, ...] = ("dioptres", "depth")


class SweepRun(BagRun):
    """Depth from a recorded sweep, against recorded truth and against depth estimated live."""

    node = "depth_from_focus"
    default_method = EstimatorSettings().method
    inputs = ("image", "camera_info", "focus_state", "focal_stack")
    references = ("truth", "depth", "confidence")
    holding = ("truth",)
    files = RESULT_FILES
    make_pipeline = staticmethod(DepthPipeline.from_values)
    nothing = "no depth could be estimated"
    least = "fewer than two slices"
    result: SweepResult

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        several = [part for part, names in chosen.items() if len(names) > 1]
        if several:
            raise InputError(f"a focus sweep has one topic as {several[0]}: give one")
        return find_topics(topics, {part: names[0] for part, names in chosen.items()})

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        inputs = [OutputSettings.table()[name] for name in ("input", "lens_table")]
        return ParameterTable(inputs) + pipeline_parameters(method)

    def make_result(self) -> SweepResult:
        self._coverages: list[float] = []
        self._scored: dict[str, dict[int, DepthEvaluation]] = {name: {} for name in SCORES}
        # Either slices one by one or whole stacks: both at once would count everything twice.
        streams = "image" in self.topics and "focus_state" in self.topics
        whole = "focal_stack" in self.topics and self.given.get("input") == "focal_stack"
        self._unused = ("focal_stack",) if streams and not whole else ("image", "focus_state")
        return SweepResult(self.topics)

    def take(self, part: str, message: Any) -> Iterator[bool]:
        stamp = stamp_of(message)
        if part in self._unused:
            return
        if part == "focus_state":
            position, settled = float(message.lens_position), bool(message.settled)
            distance = float(message.focus_distance)
            yield self.pipeline.add_focus(stamp, distance, position, settled)
        elif part == "image":
            yield self.pipeline.add_image(stamp, image_of(message))
        elif part == "focal_stack":
            yield self.pipeline.replace(stack_of(message))
        else:
            self.result.camera = camera_of(message)

    def estimate(self) -> Estimated | None:
        estimate = self.pipeline.estimate()
        if estimate is None:
            return None
        slices = self.pipeline.slices
        self.result.slices = max(self.result.slices, slices)
        self._coverages.append(estimate.coverage)
        item = (estimate, slices)
        return Estimated(self.pipeline.newest_stamp_ns, item, estimate.timings_ms)

    def reference(self, part: str, message: Any) -> FloatArray:
        return depth_of(message)

    def score(self, item: tuple[DepthEstimate, int], references: Mapping[str, Any]) -> None:
        estimate, slices = item
        truth, recorded = references.get("truth"), references.get("depth")
        confidence = references.get("confidence")
        self.result.last, self.result.last_truth = estimate, truth
        pairs = [("recorded_against_truth", recorded, truth, confidence)]
        if not estimate.relative:
            own = estimate.depth, estimate.confidence
            pairs.append(("against_truth", own[0], truth, own[1]))
            pairs.append(("against_recorded", own[0], recorded, own[1]))
        for name, depth, reference, trust in pairs:
            if depth is not None and reference is not None:
                scored = self._scored[name].setdefault(slices, DepthEvaluation(domains=DOMAINS))
                with self.counted("scoring"):
                    scored.add(depth, reference, trust)

    def finish(self) -> None:
        result = self.result
        result.coverage = float(np.mean(self._coverages))
        for name, by_slices in self._scored.items():
            full = [
                scored
                for slices, scored in sorted(by_slices.items())
                if slices >= FULL_SHARE * result.slices and scored.images
            ]
            setattr(result, name, reduce(add, full) if full else None)
        if result.camera is not None and result.last is not None:
            rows, columns = result.last.depth.shape
            if (result.camera.width, result.camera.height) != (columns, rows):
                size = f"{result.camera.width}x{result.camera.height}"
                self.count_unusable(f"camera_info: it is {size}, the images are {columns}x{rows}")
                result.camera = None

    def write(self, folder: Path) -> dict[str, Any]:
        if self.result.last is not None:
            write_results(folder, self.result.last, self.result.camera)
        return {}

    def tables(self) -> list[Table]:
        return error_table(self.result)

    def sections(self, folder: Path) -> list[Section]:
        return sweep_sections(self.result, folder)
