"""A recorded polarization camera, separated and scored without a clock: same bag, same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...evaluation.bag_run import stage_summary
from ...evaluation.image_metrics import ImageScores, image_scores, mean_scores
from ...evaluation.stamp_join import Joined, StampJoin
from ...files.bags import BagReader
from ...files.bags_messages import image_of, mosaic_image_of, stamp_of
from ...optics.mosaic import check_pattern
from ...types import FloatArray, InputError
from ..capture.images import linearized
from ..pipeline import Separation, SeparationPipeline, Wanted
from .bag_topics import PolarizerTopics

SCHEMA = "ddff-reflection-bag/1"
_MAXIMUM_REASONS = 20
# How an estimate is named in the scores.
PLAIN, OFFLINE, LIVE = "plain input", "offline", "live"


@dataclass(frozen=True, slots=True)
class ReflectionBagSettings:
    """`angles_deg` of the image topics (input angles); images within `slop_s` are one set. Every
    n-th set is separated and scored, with layers whose stamps lie within `tolerance_s`. The
    filter's angle is `filter_ratio` times the joint's, and `filter_offset_deg`.
    """

    angles_deg: tuple[float, ...] = (0.0, 45.0, 90.0)
    slop_s: float = 0.005
    tolerance_s: float = 0.005
    every: int = 1
    filter_ratio: float = 1.0
    filter_offset_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError("every must be at least 1: 1 separates each set of images")


@dataclass(slots=True)
class ReflectionBagEvaluation:
    """What a bag says. `scores[layer][estimate]`: means over the scored images of "transmission"
    and "reflection" against the truth, by `PLAIN` (the mean over the polarizer angles, nothing
    reflected), `OFFLINE` (separated here) and `LIVE` (recorded); `against_live`: offline against
    live. `stages_ms` is all that differs from run to run.
    """

    topics: PolarizerTopics
    messages: int = 0
    sets: int = 0
    separated: int = 0
    unusable: dict[str, int] = field(default_factory=dict)
    damage: str | None = None
    counters: dict[str, int] = field(default_factory=dict)
    scores: dict[str, dict[str, ImageScores]] = field(default_factory=dict)
    against_live: dict[str, ImageScores] = field(default_factory=dict)
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    last: Separation | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything but the images; `timings_ms` alone is not the same for every run."""
        return {
            "schema": SCHEMA,
            "topics": asdict(self.topics),
            "messages": self.messages,
            "sets": self.sets,
            "separated": self.separated,
            "unusable": self.unusable,
            "damage": self.damage,
            "counters": self.counters,
            "scores": {
                layer: {name: asdict(scores) for name, scores in found.items()}
                for layer, found in self.scores.items()
            },
            "against_live": {layer: asdict(s) for layer, s in self.against_live.items()},
            "timings_ms": stage_summary(self.stages_ms),
        }


def evaluate_reflection_bag(
    bag: BagReader,
    topics: PolarizerTopics,
    pipeline: SeparationPipeline,
    settings: ReflectionBagSettings | None = None,
    progress: Callable[[int], None] | None = None,
) -> ReflectionBagEvaluation:
    """Runs `pipeline` over the messages of `topics` and scores what comes out.

    `progress` is called with the number of messages done. Raises InputError where nothing could be
    separated, with what is missing.
    """
    run = _Run(bag, topics, pipeline, settings or ReflectionBagSettings())
    for count, message in enumerate(bag.messages(topics.names()), start=1):
        run.take(message.topic, message.message)
        run.result.messages = count
        if progress is not None:
            progress(count)
    return run.finish()


