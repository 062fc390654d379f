"""Where messages come from: what a live and a recorded source have in common."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..parameters import Parameter, Value
from .layout import Subject

_TIMES = 30
_WINDOW_S = 5.0
_MOST_STATUSES = 200

Answer = Callable[[str], None]
"""Told why a value was refused; an empty text where it was taken."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The newest message of a topic. `time_s` counts from any instant, `rate_hz` is None before the
    second message.
    """

    message: Any
    type: str
    time_s: float
    rate_hz: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """One status of /diagnostics; `time_s` as in `Arrival`."""

    level: int
    name: str
    message: str
    values: Mapping[str, str]
    time_s: float = 0.0


class Source(Protocol):
    """Messages of the topics that are followed, and no others: nothing is done for the rest."""

    name: str

    @property
    def unreadable(self) -> str:
        """What cannot be read, in words; empty where all can."""

    def subjects(self) -> list[Subject]:
        """What can be looked at now."""

    def choose(self, subject: str) -> None:
        """Parameters are of this subject from now on; empty: of none."""

    def follow(self, topics: Mapping[str, str]) -> None:
        """From now on these topics, by their types, and only these; empty while nobody looks."""

    def wait(self, seconds: float) -> None:
        """Lets messages come for so long."""

    def take(self) -> dict[str, Arrival]:
        """The newest message of each topic that has one since the last call."""

    def statuses(self) -> list[Status]:
        """The newest status of each name on /diagnostics."""

    def parameters(self) -> Mapping[str, Parameter] | None:
        """Those of the chosen node with their values as defaults; None where there are none."""

    def set_parameter(self, name: str, value: Value, answer: Answer) -> None:
        """Asks the chosen node to take a value."""

    def close(self) -> None:
        """Ends."""


class Arrivals:
    """The newest message of each topic, as it came, when and how often one came; the newest status
    of each name.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._newest: dict[str, Any] = {}
        self._times: dict[str, deque[float]] = {}
        self._statuses: dict[str, Status] = {}

    def add(self, topic: str, message: Any, time_s: float | None = None) -> None:
        """A message came, now by default."""
        self._newest[topic] = message
        times = self._times.setdefault(topic, deque(maxlen=_TIMES))
        times.append(self._clock() if time_s is None else time_s)

    def add_statuses(self, message: Any, time_s: float | None = None) -> None:
        """A DiagnosticArray came, live or recorded."""
        now = self._clock() if time_s is None else time_s
        for status in message.status:
            level = status.level
            found = Status(
                level[0] if isinstance(level, bytes) else int(level),
                str(status.name),
                str(status.message),
                {str(pair.key): str(pair.value) for pair in status.values},
                now,
            )
            self._statuses[found.name] = found
            if len(self._statuses) > _MOST_STATUSES:
                self._statuses.pop(next(iter(self._statuses)))

    def statuses(self) -> list[Status]:
        """The newest of each name."""
        return list(self._statuses.values())

    def last_s(self, topic: str) -> float:
        """When the newest message came."""
        return self._times[topic][-1]

    def take(self) -> dict[str, Any]:
        """What came since the last call."""
        taken, self._newest = self._newest, {}
        return taken

    def rate_hz(self, topic: str) -> float | None:
        """Messages per second of the last seconds; None before the second one."""
        now = self._clock()
        times = [t for t in self._times.get(topic, ()) if now - t <= _WINDOW_S]
        if len(times) < 2 or times[-1] <= times[0]:
            return None
        return (len(times) - 1) / (times[-1] - times[0])

    def forget(self) -> None:
        """Nothing came yet."""
        self._newest.clear()
        self._times.clear()
        self._statuses.clear()
