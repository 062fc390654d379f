"""Where a rotating polarizer stood when an image was taken: readings of its angle, by stamp."""

from __future__ import annotations

import math

from ...capture.reading_track import Match, Nearness, ReadingTrack


class FilterTrack(ReadingTrack[float]):
    """Readings of the polarizer's angle, degrees, in order of their stamps."""

    def at(
        self, stamp_ns: int, near: Nearness, turn_deg: float, final: bool
    ) -> tuple[Match, float]:
        """The angle at `stamp_ns`, degrees; NaN where it is not known.

        It lies between the readings before and after; a filter that rests is known from either
        one. `turn_deg`: the largest step between two readings that is interpolated. With `final`
        no further reading is waited for.
        """
        found = self.around(stamp_ns, near, final)
        nearest, after = found.nearest, found.after
        if nearest is None:
            return found.match, math.nan
        if found.same:
            return Match.PAIRED, self.readings[nearest]
        if found.before is None or after is None:
            # One reading says nothing of a filter that turns: the one before it must agree.
            after, start = nearest, self.readings[max(nearest - 1, 0)]
            share = 1.0
        else:
            start, share = self.readings[found.before], self.share(stamp_ns, after)
        turn = axis_difference(self.readings[after], start)
        if abs(turn) > turn_deg:
            return Match.MOVING, math.nan
        return Match.PAIRED, self.readings[after] if share == 1.0 else start + share * turn


def axis_difference(angle_deg: float, other_deg: float) -> float:
    """`angle_deg - other_deg` of two polarizer axes, degrees in -90 .. 90."""
    return (angle_deg - other_deg + 90.0) % 180.0 - 90.0
