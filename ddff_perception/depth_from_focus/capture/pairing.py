"""Where the lens was when an image was taken: readings of the focus over time, asked by stamp."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...capture.reading_track import Around, Match, Nearness, ReadingTrack


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


Pairing = tuple[Match, FocusReading | None]
"""The reading comes with Match.PAIRED, None with every other."""


@dataclass(frozen=True, slots=True)
class PairingRule:
    """How a stamp finds its reading; times in nanoseconds, tolerances in 1/m and lens units."""

    interpolated: bool
    near: Nearness
    settle_ns: int
    keep_moving: bool
    move_dpt: float
    move_position: float


class FocusTrack(ReadingTrack[FocusReading]):
    """Readings of the lens in order of their stamps, and since when it rests where each saw it."""

    def __init__(self) -> None:
        super().__init__()
        self._since: dict[int, int] = {}

    @property
    def still_ns(self) -> int:
        """How long the lens has rested, by the newest reading; 0 while it moves."""
        newest = self.newest
        if newest is None or not newest.settled:
            return 0
        return newest.stamp_ns - self._since[newest.stamp_ns]

    def clear(self) -> None:
        super().clear()
        self._since.clear()

    def add(self, reading: FocusReading, rule: PairingRule) -> None:
        """Adds a reading whose stamp is later than every one before it."""
        newest = self.newest
        rests_on = newest is not None and not moved(newest, reading, rule)
        stamp = reading.stamp_ns
        self._since[stamp] = self._since[newest.stamp_ns] if newest and rests_on else stamp
        self.append(stamp, reading)
        while len(self._since) > len(self):
            del self._since[next(iter(self._since))]

    def at(self, stamp_ns: int, rule: PairingRule, final: bool) -> Pairing:
        """The state of the lens at `stamp_ns`; with `final` no further reading is waited for.

        A reading within the jitter was taken at the same instant. Otherwise, `nearest` takes the
        nearest reading within the tolerance; one from after the stamp counts only if the lens did
        not move up to it. `interpolated` needs a reading on either side, and interpolates in
        dioptres.
        """
        found = self.around(stamp_ns, rule.near, final)
        if found.nearest is None:
            return found.match, None
        if not found.same:
            if rule.interpolated:
                return self._between(found, stamp_ns, rule)
            before_it_moved = found.nearest == found.after and self._moved_before(found.after, rule)
            if before_it_moved and not rule.keep_moving:
                return Match.MOVING, None
        return self._rested(found.nearest, stamp_ns, rule)

    def _rested(self, index: int, stamp_ns: int, rule: PairingRule) -> Pairing:
        reading = self.readings[index]
        if rule.keep_moving:
            return (Match.MOVING, None) if _nowhere(reading) else (Match.PAIRED, reading)
        waited_ns = max(stamp_ns - self._since[reading.stamp_ns], 0)
        if not reading.settled or waited_ns < rule.settle_ns:
            return Match.MOVING, None
        return Match.PAIRED, reading

    def _moved_before(self, index: int, rule: PairingRule) -> bool:
        return index > 0 and moved(self.readings[index - 1], self.readings[index], rule)

    def _between(self, found: Around, stamp_ns: int, rule: PairingRule) -> Pairing:
        before, after = found.before, found.after
        if before is None or after is None:
            return Match.UNPAIRED, None
        if not rule.keep_moving and self._moved_before(after, rule):
            return Match.MOVING, None
        match, _ = self._rested(before, stamp_ns, rule)
        if match is not Match.PAIRED or _nowhere(self.readings[after]):
            return Match.MOVING, None
        share = self.share(stamp_ns, after)
        return match, _interpolate(self.readings[before], self.readings[after], share, stamp_ns)


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


def _interpolate(
    before: FocusReading, after: FocusReading, share: float, stamp_ns: int
) -> FocusReading:
    dioptres = (1.0 - share) * before.dioptres + share * after.dioptres
    position = (1.0 - share) * before.lens_position + share * after.lens_position
    distance = math.inf if dioptres == 0.0 else 1.0 / dioptres
    return FocusReading(stamp_ns, distance, position, before.settled and after.settled)
