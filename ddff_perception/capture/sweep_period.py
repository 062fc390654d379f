"""How long a sweep takes, learned from the sweep itself, and so what is a pause in it."""

from __future__ import annotations

from collections import deque

_REMEMBERED = 64


class SweepPeriod:
    """A sweep comes back to each of its places (a focus distance, a filter's angle) again and
    again; its period is the longest time that lay between two visits lately.
    """

    def __init__(self) -> None:
        self._visits: dict[int, int] = {}
        self._place: int | None = None
        self._periods: deque[int] = deque(maxlen=_REMEMBERED)

    def visit(self, place: int, stamp_ns: int) -> None:
        """An image of `place` was taken; images in a row at one place are one visit."""
        if place != self._place:
            self._place = place
            before = self._visits.get(place)
            self._visits[place] = stamp_ns
            if before is not None:
                self._periods.append(stamp_ns - before)

    @property
    def period_ns(self) -> int | None:
        """None before the first place was seen twice."""
        return max(self._periods, default=None)

    def is_pause(self, gap_ns: int, resumed: bool) -> bool:
        """Whether input that stood still for `gap_ns` has left all that was taken before behind;
        in the first sweep where its stamps `resumed` (see `StampOrder`).
        """
        period = self.period_ns
        return resumed if period is None else gap_ns > period

    def interrupt(self) -> None:
        """The places seen so far are gone; how long a sweep takes stays known."""
        self._visits.clear()
        self._place = None

    def reset(self) -> None:
        """Forgets everything."""
        self.interrupt()
        self._periods.clear()
