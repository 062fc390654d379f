"""A recorded focus sweep, estimated and scored without a clock: same bag, same numbers.

`ros2 bag play` cannot be made deterministic (messages are dropped, timers race); here the messages
are read in code and go through the function that the node calls on live ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import reduce
from operator import add
from typing import Any, Protocol

import numpy as np

from ...evaluation.bag_run import stage_summary
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.depth.maps import Domain
from ...evaluation.stamp_join import Joined, StampJoin
from ...files.bag_topics import Gaps, SweepTopics, count_gaps
from ...files.bags import BagReader
from ...files.bags_messages import camera_of, depth_of, image_of, stack_of, stamp_of
from ...types import CameraModel, DepthEstimate, FloatArray, FocalStack, ImageArray, InputError

DOMAINS: tuple[Domain, ...] = ("dioptres", "depth")
FULL_SHARE = 0.9
"""A stack with this share of its slices is as good as full: some are always being dropped."""

_MAXIMUM_REASONS = 20
SCHEMA = "ddff-bag-evaluation/1"


class Pipeline(Protocol):
    """What estimates depth; `depth_from_focus.pipeline.DepthPipeline` is one.

    The calls that take input answer whether the slices changed.
    """

    @property
    def counters(self) -> Mapping[str, int]: ...
    @property
    def newest_stamp_ns(self) -> int: ...
    @property
    def slices(self) -> int: ...
    def add_focus(
        self, stamp_ns: int, focus_distance_m: float, lens_position: float, settled: bool
    ) -> bool: ...
    def add_image(self, stamp_ns: int, image: ImageArray) -> bool: ...
    def flush(self) -> bool: ...
    def replace(self, stack: FocalStack) -> bool: ...
    def estimate(self) -> DepthEstimate | None: ...


@dataclass(frozen=True, slots=True)
class BagSettings:
    """How a bag is evaluated: every n-th change of the slices is estimated and scored, with the
    truth and the recorded depth whose stamps lie within `tolerance_s` seconds.
    """

    every: int = 1
    tolerance_s: float = 0.005

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError("every must be at least 1: 1 estimates after each new slice")
        if not 0.0 <= self.tolerance_s <= 60.0:
            raise InputError("the tolerance must lie in 0 .. 60 s")


@dataclass(slots=True)
class BagEvaluation:
    """What a bag says.

    `estimates` were computed from the bag's images. `against_truth` scores them,
    `recorded_against_truth` the recorded depth topic; `against_recorded` takes the recorded depth
    as if it was the truth: how near the offline estimate comes to the live one. None where there
    was nothing to score. Only the time after the first sweep is scored: when the stack held at
    least `FULL_SHARE` of the `slices` that it ever held. `counters` are capture's. `stages_ms`
    (milliseconds on this machine) is all that differs from run to run. `last` belongs to
    `last_truth` (None without one).
    """

    topics: SweepTopics
    gaps: Mapping[str, Gaps] = field(default_factory=dict)
    messages: int = 0
    unreadable: int = 0
    unusable: dict[str, int] = field(default_factory=dict)
    damage: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    estimates: int = 0
    slices: int = 0
    coverage: float = math.nan
    against_truth: DepthEvaluation | None = None
    recorded_against_truth: DepthEvaluation | None = None
    against_recorded: DepthEvaluation | None = None
    stages_ms: dict[str, list[float]] = field(default_factory=dict)
    camera: CameraModel | None = None
    last: DepthEstimate | None = None
    last_truth: FloatArray | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything but the maps; `timings_ms` alone is not the same for every run."""

        def scored(evaluation: DepthEvaluation | None) -> Any:
            return evaluation.to_json() if evaluation is not None else None

        return {
            "schema": SCHEMA,
            "topics": self.topics.names(),
            "gaps": {name: asdict(gaps) for name, gaps in self.gaps.items()},
            "messages": self.messages,
            "unreadable": self.unreadable,
            "unusable": self.unusable,
            "damage": self.damage,
            "recorder": dict(self.notes),
            "counters": dict(self.counters),
            "estimates": self.estimates,
            "slices": self.slices,
            "coverage": self.coverage,
            "against_truth": scored(self.against_truth),
            "recorded_against_truth": scored(self.recorded_against_truth),
            "against_recorded": scored(self.against_recorded),
            "timings_ms": stage_summary(self.stages_ms),
        }


