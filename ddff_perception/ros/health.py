"""Whether a node is well, and if not, why and what to do: reasoning without ROS.

A node that gives nothing looks the same whatever the reason. Here it is told from when its inputs
and outputs last came, by a clock that never jumps, and from which of its counters grow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from statistics import median

_GAPS = 8
# A stream is late after so many of its usual gaps, and not before a report's period is over: less
# than one, so that the second report after its end tells of it.
_LATE_GAPS = 3.0
_LATE_PERIODS = 0.9


class Level(IntEnum):
    """As in diagnostic_msgs/msg/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Causes:
    """What a node's counters mean to its user, as whole sentences that say what to do.

    `inputs`: by topic, what to do where nothing comes of it. `faults`: by counter, told whenever it
    grew. `blocks`: by counter, told while nothing comes out: what is no fault as long as results
    come. `{count}` is how much the counter grew. `events`: inputs need not come regularly; one that
    does is missed all the same. `idle`: why a node that is well gives nothing. `aside`: outputs
    that are no results and come at times of their own; they hide no result that stops.
    """

    inputs: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[str, str] = field(default_factory=dict)
    events: bool = False
    idle: str = "nobody listens to an output"
    aside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong; `said`: the log has it already."""

    name: str
    text: str
    said: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the node is, in one sentence, and what the log is to say of it."""

    level: Level
    sentence: str
    problems: Sequence[Problem] = ()


class Rhythm:
    """When something last came and how far apart it comes, steady nanoseconds."""

    def __init__(self, since_ns: int) -> None:
        self.last_ns = since_ns
        self.began = False
        self._gaps: deque[int] = deque(maxlen=_GAPS)

    def beat(self, now_ns: int) -> None:
        """It came."""
        if self.began:
            self._gaps.append(now_ns - self.last_ns)
        self.last_ns, self.began = now_ns, True

    def age_s(self, now_ns: int) -> float:
        """Seconds since it came, or since it was first waited for."""
        return (now_ns - self.last_ns) / 1e9

    @property
    def is_regular(self) -> bool:
        """Whether it has come often enough to be missed."""
        return len(self._gaps) == _GAPS

    def is_late(self, now_ns: int, period_s: float) -> bool:
        """Whether it should have come; `period_s` lies between two reports."""
        usual_s = median(self._gaps) / 1e9 if self._gaps else 0.0
        return self.age_s(now_ns) > max(_LATE_PERIODS * period_s, _LATE_GAPS * usual_s)


