"""One pass over a recorded bag, for any capability: read, joined by stamps, estimated, scored.

`ros2 bag play` cannot be made deterministic (messages are dropped, timers race); here the messages
are read in code and go through the pipeline that the node feeds with live ones: same bag, same
numbers.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..files.bag_topics import Gaps, MissingTopicsError, count_gaps
from ..files.bags import BagReader, BagTopic
from ..files.bags_messages import stamp_of
from ..parameters import ParameterTable, Value
from ..types import InputError
from .reports.blocks import Section, Table
from .stamp_join import Joined, StampJoin

Topics = Mapping[str, str]
"""A bag's topics by the part that they play."""
Chosen = Mapping[str, Sequence[str]]
"""Topics that were asked for, by part."""

_MAXIMUM_REASONS = 20


@dataclass(frozen=True, slots=True)
class BagSettings:
    """How a bag is evaluated: every n-th change of the input is estimated and scored, with what
    was recorded of it within `tolerance_s` seconds.
    """

    every: int = 1
    tolerance_s: float = 0.005

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError("every must be at least 1: 1 estimates after each change of the input")
        if not 0.0 <= self.tolerance_s <= 60.0:
            raise InputError("the tolerance must lie in 0 .. 60 s")


@dataclass
class BagResult:
    """What a bag says, apart from what a capability adds.

    `changes` of the input, of which `estimates` were made. `unusable`: messages by reason.
    `doubted`: how many estimates are of input that cannot be right, and `complaint` why the first.
    `counters` are the pipeline's. `stages_ms` (milliseconds on this machine) is all that differs
    from run to run.
    """

    topics: Topics
    gaps: Mapping[str, Gaps] = field(default_factory=dict)
    messages: int = 0
    unreadable: int = 0
    unusable: dict[str, int] = field(default_factory=dict)
    damage: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    changes: int = 0
    estimates: int = 0
    doubted: int = 0
    complaint: str | None = None
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Everything but arrays; `timings_ms` alone is not the same for every run."""
        return {
            "topics": dict(self.topics),
            "gaps": {name: asdict(gaps) for name, gaps in self.gaps.items()},
            "messages": self.messages,
            "unreadable": self.unreadable,
            "unusable": self.unusable,
            "damage": self.damage,
            "recorder": dict(self.notes),
            "counters": dict(self.counters),
            "estimates": self.estimates,
            "timings_ms": {
                stage: {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))}
                for stage, times in self.stages_ms.items()
            },
        }


class Estimated(NamedTuple):
    """One estimate, what it is of, the milliseconds that its stages took, and why its input cannot
    be right.
    """

    stamp_ns: int
    item: Any
    timings_ms: Mapping[str, float]
    complaint: str | None = None


class BagRun(abc.ABC):
    """One pass of a pipeline over a bag, made for one run; each capability has a subclass.

    `node`: whose parameters it takes, `default_method` among them. `inputs`, `references`: parts
    that topics play; references are what estimates are scored against, of which a single message
    holds to the end where they are `holding`. `files`: names of what `write` writes. `first`: which
    of every n changes is estimated. `goes_on`: each estimate goes on from the one before, so that
    all changes are estimated and every n-th is scored. `nothing`, `least`: what is said of a bag
    without an estimate, and without another reason.
    """

    node: ClassVar[str]
    default_method: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    references: ClassVar[tuple[str, ...]]
    holding: ClassVar[tuple[str, ...]] = ()
    files: ClassVar[tuple[str, ...]]
    first: ClassVar[int] = 0
    goes_on: ClassVar[bool] = False
    nothing: ClassVar[str]
    least: ClassVar[str]
    result: BagResult

    @classmethod
    @abc.abstractmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        """The parts of a bag's topics by type and name; `chosen` goes first, `given` are values of
        the node's parameters that were set. Raises InputError where the bag has no such topics.
        """

    @classmethod
    @abc.abstractmethod
    def used(cls, method: str) -> ParameterTable:
        """Those of the node's parameters that change what is estimated with `method`."""

    @staticmethod
    @abc.abstractmethod
    def make_pipeline(values: Mapping[str, Value]) -> Any:
        """The pipeline that the node runs with these values of its parameters, defaults elsewhere.

        Raises InputError where they do not fit.
        """

    @classmethod
    def over(
        cls,
        bag: BagReader,
        chosen: Chosen,
        settings: BagSettings,
        given: Mapping[str, Value],
        pipeline: Any = None,
    ) -> BagRun:
        """The run over `bag` with `given` values of the node's parameters, by a `pipeline` of them
        if there is one already. Raises InputError where something does not fit.
        """
        pipeline = cls.make_pipeline(given) if pipeline is None else pipeline
        topics = _topics(cls, bag.topics, chosen, given)
        return cls(bag, topics, pipeline, settings, given)

    def __init__(
        self,
        bag: BagReader,
        topics: Topics,
        pipeline: Any,
        settings: BagSettings | None = None,
        given: Mapping[str, Value] | None = None,
    ) -> None:
        self.settings = settings or BagSettings()
        self.topics = topics
        self.pipeline = pipeline
        self.given = given or {}
        self.result = self.make_result()
        self.result.notes = bag.notes
        self._bag = bag
        there = [part for part in self.references if part in topics]
        self._joined = StampJoin(
            there,
            tolerance_ns=round(self.settings.tolerance_s * 1e9),
            holding=[
                part for part in self.holding if part in there and _static(bag.topics[topics[part]])
            ],
        )

    def run(self, progress: Callable[[int], None] | None = None) -> Any:
        """The result; `progress` is called with the number of messages done.

        Raises InputError where nothing could be estimated, with what is missing.
        """
        parts: dict[str, list[str]] = {}
        for part, name in self.topics.items():
            parts.setdefault(name, []).append(part)
        stamps: dict[str, list[int]] = {name: [] for name in self.topics.values()}
        for count, message in enumerate(self._bag.messages(sorted(parts)), start=1):
            stamps[message.topic].append(stamp_of(message.message))
            for part in parts[message.topic]:
                self._take(part, message.message)
            self.result.messages = count
            if progress is not None:
                progress(count)
        self.result.gaps = {name: count_gaps(values) for name, values in stamps.items()}
        return self._finished()

    def described(self) -> dict[str, Any]:
        """The method and every parameter that changes what is estimated."""
        method = str(self.given.get("method", self.default_method))
        used = self.used(method)
        return {"method": method, "parameters": used.complete(used.part(self.given))}

    # What a capability says.

    @abc.abstractmethod
    def make_result(self) -> BagResult:
        """The empty result of a run."""

    @abc.abstractmethod
    def take(self, part: str, message: Any) -> Iterator[bool]:
        """Brings the pipeline up to date, and says after each step of that whether there is
        something new to estimate. Raises InputError where the message cannot be used.
        """

    @abc.abstractmethod
    def estimate(self) -> Estimated | None:
        """What the pipeline says now, None where it has nothing to say."""

    @abc.abstractmethod
    def reference(self, part: str, message: Any) -> Any:
        """A message of `references` as `score` takes it."""

    @abc.abstractmethod
    def score(self, item: Any, references: Mapping[str, Any]) -> None:
        """Compares an estimate with the references of its stamp, None where one has none."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Completes the result; there is at least one estimate."""

    def flush(self) -> Iterator[bool]:
        """Decides on what waits, as `take` does: nothing more comes."""
        yield self.pipeline.flush()

    # What is made of it.

    @abc.abstractmethod
    def write(self, folder: Path) -> Mapping[str, Any]:
        """Writes the last estimate into `folder` as the capability's own command does, and returns
        what the summary says of it.
        """

    @abc.abstractmethod
    def tables(self) -> list[Table]:
        """Numbers for the console, and for the page's section of errors."""

    @abc.abstractmethod
    def sections(self, folder: Path) -> list[Section]:
        """The page's sections on what was estimated, which lies in `folder`."""

    # One pass.

    def _take(self, part: str, message: Any) -> None:
        with self.counted(part):
            if part in self.references:
                item = self.reference(part, message)
                self._score(self._joined.add_other(part, stamp_of(message), item))
            else:
                self._follow(self.take(part, message))

    def _follow(self, changes: Iterator[bool]) -> None:
        for _ in filter(None, changes):
            self.result.changes += 1
            chosen = (self.result.changes - self.first) % self.settings.every == 0
            if chosen or self.goes_on:
                self._estimate(chosen)

    def _estimate(self, scored: bool) -> None:
        estimated = self.estimate()
        if estimated is None:
            return
        self.result.estimates += 1
        if estimated.complaint is not None:
            self.result.doubted += 1
            self.result.complaint = self.result.complaint or estimated.complaint
        for stage, milliseconds in estimated.timings_ms.items():
            self.result.stages_ms.setdefault(stage, []).append(milliseconds)
        if scored:
            self._score(self._joined.add(estimated.stamp_ns, estimated.item))

    def _score(self, joined: Iterable[Joined]) -> None:
        for entry in joined:
            self.score(entry.item, entry.others)

    def _finished(self) -> BagResult:
        with self.counted("at the end"):
            self._follow(self.flush())
            self._score(self._joined.flush())
        result = self.result
        result.counters = dict(self.pipeline.counters)
        result.damage, result.unreadable = self._bag.damage, self._bag.unreadable
        if result.estimates == 0:
            raise InputError(self._nothing_estimated())
        self.finish()
        return result

    @contextmanager
    def counted(self, what: str) -> Iterator[None]:
        """Counts what cannot be used by its reason, and goes on."""
        try:
            yield
        except InputError as error:
            self.count_unusable(f"{what}: {error}")

    def count_unusable(self, reason: str, count: int = 1) -> None:
        """Counts what was not used by its reason."""
        counts = self.result.unusable
        # Texts with numbers in them can be as many as the messages.
        name = reason if reason in counts or len(counts) < _MAXIMUM_REASONS else "other reasons"
        counts[name] = counts.get(name, 0) + count

    def _nothing_estimated(self) -> str:
        result = self.result
        parts = [f"{count} images {why}" for why, count in dropped(result.counters).items()]
        parts += [f"{count} x {why}" for why, count in result.unusable.items()]
        parts += [f"damaged: {result.damage}"] if result.damage else []
        found = "; ".join(parts) or self.least
        return f"{self.nothing} from {result.messages} messages ({found})"


