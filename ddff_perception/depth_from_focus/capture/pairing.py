"""Where the lens was when an image was taken: readings of the focus over time, asked by stamp."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum

SECOND_NS = 1_000_000_000
"""Nanoseconds per second."""

HISTORY = 1024
"""Readings kept at least; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class FocusReading:
    """The state of the lens at one instant.

    `focus_distance_m`: metres along the optical axis, +inf allowed, NaN unknown. `lens_position`:
    in the driver's unit, NaN unknown. `settled`: False while the lens moves.
    """

    stamp_ns: int
    focus_distance_m: float
    lens_position: float = math.nan
    settled: bool = True

    @property
    def dioptres(self) -> float:
        """1 / focus distance, 1/m; 0 at infinity, NaN unknown."""
        return 1.0 / self.focus_distance_m


class Match(Enum):
    """What can be said about the lens at a stamp."""

    PAIRED = "paired"
    WAIT = "wait"
    """A reading that is still to come decides."""
    MOVING = "moving"
    UNPAIRED = "unpaired"
    """No reading lies near enough in time."""


Pairing = tuple[Match, FocusReading | None]
"""The reading comes with Match.PAIRED, None with every other."""


@dataclass(frozen=True, slots=True)
class PairingRule:
    """How a stamp finds its reading; times in nanoseconds, tolerances in 1/m and lens units."""

    interpolated: bool
    tolerance_ns: int
    jitter_ns: int
    settle_ns: int
    keep_moving: bool
    move_dpt: float
    move_position: float


class FocusTrack:
    """Readings in order of their stamps, and since when the lens rests where each one saw it."""

    def __init__(self) -> None:
        self._stamps: list[int] = []
        self._readings: list[FocusReading] = []
        self._since: list[int] = []

    def __len__(self) -> int:
        return len(self._readings)

    @property
    def newest(self) -> FocusReading | None:
        return self._readings[-1] if self._readings else None

    @property
    def readings(self) -> tuple[FocusReading, ...]:
        """The readings kept, oldest first."""
        return tuple(self._readings)

    @property
    def still_ns(self) -> int:
        """How long the lens has rested, by the newest reading; 0 while it moves."""
        if not self._readings or not self._readings[-1].settled:
            return 0
        return self._stamps[-1] - self._since[-1]

    def clear(self) -> None:
        self._stamps.clear()
        self._readings.clear()
        self._since.clear()

    def append(self, reading: FocusReading, rule: PairingRule) -> None:
        """Adds a reading whose stamp is later than every one before it."""
        rests_on = bool(self._readings) and not moved(self._readings[-1], reading, rule)
        self._since.append(self._since[-1] if rests_on else reading.stamp_ns)
        self._stamps.append(reading.stamp_ns)
        self._readings.append(reading)
        if len(self._readings) > 2 * HISTORY:
            del self._stamps[:HISTORY], self._readings[:HISTORY], self._since[:HISTORY]

    def at(
        self, stamp_ns: int, rule: PairingRule, final: bool
    ) -> tuple[Match, FocusReading | None]:
        """The state of the lens at `stamp_ns`; with `final` no further reading is waited for.

        A reading within the jitter was taken at the same instant. Otherwise, `nearest` takes the
        nearest reading within the tolerance; one from after the stamp counts only if the lens did
        not move up to it. `interpolated` needs a reading on either side, and interpolates in
        dioptres.
        """
        after = bisect_right(self._stamps, stamp_ns)
        near = self._nearest(stamp_ns, after)
        if near is not None and abs(self._stamps[near] - stamp_ns) <= rule.jitter_ns:
            return self._rested(near, stamp_ns, rule)
        if after == len(self._readings) and not final:
            return Match.WAIT, None
        if near is None or abs(self._stamps[near] - stamp_ns) > rule.tolerance_ns:
            return Match.UNPAIRED, None
        if rule.interpolated:
            return self._between(after, stamp_ns, rule)
        if near == after and self._moved_before(after, rule) and not rule.keep_moving:
            return Match.MOVING, None
        return self._rested(near, stamp_ns, rule)

    def _nearest(self, stamp_ns: int, after: int) -> int | None:
        if not self._readings:
            return None
        if after == 0:
            return 0
        if after == len(self._stamps):
            return after - 1
        left, right = stamp_ns - self._stamps[after - 1], self._stamps[after] - stamp_ns
        return after if right < left else after - 1

    def _rested(self, index: int, stamp_ns: int, rule: PairingRule) -> Pairing:
        reading = self._readings[index]
        if rule.keep_moving:
            return (Match.MOVING, None) if _nowhere(reading) else (Match.PAIRED, reading)
        waited_ns = max(stamp_ns - self._since[index], 0)
        if not reading.settled or waited_ns < rule.settle_ns:
            return Match.MOVING, None
        return Match.PAIRED, reading

    def _moved_before(self, index: int, rule: PairingRule) -> bool:
        return index > 0 and moved(self._readings[index - 1], self._readings[index], rule)

    def _between(self, after: int, stamp_ns: int, rule: PairingRule) -> Pairing:
        if after in (0, len(self._readings)):
            return Match.UNPAIRED, None
        if max(stamp_ns - self._stamps[after - 1], self._stamps[after] - stamp_ns) > (
            rule.tolerance_ns
        ):
            return Match.UNPAIRED, None
        if not rule.keep_moving and self._moved_before(after, rule):
            return Match.MOVING, None
        match, _ = self._rested(after - 1, stamp_ns, rule)
        if match is not Match.PAIRED or _nowhere(self._readings[after]):
            return Match.MOVING, None
        return match, _interpolate(self._readings[after - 1], self._readings[after], stamp_ns)


def moved(before: FocusReading, after: FocusReading, rule: PairingRule) -> bool:
    """Whether the lens moved, or was moving, from one reading to the next."""
    if not (before.settled and after.settled):
        return True
    # A comparison with NaN is false: what is not known has not changed.
    return (
        abs(before.lens_position - after.lens_position) > rule.move_position
        or abs(before.dioptres - after.dioptres) > rule.move_dpt
    )


def _nowhere(reading: FocusReading) -> bool:
    """A moving lens of unknown focus: nothing to pair an image with."""
    return not reading.settled and math.isnan(reading.focus_distance_m)


def _interpolate(before: FocusReading, after: FocusReading, stamp_ns: int) -> FocusReading:
    share = (stamp_ns - before.stamp_ns) / (after.stamp_ns - before.stamp_ns)
    dioptres = (1.0 - share) * before.dioptres + share * after.dioptres
    position = (1.0 - share) * before.lens_position + share * after.lens_position
    distance = math.inf if dioptres == 0.0 else 1.0 / dioptres
    return FocusReading(stamp_ns, distance, position, before.settled and after.settled)