class _Run:
    """One pass over a bag."""

    def __init__(
        self,
        bag: BagReader,
        topics: PolarizerTopics,
        pipeline: SeparationPipeline,
        settings: ReflectionBagSettings,
    ) -> None:
        if topics.kind == "angles" and len(topics.images) != len(settings.angles_deg):
            raise InputError(
                f"there are {len(topics.images)} image topics but {len(settings.angles_deg)} "
                "polarizer angles: give one angle per topic"
            )
        self.result = ReflectionBagEvaluation(topics)
        self._bag = bag
        self._pipeline = pipeline
        self._settings = settings
        self._sets = StampJoin(topics.images[1:], tolerance_ns=round(1e9 * settings.slop_s))
        self._layers = StampJoin(
            list(topics.layers), tolerance_ns=round(1e9 * settings.tolerance_s)
        )
        self._scores: dict[tuple[str, str], list[ImageScores]] = {}

    def take(self, topic: str, message: Any) -> None:
        """One message; one that cannot be used is counted by its reason, and the run goes on."""
        try:
            self._take(topic, message)
        except InputError as error:
            self._count_unusable(f"{topic}: {error}")

    def finish(self) -> ReflectionBagEvaluation:
        result = self.result
        try:
            self._take_sets(self._sets.flush())
            self._changed(self._pipeline.flush())
            self._score(self._layers.flush())
        except InputError as error:
            self._count_unusable(f"at the end: {error}")
        result.damage = self._bag.damage
        result.counters = self._pipeline.counters
        if result.separated == 0:
            raise InputError(self._nothing_separated())
        for (layer, name), scores in sorted(self._scores.items()):
            mean = mean_scores(scores)
            if mean is None:
                continue
            if name == "against live":
                result.against_live[layer] = mean
            else:
                result.scores.setdefault(layer, {})[name] = mean
        return result

    def _take(self, topic: str, message: Any) -> None:
        topics, stamp = self.result.topics, stamp_of(message)
        for part, name in topics.layers.items():
            if name == topic:
                self._score(self._layers.add_other(part, stamp, image_of(message)))
        if topic == topics.filter_state:
            turned = math.degrees(_position(message)) * self._settings.filter_ratio
            angle = turned + self._settings.filter_offset_deg
            self._changed(self._pipeline.add_angle(stamp, angle))
        elif topic in topics.images:
            self._take_image(topic, stamp, message)

    def _take_image(self, topic: str, stamp: int, message: Any) -> None:
        topics = self.result.topics
        if topics.kind == "mosaic":
            encoding = str(getattr(message, "encoding", ""))
            check_pattern(encoding, self._pipeline.capture.layout)
            self._changed(self._pipeline.add_mosaic(stamp, mosaic_image_of(message)))
            return
        image = image_of(message)
        if image.dtype == np.float32:
            raise InputError("images in encoding 32FC1 hold no brightness")
        if topics.kind == "rotating":
            self._changed(self._pipeline.add_image(stamp, image))
        elif topic == topics.images[0]:
            self._take_sets(self._sets.add(stamp, image))
        else:
            self._take_sets(self._sets.add_other(topic, stamp, image))

    def _take_sets(self, joined: Iterable[Joined]) -> None:
        for entry in joined:
            images = [entry.item, *entry.others.values()]
            if any(image is None for image in images):
                self._count_unusable("sets without an image of each angle")
                continue
            angles = self._settings.angles_deg
            self._changed(self._pipeline.add_set(entry.stamp_ns, images, angles))

    def _changed(self, changed: bool) -> None:
        if not changed or not self._pipeline.ready:
            return
        self.result.sets += 1
        if (self.result.sets - 1) % self._settings.every:
            return
        separation = self._pipeline.separate(Wanted())
        self.result.separated += 1
        self.result.last = separation
        for stage, milliseconds in separation.timings_ms.items():
            self.result.stages_ms.setdefault(stage, []).append(milliseconds)
        self._score(self._layers.add(separation.stamp_ns, separation))

    def _score(self, joined: Iterable[Joined]) -> None:
        for entry in joined:
            separation: Separation = entry.item
            if separation.layers is None:
                continue
            offline = {
                "transmission": separation.layers.transmission,
                "reflection": separation.layers.reflection,
            }
            mean = offline["transmission"] + offline["reflection"]
            plain = {"transmission": mean, "reflection": np.zeros_like(mean)}
            for layer, estimate in offline.items():
                truth = self._linear(entry.others.get(f"true_{layer}"))
                live = self._linear(entry.others.get(layer))
                if truth is not None:
                    self._add(layer, OFFLINE, estimate, truth)
                    self._add(layer, PLAIN, plain[layer], truth)
                if truth is not None and live is not None:
                    self._add(layer, LIVE, live, truth)
                if live is not None:
                    self._add(layer, "against live", estimate, live)

    def _linear(self, image: NDArray[Any] | None) -> FloatArray | None:
        """A recorded layer as the pipeline has it: float32, linear, 1 as full range."""
        if image is None:
            return None
        full = replace(self._pipeline.capture, bit_depth=0, black_level=0.0)
        linear = linearized(image, full)
        top = 1.0 if linear.dtype == np.float32 else float(np.iinfo(image.dtype).max)
        return np.asarray(linear * np.float32(1.0 / top), np.float32)

    def _add(self, layer: str, name: str, estimate: FloatArray, truth: FloatArray) -> None:
        self._scores.setdefault((layer, name), []).append(image_scores(estimate, truth))

    def _count_unusable(self, reason: str) -> None:
        counts = self.result.unusable
        # Texts with numbers in them can be as many as the messages.
        name = reason if reason in counts or len(counts) < _MAXIMUM_REASONS else "other reasons"
        counts[name] = counts.get(name, 0) + 1

    def _nothing_separated(self) -> str:
        result = self.result
        parts = [f"{count} x {why}" for why, count in result.unusable.items()]
        parts += [f"{count} {name}" for name, count in result.counters.items() if count]
        parts += [f"damaged: {result.damage}"] if result.damage else []
        found = "; ".join(parts) or "fewer than three polarizer angles"
        return f"no layers could be separated from {result.messages} messages ({found})"


def _position(message: Any) -> float:
    positions: Sequence[float] = message.position
    if len(positions) == 0:
        raise InputError("a JointState has no position: the filter's angle is not known")
    return float(positions[0])