def evaluate_bag(
    bag: BagReader,
    topics: SweepTopics,
    pipeline: Pipeline,
    settings: BagSettings | None = None,
    progress: Callable[[int], None] | None = None,
) -> BagEvaluation:
    """Runs `pipeline` over the messages of `topics` and scores what comes out.

    `progress` is called with the number of messages done. Raises InputError where nothing could be
    estimated, with what is missing.
    """
    run = _Run(bag, topics, pipeline, settings or BagSettings())
    parts: dict[str, list[str]] = {}
    for part, name in topics.names().items():
        parts.setdefault(name, []).append(part)
    for count, message in enumerate(bag.messages(sorted(parts)), start=1):
        run.note_stamp(message.topic, message.message)
        for part in parts[message.topic]:
            run.take(part, message.message)
        run.result.messages = count
        if progress is not None:
            progress(count)
    return run.finish()


class _Run:
    """One pass over a bag."""

    def __init__(
        self, bag: BagReader, topics: SweepTopics, pipeline: Pipeline, settings: BagSettings
    ) -> None:
        self.result = BagEvaluation(topics, notes=bag.notes)
        self._bag = bag
        self._pipeline = pipeline
        self._settings = settings
        self._changes = 0
        self._coverages: list[float] = []
        # Either slices one by one or whole stacks: both at once would count everything twice.
        self._streams = topics.image is not None and topics.focus_state is not None
        there = topics.names()
        tolerance_ns = round(settings.tolerance_s * 1e9)
        static = [part for part in ("truth",) if part in there and _static(bag, there[part])]
        self._join = StampJoin(
            [part for part in ("truth", "depth", "confidence") if part in there],
            tolerance_ns=tolerance_ns,
            holding=static,
        )
        self._slices: set[int] = set()
        self._stamps: dict[str, list[int]] = {name: [] for name in there.values()}
        self._scored: dict[str, dict[int, DepthEvaluation]] = {}

    def note_stamp(self, topic: str, message: Any) -> None:
        self._stamps[topic].append(stamp_of(message))

    def take(self, part: str, message: Any) -> None:
        """One message; one that cannot be used is counted by its reason, and the run goes on."""
        try:
            if part == "focus_state":
                self._changed(self._focus(message))
            elif part == "image":
                if self._streams:
                    image = image_of(message)
                    self._changed(self._pipeline.add_image(stamp_of(message), image))
            elif part == "focal_stack":
                if not self._streams:
                    self._changed(self._pipeline.replace(stack_of(message)))
            elif part == "camera_info":
                self.result.camera = camera_of(message)
            else:
                joined = self._join.add_other(part, stamp_of(message), depth_of(message))
                self._score_joined(joined)
        except InputError as error:
            self._count_unusable(f"{part}: {error}")

    def finish(self) -> BagEvaluation:
        result = self.result
        self._changed(self._pipeline.flush())
        self._score_joined(self._join.flush())
        result.counters = dict(self._pipeline.counters)
        result.damage, result.unreadable = self._bag.damage, self._bag.unreadable
        if result.estimates == 0:
            raise InputError(_nothing_estimated(result))
        self._drop_foreign_camera()
        result.coverage = float(np.mean(self._coverages))
        result.slices = max(self._slices)
        result.against_truth = self._full("against_truth")
        result.recorded_against_truth = self._full("recorded_against_truth")
        result.against_recorded = self._full("against_recorded")
        result.gaps = {name: count_gaps(stamps) for name, stamps in self._stamps.items()}
        return result

    def _focus(self, message: Any) -> bool:
        return self._pipeline.add_focus(
            stamp_of(message),
            float(message.focus_distance),
            float(message.lens_position),
            bool(message.settled),
        )

    def _changed(self, changed: bool) -> None:
        if not changed:
            return
        self._changes += 1
        if self._changes % self._settings.every:
            return
        estimate = self._pipeline.estimate()
        if estimate is None:
            return
        slices = self._pipeline.slices
        self.result.estimates += 1
        self._slices.add(slices)
        self._coverages.append(estimate.coverage)
        for stage, milliseconds in estimate.timings_ms.items():
            self.result.stages_ms.setdefault(stage, []).append(milliseconds)
        item = (estimate, slices)
        self._score_joined(self._join.add(self._pipeline.newest_stamp_ns, item))

    def _score_joined(self, joined: Iterable[Joined]) -> None:
        for entry in joined:
            estimate, slices = entry.item
            truth, recorded = entry.others.get("truth"), entry.others.get("depth")
            confidence = entry.others.get("confidence")
            self.result.last, self.result.last_truth = estimate, truth
            if recorded is not None:
                self._score(("recorded_against_truth", slices), recorded, truth, confidence)
            if not estimate.relative:
                maps = estimate.depth, estimate.confidence
                self._score(("against_truth", slices), maps[0], truth, maps[1])
                self._score(("against_recorded", slices), maps[0], recorded, maps[1])

    def _score(
        self,
        key: tuple[str, int],
        depth: FloatArray,
        reference: FloatArray | None,
        confidence: FloatArray | None,
    ) -> None:
        """Adds to the score `key`: its name and the number of slices that there were."""
        if reference is None:
            return
        name, slices = key
        scored = self._scored.setdefault(name, {})
        evaluation = scored.setdefault(slices, DepthEvaluation(domains=DOMAINS))
        try:
            evaluation.add(depth, reference, confidence)
        except InputError as error:
            self._count_unusable(f"scoring: {error}")

    def _full(self, name: str) -> DepthEvaluation | None:
        """The scores of a full stack, joined."""
        enough = FULL_SHARE * max(self._slices)
        scored = [
            evaluation
            for slices, evaluation in sorted(self._scored.get(name, {}).items())
            if slices >= enough and evaluation.images
        ]
        return reduce(add, scored) if scored else None

    def _drop_foreign_camera(self) -> None:
        """A camera of another size than the depth is of another image."""
        camera, last = self.result.camera, self.result.last
        if camera is None or last is None:
            return
        rows, columns = last.depth.shape
        if (camera.width, camera.height) != (columns, rows):
            size = f"{camera.width}x{camera.height}"
            self._count_unusable(f"camera_info: it is {size}, the images are {columns}x{rows}")
            self.result.camera = None

    def _count_unusable(self, reason: str) -> None:
        counts = self.result.unusable
        # Texts with numbers in them can be as many as the messages.
        name = reason if reason in counts or len(counts) < _MAXIMUM_REASONS else "other reasons"
        counts[name] = counts.get(name, 0) + 1


def _static(bag: BagReader, topic: str) -> bool:
    """Whether one message of the topic holds until the next."""
    return bag.topics[topic].latched or bag.topics[topic].count == 1


def _nothing_estimated(result: BagEvaluation) -> str:
    drops = {
        name.removeprefix("dropped_"): count
        for name, count in result.counters.items()
        if name.startswith("dropped_") and count
    }
    parts = [f"{count} images {why}" for why, count in drops.items()]
    parts += [f"{count} x {why}" for why, count in result.unusable.items()]
    parts += [f"damaged: {result.damage}"] if result.damage else []
    found = "; ".join(parts) or "fewer than two slices"
    return f"no depth could be estimated from {result.messages} messages ({found})"
