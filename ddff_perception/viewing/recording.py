"""A bag as a source: played at any speed, paused, sought; read only while somebody looks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..files.bags import BagReader
from ..files.bags_salvage import RawMessage
from ..files.bags_types import DIAGNOSTICS, add_type
from ..parameters import Parameter, Value
from ..types import InputError
from .layout import Subject, recorded_subjects
from .source import Answer, Arrival, Arrivals, Status

# What came so long before the place that is sought is shown as the state at that place.
_LOOK_BACK_NS = 1_500_000_000
_SECOND_NS = 1_000_000_000
# Of a bag that cannot be read at its pace the rest waits: the page stays alive.
_PATIENCE_S = 0.5


class Recording:
    """A bag's messages at the pace of their receipt, over and over.

    `position_s` counts from the first message to `length_s`; `speed` and `paused` may be set.
    Raises InputError where the bag cannot be read or holds nothing.
    """

    def __init__(self, path: Path) -> None:
        self._bag = BagReader(path)
        self.name = path.resolve().name
        self._start_ns, end_ns = self._span()
        self.length_s = max((end_ns - self._start_ns) / _SECOND_NS, 1e-3)
        self.position_s, self.speed, self.paused = 0.0, 1.0, False
        self._types = {name: topic.type for name, topic in self._bag.topics.items() if topic.count}
        self._followed: frozenset[str] = frozenset()
        self._arrivals = Arrivals(lambda: self.position_s)
        self._reading: Iterator[RawMessage] = iter(())
        self._next: RawMessage | None = None

    @property
    def unreadable(self) -> str:
        damage = f"the recording is damaged: {self._bag.damage}" if self._bag.damage else ""
        lost = f"{self._bag.unreadable} messages make no sense" if self._bag.unreadable else ""
        return "; ".join(text for text in (damage, lost) if text)

    def subjects(self) -> list[Subject]:
        return recorded_subjects(self._types)

    def choose(self, subject: str) -> None:
        """A recording has no parameters."""

    def parameters(self) -> Mapping[str, Parameter] | None:
        return None

    def set_parameter(self, name: str, value: Value, answer: Answer) -> None:
        answer("a recording has no parameters")

    def follow(self, topics: Mapping[str, str]) -> None:
        if topics:
            topics = {**topics, **{n: k for n, k in self._types.items() if k == DIAGNOSTICS}}
        wanted = frozenset(name for name in topics if self._known(name))
        if wanted != self._followed:
            self._followed = wanted
            self.seek(self.position_s)

    def seek(self, position_s: float) -> None:
        """Goes to a place and shows what there was."""
        self.position_s = min(max(position_s, 0.0), self.length_s)
        self._arrivals.forget()
        self._next = None
        if not self._followed:
            self._reading = iter(())
            return
        since = max(self._start_ns, self._now_ns() - _LOOK_BACK_NS)
        self._reading = self._bag.raw_messages(self._followed, since)
        self._advance()

    def wait(self, seconds: float) -> None:
        started = time.monotonic()
        if self._followed and not self.paused:
            self.position_s += seconds * self.speed
            if self.position_s > self.length_s:
                self.seek(0.0)
            self._advance()
        time.sleep(max(0.0, seconds - (time.monotonic() - started)))

    def take(self) -> dict[str, Arrival]:
        found = {}
        for topic, raw in self._arrivals.take().items():
            message = self._bag.parsed(raw)
            if message is not None:
                rate = self._arrivals.rate_hz(topic)
                found[topic] = Arrival(message, self._types[topic], self._seconds(raw), rate)
        return found

    def statuses(self) -> list[Status]:
        return self._arrivals.statuses()

    def close(self) -> None:
        self._bag.close()

    def _advance(self) -> None:
        """Takes the messages up to now: the newest of each topic is kept, unparsed."""
        until, now = time.monotonic() + _PATIENCE_S, self._now_ns()
        while time.monotonic() < until:
            raw = self._next or next(self._reading, None)
            self._next = raw
            if raw is None or raw.time_ns > now:
                return
            self._next = None
            if self._types[raw.topic] != DIAGNOSTICS:
                self._arrivals.add(raw.topic, raw, self._seconds(raw))
            elif (message := self._bag.parsed(raw)) is not None:
                self._arrivals.add_statuses(message, self._seconds(raw))

    def _seconds(self, raw: RawMessage) -> float:
        return (raw.time_ns - self._start_ns) / _SECOND_NS

    def _now_ns(self) -> int:
        return self._start_ns + round(self.position_s * _SECOND_NS)

    def _known(self, topic: str) -> bool:
        try:
            add_type(self._bag.store, self._types[topic])
        except (InputError, KeyError):
            return False
        return True

    def _span(self) -> tuple[int, int]:
        first, last = self._bag.span_ns
        if last == 0:
            times = [raw.time_ns for raw in self._bag.raw_messages()]
            first, last = (min(times), max(times)) if times else (0, 0)
        if last == 0:
            self._bag.close()
            raise InputError(f"{self._bag.path} holds no message that can be shown")
        return first, last