class Health:
    """What is expected of a node and what came; not safe for threads by itself."""

    def __init__(self, causes: Causes | None = None) -> None:
        self.causes = Causes() if causes is None else causes
        self._active = True
        self._inputs: dict[str, Rhythm] = {}
        self._wanted: dict[str, Rhythm] = {}
        self._sent_ns: int | None = None
        self._conditions: dict[str, str] = {}

    def expect(self, topics: Iterable[str], now_ns: int) -> None:
        """The inputs that are subscribed from now on; the others are forgotten."""
        self._inputs = {topic: self._inputs.get(topic) or Rhythm(now_ns) for topic in topics}

    def want(self, active: bool, outputs: Iterable[str], now_ns: int) -> None:
        """Whether the node is active, and the outputs that somebody listens to."""
        known = self._wanted if self._active else {}
        self._active = active
        self._wanted = {name: known.get(name) or Rhythm(now_ns) for name in outputs}

    def arrived(self, topic: str, now_ns: int) -> None:
        """A message of an input came."""
        if topic in self._inputs:
            self._inputs[topic].beat(now_ns)

    def sent(self, topic: str, now_ns: int) -> None:
        """A message of an output went out."""
        if topic in self._wanted:
            self._wanted[topic].beat(now_ns)
        if topic in self._results() or topic not in self.causes.aside:
            self._sent_ns = now_ns

    def set_condition(self, name: str, text: str) -> None:
        """Something is wrong from now on, until it is set to an empty text."""
        self._conditions.pop(name, None)
        if text:
            self._conditions[name] = text

    def judge(
        self,
        now_ns: int,
        period_s: float,
        grown: Mapping[str, int],
        rejected: Mapping[str, str],
    ) -> Verdict:
        """How the node is at a report.

        `grown`: how much each counter grew since the last one. `rejected`: the newest sentence of
        each reason for which input was rejected since then.
        """
        results = self._results()
        stalled = (
            self._active
            and bool(results)
            and all(rhythm.is_late(now_ns, period_s) for rhythm in results.values())
        )
        problems = [
            *self._silences(now_ns, period_s),
            *(Problem(name, f"{text} ({grown.get(f'rejected: {name}', 1)} x)", said=True)
              for name, text in rejected.items()),
            *(Problem(name, text) for name, text in self._conditions.items()),
            *_grown(self.causes.faults, grown),
        ]  # fmt: skip
        if stalled:
            problems += _grown(self.causes.blocks, grown) or ([] if problems else [_unknown(grown)])
            waited_s = min(rhythm.age_s(now_ns) for rhythm in results.values())
            sentence = f"nothing comes out for {waited_s:.1f} s: {_joined(problems)}"
            return Verdict(Level.ERROR, sentence, problems)
        if problems:
            return Verdict(Level.WARN, _joined(problems), problems)
        return Verdict(Level.OK, self._well(now_ns, period_s))

    def input_texts(self, now_ns: int, period_s: float) -> dict[str, str]:
        """When each input came last, in words."""
        return {
            f"input {topic}": f"{'STALE, ' if self._is_missed(rhythm, now_ns, period_s) else ''}"
            + (f"{rhythm.age_s(now_ns):.2f} s ago" if rhythm.began else "nothing yet")
            for topic, rhythm in self._inputs.items()
        }

    def _results(self) -> dict[str, Rhythm]:
        """The outputs that are waited for: those aside too, where they alone are wanted."""
        aside = self.causes.aside
        return {k: v for k, v in self._wanted.items() if k not in aside} or self._wanted

    def _silences(self, now_ns: int, period_s: float) -> Iterator[Problem]:
        for topic, rhythm in self._inputs.items():
            if not self._is_missed(rhythm, now_ns, period_s):
                continue
            what = "has come for" if rhythm.began else "has come yet, in"
            advice = self.causes.inputs.get(
                topic, f"check who publishes it (`ros2 topic info --verbose {topic}`)"
            )
            age_s = rhythm.age_s(now_ns)
            yield Problem(f"stale {topic}", f"{topic}: nothing {what} {age_s:.1f} s; {advice}")

    def _is_missed(self, rhythm: Rhythm, now_ns: int, period_s: float) -> bool:
        expected = rhythm.is_regular or not self.causes.events
        return expected and rhythm.is_late(now_ns, period_s)

    def _well(self, now_ns: int, period_s: float) -> str:
        if not self._active:
            return "inactive: activate it to make it work"
        if self._sent_ns is not None and now_ns - self._sent_ns <= period_s * 1e9:
            return "running"
        if self._wanted:
            return "waiting for the first result"
        lazy = "" if self._inputs else ", no input is subscribed"
        return f"idle: {self.causes.idle}{lazy}"


def changes(
    before: Mapping[str, Problem], verdict: Verdict
) -> tuple[dict[str, Problem], list[Problem], bool]:
    """What the log says at a report: the problems now by name, those that are new, and whether all
    that was wrong `before` is well again.
    """
    now = {problem.name: problem for problem in verdict.problems}
    fresh = [p for name, p in now.items() if name not in before]
    return now, fresh, bool(before) and not now


def _grown(texts: Mapping[str, str], grown: Mapping[str, int]) -> list[Problem]:
    return [
        Problem(name, text.format(count=grown[name]))
        for name, text in texts.items()
        if grown.get(name, 0) > 0
    ]


def _unknown(grown: Mapping[str, int]) -> Problem:
    """What to say where nothing is known to be wrong."""
    drops = [f"{count} x {name}" for name, count in grown.items() if count and "dropped" in name]
    why = ", ".join(drops) or "no input was rejected or dropped, the work takes longer than that"
    return Problem("no result", why)


def _joined(problems: Sequence[Problem]) -> str:
    return "; ".join(problem.text for problem in problems)
