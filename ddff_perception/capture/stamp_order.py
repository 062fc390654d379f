"""Stamps as a stream should have them, and what happens where they are not."""

from __future__ import annotations

from collections import deque
from enum import Enum

SECOND_NS = 1_000_000_000
"""Nanoseconds per second."""

_AHEAD_S = 1.0
_AHEAD_STEPS = 3
_STEPS = 16


class Order(Enum):
    """Where a stamp lies against those before it."""

    NEXT = "next"
    REPEATED = "repeated"
    LATE = "out_of_order"
    """Before the newest one, by less than a jump."""
    JUMP = "jump"
    """So far before the newest one that the stream has begun again (a bag that loops)."""
    AHEAD = "ahead"
    """So far after the newest one that it may be an error: to be left out. If the stream goes on
    from there it was a pause, and the stamp after it is the next."""


class StampOrder:
    """Tells what the next stamp of a stream is; a jump back begins the stream anew.

    A stamp is ahead where it lies more than a second, and more than three times the stream's
    longest step lately, after the newest one. `from_future` counts those that proved to be errors:
    the stream went on from before them. `resumed`: the stamp taken last went on from one ahead.
    """

    def __init__(self, jump_s: float = 1.0) -> None:
        self.jump_s = jump_s
        self.from_future = 0
        self._newest_ns: int | None = None
        self._ahead_ns: int | None = None
        self._steps_ns: deque[int] = deque(maxlen=_STEPS)
        self.resumed = False

    def take(self, stamp_ns: int) -> Order:
        """Judges `stamp_ns`, nanoseconds, and keeps it where it is the newest."""
        newest, ahead = self._newest_ns, self._ahead_ns
        self._ahead_ns, self.resumed = None, False
        if newest is None:
            self._newest_ns = stamp_ns
            return Order.NEXT
        if ahead is not None:
            if stamp_ns < ahead:
                self.from_future += 1
            else:
                newest, self.resumed = ahead, True
        step = stamp_ns - newest
        if step > self._limit_ns and not self.resumed:
            self._ahead_ns = stamp_ns
            return Order.AHEAD
        if step > 0 or self.resumed:
            self._newest_ns = stamp_ns
            self._steps_ns.append(step)
            return Order.NEXT
        if step == 0:
            return Order.REPEATED
        if -step <= self.jump_s * SECOND_NS:
            return Order.LATE
        self._newest_ns = stamp_ns
        return Order.JUMP

    @property
    def newest_ns(self) -> int | None:
        return self._newest_ns

    def reset(self) -> None:
        """Forgets what came: the next stamp is the first."""
        self._newest_ns = self._ahead_ns = None
        self._steps_ns.clear()

    @property
    def _limit_ns(self) -> float:
        return max(_AHEAD_S * SECOND_NS, _AHEAD_STEPS * max(self._steps_ns, default=0))
