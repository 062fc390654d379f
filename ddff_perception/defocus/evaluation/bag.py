"""Recorded images of a lens at rest: what each says of depth, and how that is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...evaluation.bag_run import BagResult, BagRun, Chosen, Estimated, Topics
from ...evaluation.depth.bag_errors import bag_errors
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.depth.maps import Domain
from ...evaluation.reports.blocks import Section, Table
from ...files.bag_topics import (
    MissingTopicsError,
    camera_info_of,
    chosen_topic,
    image_topics,
    topics_ending,
)
from ...files.bags import BagTopic
from ...files.bags_messages import camera_of, depth_of, image_of, stamp_of
from ...files.bags_types import CAMERA_INFO, FOCUS_STATE
from ...parameters import ParameterTable, Value
from ...types import FloatArray
from ..methods import METHODS
from ..parameters import pipeline_parameters
from ..pipeline import DefocusPipeline
from ..solution import DefocusEstimate
from .results import FILES, DefocusResult, described, pictures_section, write_result

_ENDS = {
    "image": "image_rect",
    "truth": "truth/depth",
    "depth": "depth/image_rect",
    "defocus": "defocus/image",
}
_DOMAINS: tuple[Domain, ...] = ("dioptres", "depth")
_SCORES = ("against_truth", "recorded_against_truth", "against_recorded")


@dataclass
class DefocusBagResult(BagResult):
    """What recorded images say; scores as depth from focus has them, None where there is nothing to
    score. `last` belongs to `last_truth`.
    """

    against_truth: DepthEvaluation | None = None
    recorded_against_truth: DepthEvaluation | None = None
    against_recorded: DepthEvaluation | None = None
    last: Any = None
    last_truth: FloatArray | None = None

    def to_json(self) -> dict[str, Any]:
        scores = {name: getattr(self, name) for name in _SCORES}
        return {
            **super().to_json(),
            **{name: None if found is None else found.to_json() for name, found in scores.items()},
        }


class DefocusRun(BagRun):
    """Depth from single recorded images, against recorded truth and against depth made live.

    A bag is known by a recorded defocus/image; images alone could be of any camera.
    """

    node = "depth_from_defocus"
    default_method = METHODS.default
    inputs = ("image", "camera_info", "focus_state", "defocus")
    references = ("truth", "depth")
    holding = ("truth",)
    files = FILES
    nothing = "no image could be used"
    least = "no image came"
    result: DefocusBagResult

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        found = image_topics(topics, chosen, _ENDS, ("image",))
        if "defocus" not in found and "image" not in chosen:
            raise MissingTopicsError(
                "the bag holds no defocus/image: for images of a lens at rest give --capability "
                "defocus --topic image=/name",
                topics,
            )
        for part, kind in (("camera_info", CAMERA_INFO), ("focus_state", FOCUS_STATE)):
            if part in chosen:
                found[part] = chosen_topic(topics, part, chosen[part][0], (kind,))
        info = camera_info_of(found["image"])
        if "camera_info" not in found and info in topics:
            found["camera_info"] = info
        states = topics_ending(topics, "focus_state", (FOCUS_STATE,))
        if "focus_state" not in found and states:
            if "defocus" not in found:
                raise MissingTopicsError(
                    "the bag holds a focus sweep: for depth from its single images give "
                    "--capability defocus --topic focus_state=/name, too",
                    topics,
                )
            found["focus_state"] = states[0]
        return found

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return pipeline_parameters(method)

    @staticmethod
    def make_pipeline(values: Mapping[str, Value]) -> DefocusPipeline:
        return DefocusPipeline(values)

    def make_result(self) -> DefocusBagResult:
        self._scored = {name: DepthEvaluation(domains=_DOMAINS) for name in _SCORES}
        return DefocusBagResult(self.topics)

    def take(self, part: str, message: Any) -> Iterator[bool]:
        if part == "image":
            yield self.pipeline.add_image(stamp_of(message), image_of(message))
        elif part == "camera_info":
            self.pipeline.camera = camera_of(message)
        elif part == "focus_state":
            distance, settled = float(message.focus_distance), bool(message.settled)
            yield self.pipeline.add_focus(stamp_of(message), distance, settled)

    def estimate(self) -> Estimated:
        found = self.pipeline.estimate()
        self.result.last, self.result.last_truth = found, None
        return Estimated(found.stamp_ns, found.found, found.timings_ms)

    def reference(self, part: str, message: Any) -> FloatArray:
        return depth_of(message)

    def score(self, item: DefocusEstimate, references: Mapping[str, Any]) -> None:
        truth, recorded = references.get("truth"), references.get("depth")
        self.result.last_truth = truth
        own = (item.depth, item.confidence) if item.photograph.lens.complete else (None, None)
        for name, depth, reference, trust in (
            ("recorded_against_truth", recorded, truth, None),
            ("against_truth", own[0], truth, own[1]),
            ("against_recorded", own[0], recorded, own[1]),
        ):
            if depth is not None and reference is not None:
                with self.counted("scoring"):
                    self._scored[name].add(depth, reference, trust)

    def finish(self) -> None:
        for name, scored in self._scored.items():
            setattr(self.result, name, scored if scored.images else None)

    def write(self, folder: Path) -> Mapping[str, Any]:
        self.result.last = self.pipeline.sharpen(self.result.last)
        write_result(folder, self.result.last)
        return described(self.result.last)

    def tables(self) -> list[Table]:
        result = self.result
        scored = result.against_truth, result.recorded_against_truth, result.against_recorded
        return bag_errors(*scored, "Errors")

    def sections(self, folder: Path) -> list[Section]:
        last = self.result.last
        found = last.found
        known = found.photograph.lens.complete
        shown = DefocusResult(
            name=folder.name,
            image=found.photograph.image,
            sharp=found.photograph.image if found.sharp is None else found.sharp,
            defocus=found.found.defocus,
            confidence=found.confidence,
            depth=found.depth if known else None,
            truth=self.result.last_truth if known else None,
            summary=described(last),
        )
        sections = [pictures_section(shown)]
        tables = self.tables()
        return [*sections, Section("Errors", tables)] if tables else sections
