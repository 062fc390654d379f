"""A recorded camera laid over a reference, as the node does it, and how that is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...evaluation.bag_run import BagResult, BagRun, BagSettings, Chosen, Estimated, Topics
from ...evaluation.reports.blocks import Section, Table
from ...files.bag_topics import MissingTopicsError, chosen_topic, topics_ending
from ...files.bags import BagReader, BagTopic
from ...files.bags_messages import image_of, nanoseconds, stamp_of
from ...files.bags_types import ROUTE_MATCH
from ...parameters import ParameterTable, Value
from ...types import ImageArray
from ..capture.frames import bag_frames, camera_topic
from ..capture.reference import build_reference
from ..methods import METHODS, described_by
from ..parameters import pipeline_parameters
from ..pipeline import Located, RoutePipeline
from .report import result_section, scores_table
from .results import (
    RESULT_FILES,
    SHOWN_PAIRS,
    TimeMap,
    begin_results,
    pairs_picture,
    read_alignment,
    write_pairs,
    write_time_map,
)
from .scores import ABSENT, OffsetScores

SCHEMA = "ddff-alignment-bag/1"
OFFLINE, LIVE, AGAINST_LIVE = "offline", "live", "against live"
_ENDS = {"truth": "truth/route_match", "live": "route_match"}


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the reference, seconds since the epoch of its stamps; NaN where there is none."""

    seconds: float


@dataclass
class AlignmentBagResult(BagResult):
    """`places` by frame; `compared`: times found and true, by what was compared; `true_s` by stamp,
    of what was scored.
    """

    places: list[Located] = field(default_factory=list)
    true_s: dict[int, float] = field(default_factory=dict)
    compared: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    itself: bool = False

    @property
    def scores(self) -> dict[str, OffsetScores]:
        """Offsets by what was compared."""
        return {
            name: OffsetScores.of(*np.array(pairs, np.float64).T)
            for name, pairs in self.compared.items()
        }

    def to_json(self) -> dict[str, Any]:
        lost = [place.match.lost for place in self.places]
        return {
            "schema": SCHEMA,
            **super().to_json(),
            "over_itself": self.itself,
            "frames": len(lost),
            "matched": float(1.0 - np.mean(lost)) if lost else 0.0,
            "scores": {name: asdict(scores) for name, scores in self.scores.items()},
        }


