"""Stand-in for the ROS 2 package `message_filters` where pip is the only package source.

Calls, argument names and results are those of message_filters 4.11 (Jazzy), as far as
`ddff_perception` makes them. Stamps are `header.stamp`, compared in nanoseconds.
"""

# ruff: noqa: N802  (the method names are the ROS interface)

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["ApproximateTimeSynchronizer", "SimpleFilter", "TimeSynchronizer"]

_Queue = dict[int, Any]


class SimpleFilter:
    """Base of every filter: callbacks that get each output message."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> int:
        """Call `cb(*messages, *args)` for each output; returns the connection's index."""
        connection = len(self.callbacks)
        self.callbacks[connection] = (cb, args)
        return connection

    def signalMessage(self, *msg: Any) -> None:
        """Hand `msg` to every callback, in the order in which they were registered."""
        for callback, extra in list(self.callbacks.values()):
            callback(*msg, *extra)


class TimeSynchronizer(SimpleFilter):
    """Calls back with one message of each filter in `fs` when their stamps are equal.

    Each input keeps the `queue_size` newest stamps. A set that is handed on ends all older,
    still incomplete ones.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        super().__init__()
        self.queue_size = queue_size
        # Reentrant: a callback may feed an input of its own synchroniser.
        self.lock = threading.RLock()
        self.connectInput(fs)

    def connectInput(self, fs: Sequence[SimpleFilter]) -> None:
        """Take the messages of the filters `fs`, one empty queue each."""
        self.queues: list[_Queue] = [{} for _ in fs]
        self.input_connections = [
            f.registerCallback(self.add, queue, index)
            for index, (f, queue) in enumerate(zip(fs, self.queues, strict=True))
        ]

    def add(self, msg: Any, my_queue: _Queue, my_queue_index: int | None = None) -> None:
        """Queue one message and hand on every set that it completes, oldest first."""
        stamp_ns = _stamp_ns(msg)
        with self.lock:
            self._push(my_queue, stamp_ns, msg)
            # Older sets were complete before this message and have gone already.
            if all(stamp_ns in queue for queue in self.queues):
                complete = [queue.pop(stamp_ns) for queue in self.queues]
                for queue in self.queues:
                    for older in [t for t in queue if t < stamp_ns]:
                        del queue[older]
                self.signalMessage(*complete)

    def _push(self, queue: _Queue, stamp_ns: int, msg: Any) -> None:
        queue[stamp_ns] = msg
        while len(queue) > self.queue_size:
            del queue[min(queue)]


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Calls back with one message of each filter in `fs` when their stamps lie close together.

    The stamps of a set span less than `slop` seconds. Of several possible sets the one with the
    messages nearest to the newly arrived one is taken, the first input deciding first.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int, slop: float) -> None:
        super().__init__(fs, queue_size)
        self.slop_ns = round(slop * 1e9)

    def add(self, msg: Any, my_queue: _Queue, my_queue_index: int | None = None) -> None:
        """Queue one message and hand on the set that it completes, if any."""
        stamp_ns = _stamp_ns(msg)
        with self.lock:
            self._push(my_queue, stamp_ns, msg)
            if stamp_ns not in my_queue:  # older than all of a full queue
                return
            chosen = _closest_set(
                [[stamp_ns] if queue is my_queue else list(queue) for queue in self.queues],
                stamp_ns,
                self.slop_ns,
            )
            if chosen is not None:
                self.signalMessage(
                    *[queue.pop(t) for queue, t in zip(self.queues, chosen, strict=True)]
                )


def _closest_set(
    stamps: Sequence[Sequence[int]], reference: int, slop: int
) -> tuple[int, ...] | None:
    """Choose one stamp of each queue so that all lie within less than `slop` of each other.

    Of all such choices that hold `reference`, the lexicographically first one when each queue's
    stamps are ordered by distance from `reference`, equal distances by arrival. A choice spans
    less than `slop` exactly when some window [start, start + slop) holds it, so that keeping the
    starts of the windows that can still be completed replaces the search over all combinations.
    """
    near = [[t for t in queue if abs(t - reference) < slop] for queue in stamps]
    if not all(near):
        return None
    ordered = [sorted(queue) for queue in near]
    starts = sorted({t for queue in near for t in queue if t <= reference})
    starts = [a for a in starts if all(_holds_one(queue, a, a + slop) for queue in ordered)]
    chosen: list[int] = []
    for queue in near:
        for t in sorted(queue, key=lambda t: abs(t - reference)):
            around = starts[bisect_right(starts, t - slop) : bisect_right(starts, t)]
            if around:
                chosen.append(t)
                starts = around
                break
        else:
            return None
    return tuple(chosen)


def _holds_one(ordered: Sequence[int], low: int, high: int) -> bool:
    """True if `ordered` has a value in [low, high)."""
    index = bisect_left(ordered, low)
    return index < len(ordered) and ordered[index] < high


def _stamp_ns(msg: Any) -> int:
    stamp = msg.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
