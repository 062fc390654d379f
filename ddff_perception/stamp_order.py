"""Stamps as a stream should have them, and what happens where they are not."""

from __future__ import annotations

from enum import Enum


class Order(Enum):
    """Where a stamp lies against those before it."""

    NEXT = "next"
    REPEATED = "repeated"
    LATE = "out_of_order"
    """Before the newest one, by less than a jump."""
    JUMP = "jump"
    """So far before the newest one that the stream has begun again (a bag that loops)."""


class StampOrder:
    """Tells what the next stamp of a stream is; a jump back begins the stream anew."""

    def __init__(self, jump_s: float = 1.0) -> None:
        self.jump_s = jump_s
        self._newest_ns: int | None = None

    def take(self, stamp_ns: int) -> Order:
        """Judges `stamp_ns`, nanoseconds, and keeps it where it is the newest."""
        newest = self._newest_ns
        if newest is not None and stamp_ns <= newest:
            if stamp_ns == newest:
                return Order.REPEATED
            if newest - stamp_ns <= self.jump_s * 1e9:
                return Order.LATE
            self._newest_ns = stamp_ns
            return Order.JUMP
        self._newest_ns = stamp_ns
        return Order.NEXT

    @property
    def newest_ns(self) -> int | None:
        return self._newest_ns

    def reset(self) -> None:
        """Forgets what came: the next stamp is the first."""
        self._newest_ns = None


class SetBook:
    """Keeps the books of images that are joined to sets, one image per input.

    `taken` is called with each image's input and stamp, `joined` with the stamps of a set. A
    joiner gives up what is older than a set; so do the books, and count it as lost.
    """

    def __init__(self, inputs: int, patience: int = 10) -> None:
        self._waiting: list[list[int]] = [[] for _ in range(inputs)]
        self._patience = patience

    def taken(self, number: int, stamp_ns: int) -> int:
        """An image of input `number` came; returns how many of that input are given up."""
        waiting = self._waiting[number]
        waiting.append(stamp_ns)
        given_up = max(len(waiting) - self._patience, 0)
        del waiting[:given_up]
        return given_up

    def joined(self, stamps_ns: list[int]) -> int:
        """A set was joined from these stamps; returns how many older images it leaves behind."""
        lost = 0
        for waiting, stamp_ns in zip(self._waiting, stamps_ns, strict=True):
            older = [stamp for stamp in waiting if stamp < stamp_ns]
            lost += len(older)
            waiting[:] = [stamp for stamp in waiting if stamp > stamp_ns]
        return lost

    def silent(self) -> list[int]:
        """The inputs that give nothing while another one has waited for as long as it may."""
        if not any(len(waiting) >= self._patience for waiting in self._waiting):
            return []
        return [number for number, waiting in enumerate(self._waiting) if not waiting]

    def reset(self) -> None:
        """Forgets what waits."""
        for waiting in self._waiting:
            waiting.clear()
