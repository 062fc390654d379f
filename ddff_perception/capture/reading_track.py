"""Readings that come beside images (of a lens, of a filter), asked by an image's stamp."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .stamp_order import SECOND_NS

R = TypeVar("R")

HISTORY = 1024
"""Readings kept at least; older ones are forgotten."""


class Match(Enum):
    """What can be said about an image's stamp."""

    PAIRED = "paired"
    WAIT = "wait"
    """A reading that is still to come decides."""
    MOVING = "moving"
    """What is read moved too much around the stamp."""
    UNPAIRED = "unpaired"
    """No reading lies near enough in time."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near in time is near, nanoseconds: a reading within `jitter_ns` was taken at the same
    instant; one further off than `tolerance_ns` says nothing.
    """

    tolerance_ns: int
    jitter_ns: int

    @classmethod
    def of_seconds(cls, tolerance_s: float, jitter_s: float) -> Nearness:
        return cls(round(tolerance_s * SECOND_NS), round(jitter_s * SECOND_NS))


@dataclass(frozen=True, slots=True)
class Around:
    """The readings around a stamp, by their index: None where none is within the tolerance.

    `nearest`: of the two; `same`: it was taken at the same instant. `match`: WAIT or UNPAIRED where
    nothing can be said (then `nearest` is None), otherwise PAIRED.
    """

    match: Match
    nearest: int | None = None
    same: bool = False
    before: int | None = None
    after: int | None = None


class ReadingTrack(Generic[R]):
    """Readings in order of their stamps; old ones are forgotten."""

    def __init__(self) -> None:
        self.stamps_ns: list[int] = []
        self.readings: list[R] = []

    def __len__(self) -> int:
        return len(self.readings)

    @property
    def newest(self) -> R | None:
        return self.readings[-1] if self.readings else None

    def append(self, stamp_ns: int, reading: R) -> None:
        """Adds a reading whose stamp is later than every one before it."""
        self.stamps_ns.append(stamp_ns)
        self.readings.append(reading)
        if len(self.readings) > 2 * HISTORY:
            del self.stamps_ns[:HISTORY], self.readings[:HISTORY]

    def clear(self) -> None:
        self.stamps_ns.clear()
        self.readings.clear()

    def around(self, stamp_ns: int, near: Nearness, final: bool) -> Around:
        """Where the readings lie about `stamp_ns`; with `final` no further one is waited for."""
        after = bisect_right(self.stamps_ns, stamp_ns)
        distances = {
            index: abs(self.stamps_ns[index] - stamp_ns)
            for index in (after - 1, after)
            if 0 <= index < len(self.stamps_ns)
        }
        nearest = min(distances, key=lambda index: distances[index], default=None)
        if nearest is not None and distances[nearest] <= near.jitter_ns:
            return Around(Match.PAIRED, nearest, same=True)
        if after == len(self.stamps_ns) and not final:
            return Around(Match.WAIT)
        close = [index for index in distances if distances[index] <= near.tolerance_ns]
        if nearest not in close:
            return Around(Match.UNPAIRED)
        before = after - 1 if after - 1 in close else None
        return Around(Match.PAIRED, nearest, False, before, after if after in close else None)

    def share(self, stamp_ns: int, after: int) -> float:
        """Where `stamp_ns` lies between the reading before `after` (0) and that one (1)."""
        start = self.stamps_ns[after - 1]
        return (stamp_ns - start) / (self.stamps_ns[after] - start)