class AlignmentRun(BagRun):
    """Places of recorded images, against true ones and against those found live.

    Without a reference the bag is laid over itself: that says how well places of the route can be
    told apart. Images alone say nothing of what a bag is for: it is known by its places, or asked
    for by its topic or reference.
    """

    node = "video_alignment"
    default_method = METHODS.default
    # Places, too: a bag with them is meant for this, whatever else its images could be.
    inputs = ("image", "truth", "live")
    references = ("truth", "live")
    files = RESULT_FILES
    goes_on = True
    make_pipeline = staticmethod(RoutePipeline)
    nothing = "nothing could be laid over the reference"
    least = "no image came"
    result: AlignmentBagResult
    pipeline: RoutePipeline

    @classmethod
    def over(
        cls,
        bag: BagReader,
        chosen: Chosen,
        settings: BagSettings,
        given: Mapping[str, Value],
        pipeline: Any = None,
    ) -> AlignmentRun:
        made: RoutePipeline = cls.make_pipeline(given) if pipeline is None else pipeline
        run = super().over(bag, chosen, settings, given, made)
        assert isinstance(run, AlignmentRun)
        if made.reference is None:
            method = made.method
            frames = bag_frames(bag, run.topics["image"])
            reference = build_reference(frames, method, described_by(method))
            made.prepare_reference(reference).apply()
            run.result.itself = True
        return run

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        name = chosen.get("image", [None])[0]
        found = {"image": camera_topic(topics, name)}
        for part, end in _ENDS.items():
            kinds = (ROUTE_MATCH,)
            names = [chosen_topic(topics, part, n, kinds) for n in chosen.get(part, ())]
            names += [n for n in topics_ending(topics, end, kinds) if n not in found.values()]
            found |= {part: names[0]} if names else {}
        if len(found) == 1 and name is None and not given.get("reference"):
            raise MissingTopicsError(
                "the bag holds no places on a route: for its images alone give --capability "
                "alignment with --param reference=FILE or --topic image=/name",
                topics,
            )
        return found

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        return pipeline_parameters(method)

    def make_result(self) -> AlignmentBagResult:
        self._shown: list[tuple[ImageArray, ImageArray | None]] = []
        self._newest: ImageArray | None = None
        return AlignmentBagResult(self.topics)

    def take(self, part: str, message: Any) -> Iterator[bool]:
        self._newest = image_of(message)
        yield self.pipeline.add_image(stamp_of(message), self._newest)

    def estimate(self) -> Estimated:
        located, timings = self.pipeline.locate()
        self.result.places.append(located)
        self._keep_shown(located)
        return Estimated(located.stamp_ns, located, timings)

    def reference(self, part: str, message: Any) -> _Place:
        return _Place(np.nan if message.lost else nanoseconds(message.reference_stamp) / 1e9)

    def score(self, item: Located, references: Mapping[str, Any]) -> None:
        found = np.nan if item.match.lost else item.reference_ns / 1e9
        truth, live = (None if p is None else p.seconds for p in (
            references.get("truth"), references.get("live")
        ))  # fmt: skip
        if truth is None and self.result.itself:
            truth = item.stamp_ns / 1e9
        for name, one, other in (
            (OFFLINE, found, truth), (LIVE, live, truth), (AGAINST_LIVE, found, live)
        ):  # fmt: skip
            if one is not None and other is not None:
                self.result.compared.setdefault(name, []).append((one, _told(other)))
        if truth is not None:
            self.result.true_s[item.stamp_ns] = _told(truth)

    def finish(self) -> None:
        """There is nothing left to complete."""

    def write(self, folder: Path) -> Mapping[str, Any]:
        begin_results(folder)
        write_time_map(folder, self._time_map())
        pairs = list(zip(*self._shown, strict=True))
        write_pairs(folder, pairs_picture(*pairs) if pairs else None)
        return {"frames": len(self.result.places)}

    def tables(self) -> list[Table]:
        rows = [(f"{name} vs truth" if name != AGAINST_LIVE else "offline vs live", scores)
                for name, scores in self.result.scores.items()]  # fmt: skip
        return [scores_table(rows)] if rows else []

    def sections(self, folder: Path) -> list[Section]:
        errors = [Section("Offsets", self.tables())] if self.result.compared else []
        return [*errors, result_section(read_alignment(folder))]

    def _keep_shown(self, located: Located) -> None:
        """Some frames with their partners, spread over what came so far."""
        reference, count = self.pipeline.reference, len(self.result.places)
        if reference is None or self._newest is None or count % self._every():
            return
        row = located.match.row
        self._shown.append((self._newest, None if row < 0 else reference.picture(row)))
        if len(self._shown) > 2 * SHOWN_PAIRS:
            self._shown = self._shown[::2]

    def _every(self) -> int:
        return max(1, len(self.result.places) // (2 * SHOWN_PAIRS))

    def _time_map(self) -> TimeMap:
        places, reference = self.result.places, self.pipeline.reference
        assert reference is not None
        start, own = places[0].stamp_ns, int(reference.stamps[0])
        true = [self.result.true_s.get(p.stamp_ns, np.nan) - own / 1e9 for p in places]
        found = [np.nan if p.match.lost else (p.reference_ns - own) / 1e9 for p in places]
        return TimeMap(
            np.arange(len(places)),
            np.array([(p.stamp_ns - start) / 1e9 for p in places]),
            np.array([p.number for p in places]),
            np.array(found),
            np.array([p.match.confidence for p in places]),
            np.array([p.match.rate for p in places]),
            np.array(true),
        )


def _told(seconds: float) -> float:
    """The time that was told of a place, as a truth: where it was none, the place is absent."""
    return ABSENT if np.isnan(seconds) else seconds
