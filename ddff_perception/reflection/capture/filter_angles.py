"""Where a rotating polarizer stood when an image was taken: readings of its angle, by stamp."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum

_HISTORY = 1024


class Found(Enum):
    """What can be said about the filter at a stamp."""

    KNOWN = "known"
    WAIT = "wait"
    """A reading that is still to come decides."""
    UNPAIRED = "unpaired"
    """No reading lies near enough in time."""
    TURNING = "turning"
    """The filter turned too far between the readings around the stamp."""


@dataclass(frozen=True, slots=True)
class AngleRule:
    """How a stamp finds its angle: times in nanoseconds, `turn_deg` the largest step between two
    readings that is interpolated.
    """

    tolerance_ns: int
    jitter_ns: int
    turn_deg: float


class FilterTrack:
    """Readings of the polarizer's angle in order of their stamps."""

    def __init__(self) -> None:
        self._stamps: list[int] = []
        self._angles: list[float] = []

    def __len__(self) -> int:
        return len(self._stamps)

    def append(self, stamp_ns: int, angle_deg: float) -> None:
        """Adds a reading whose stamp is later than every one before it."""
        self._stamps.append(stamp_ns)
        self._angles.append(angle_deg)
        if len(self._stamps) > 2 * _HISTORY:
            del self._stamps[:_HISTORY], self._angles[:_HISTORY]

    def clear(self) -> None:
        self._stamps.clear()
        self._angles.clear()

    def at(self, stamp_ns: int, rule: AngleRule, final: bool) -> tuple[Found, float]:
        """The angle at `stamp_ns`, degrees; NaN where it is not known.

        A reading within the jitter was taken at the same instant. Otherwise the angle lies
        between the readings before and after, both within the tolerance; a filter that rests
        is known from either one. With `final` no further reading is waited for.
        """
        after = bisect_left(self._stamps, stamp_ns)
        around = [i for i in (after - 1, after) if 0 <= i < len(self._stamps)]
        near = min(around, key=lambda i: abs(self._stamps[i] - stamp_ns), default=None)
        if near is not None and abs(self._stamps[near] - stamp_ns) <= rule.jitter_ns:
            return Found.KNOWN, self._angles[near]
        if after == len(self._stamps) and not final:
            return Found.WAIT, math.nan
        close = [i for i in around if abs(self._stamps[i] - stamp_ns) <= rule.tolerance_ns]
        if not close:
            return Found.UNPAIRED, math.nan
        if len(close) == 1:
            # One reading says nothing of a filter that turns: the one before it must agree.
            return self._resting(close[0], rule)
        turn = axis_difference(self._angles[after], self._angles[after - 1])
        if abs(turn) > rule.turn_deg:
            return Found.TURNING, math.nan
        span = self._stamps[after] - self._stamps[after - 1]
        share = (stamp_ns - self._stamps[after - 1]) / span
        return Found.KNOWN, self._angles[after - 1] + share * turn

    def _resting(self, index: int, rule: AngleRule) -> tuple[Found, float]:
        before = max(index - 1, 0)
        turn = axis_difference(self._angles[index], self._angles[before])
        if abs(turn) > rule.turn_deg:
            return Found.TURNING, math.nan
        return Found.KNOWN, self._angles[index]


def axis_difference(angle_deg: float, other_deg: float) -> float:
    """`angle_deg - other_deg` of two polarizer axes, degrees in -90 .. 90."""
    return (angle_deg - other_deg + 90.0) % 180.0 - 90.0