def _topics(
    run: type[BagRun],
    topics: Mapping[str, BagTopic],
    chosen: Chosen,
    given: Mapping[str, Value],
) -> Topics:
    parts = tuple(dict.fromkeys((*run.inputs, *run.references)))
    for part in chosen:
        if part not in parts:
            raise InputError(f"{run.node} has no topic {part!r}; there are: {', '.join(parts)}")
    return run.find(topics, chosen, given)


def _static(topic: BagTopic) -> bool:
    """Whether one message of the topic holds until the next."""
    return topic.latched or topic.count == 1


def dropped(counters: Mapping[str, int]) -> dict[str, int]:
    """How many images were dropped, by reason."""
    return {
        name.removeprefix("dropped_").replace("_", " "): count
        for name, count in counters.items()
        if name.startswith("dropped_") and count
    }


def recognised(
    runs: Mapping[str, type[BagRun]],
    topics: Mapping[str, BagTopic],
    chosen: Chosen,
) -> str:
    """The name of the one among `runs` whose topics the bag holds.

    A sweep's images are images of any camera too: of two runs the one that uses all of the other's
    inputs and more is meant; of the same inputs, the one whose own results lie beside. Raises
    InputError where there is none, or no single one.
    """
    used: dict[str, tuple[set[str], set[str]]] = {}
    lacks: list[str] = []
    for name, run in runs.items():
        try:
            found = _topics(run, topics, chosen, {})
        except InputError as error:
            lacks.append(error.lack if isinstance(error, MissingTopicsError) else str(error))
            continue
        inputs = {topic for part, topic in found.items() if part in run.inputs}
        used[name] = inputs, set(found.values())
    meant = [n for n, own in used.items() if not any(_less(own, more) for more in used.values())]
    if len(meant) > 1:
        raise InputError(f"the bag holds topics for {' and '.join(meant)}: choose --capability")
    if not meant:
        raise MissingTopicsError("; ".join(dict.fromkeys(lacks)), topics)
    return meant[0]


def _less(one: tuple[set[str], set[str]], other: tuple[set[str], set[str]]) -> bool:
    """Whether another run uses more inputs, or the same and more beside."""
    return one[0] < other[0] or (one[0] == other[0] and one[1] < other[1])
