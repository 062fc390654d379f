"""Stand-in for the ROS 2 package `message_filters` where pip is the only package source.

Calls, argument names and defaults are those of message_filters 4.11 (Jazzy). Stamps are
`header.stamp`, compared in nanoseconds of ROS time.
"""

# ruff: noqa: N802  (the method names are the ROS interface)

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import rclpy.logging
from rclpy.clock import ROSClock
from rclpy.duration import Duration
from rclpy.time import Time

__all__ = [
    "ApproximateTimeSynchronizer",
    "Cache",
    "SimpleFilter",
    "Subscriber",
    "TimeSynchronizer",
]

_WARNING_PERIOD_S = 10.0

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


class Subscriber(SimpleFilter):
    """Source of a chain: a subscription of `node` that passes each message on.

    Keyword arguments go to `rclpy.node.Node.create_subscription`; unknown attributes are looked
    up on the subscription.
    """

    def __init__(
        self, node: Any, msg_type: Any, topic: str, /, *, qos_profile: Any = 10, **kwargs: Any
    ) -> None:
        super().__init__()
        self.node = node
        self.topic = topic
        self.sub = node.create_subscription(
            msg_type, topic, self.callback, qos_profile=qos_profile, **kwargs
        )

    def callback(self, msg: Any) -> None:
        """Pass on one received message."""
        self.signalMessage(msg)

    def getTopic(self) -> str:
        """Return the topic name as it was given."""
        return self.topic

    def __getattr__(self, key: str) -> Any:
        if key == "sub":  # not set yet: construction failed
            raise AttributeError(key)
        return getattr(self.sub, key)


class Cache(SimpleFilter):
    """Keeps the `cache_size` messages that came last and passes each one on.

    Messages stay in order of arrival. Without a header they are dropped with a warning, or with
    `allow_headerless` stamped with the time of arrival.
    """

    def __init__(
        self, f: SimpleFilter, cache_size: int = 1, allow_headerless: bool = False
    ) -> None:
        super().__init__()
        self.cache_size = cache_size
        self.allow_headerless = allow_headerless
        self.cache_msgs: list[Any] = []
        self.cache_times: list[Time] = []
        self.connectInput(f)

    def connectInput(self, f: SimpleFilter) -> None:
        """Take the messages of filter `f`."""
        self.incoming_connection = f.registerCallback(self.add)

    def add(self, msg: Any) -> None:
        """Store one message, forget the oldest arrival when full, pass the message on."""
        stamp = _stamp_or_arrival(msg, self.allow_headerless, "message_filters_cache")
        if stamp is None:
            return
        self.cache_msgs.append(msg)
        self.cache_times.append(stamp)
        if len(self.cache_msgs) > self.cache_size:
            del self.cache_msgs[0], self.cache_times[0]
        self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:
        """Return the messages with a stamp in [from_stamp, to_stamp]."""
        if from_stamp > to_stamp:
            raise AssertionError("from_stamp lies after to_stamp")
        return [m for m, t in self._entries() if from_stamp <= t <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any | None:
        """Return the first message with a stamp at or after `stamp`, None without one."""
        return next((m for m, t in self._entries() if t >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any | None:
        """Return the last message with a stamp at or before `stamp`, None without one."""
        found = [m for m, t in self._entries() if t <= stamp]
        return found[-1] if found else None

    def getLastestTime(self) -> Time | None:  # the interface spells it so
        """Return the stamp of the message that came last, None when empty."""
        return self.cache_times[-1] if self.cache_times else None

    def getOldestTime(self) -> Time | None:
        """Return the stamp of the message that came first, None when empty."""
        return self.cache_times[0] if self.cache_times else None

    def getLast(self) -> Any | None:
        """Return the first message that is not older than the latest stamp, None when empty."""
        latest = self.getLastestTime()
        return None if latest is None else self.getElemAfterTime(latest)

    def _entries(self) -> Iterator[tuple[Any, Time]]:
        # Not strict: another thread may be between its two appends.
        return zip(self.cache_msgs, self.cache_times, strict=False)


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
        stamp_ns = _header_stamp(msg).nanoseconds
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
    messages nearest to the newly arrived one is taken, the first input deciding first. Messages
    without a header are dropped with a warning, or with `allow_headerless` stamped on arrival;
    `sync_arrival_time` (message_filters 7 and later) uses the time of arrival for all messages.
    """

    def __init__(
        self,
        fs: Sequence[SimpleFilter],
        queue_size: int,
        slop: float,
        allow_headerless: bool = False,
        *,
        sync_arrival_time: bool = False,
    ) -> None:
        super().__init__(fs, queue_size)
        self.slop = Duration(seconds=slop)
        self.allow_headerless = allow_headerless
        self.sync_arrival_time = sync_arrival_time

    def add(self, msg: Any, my_queue: _Queue, my_queue_index: int | None = None) -> None:
        """Queue one message and hand on the set that it completes, if any."""
        if self.sync_arrival_time:
            stamp: Time | None = ROSClock().now()
        else:
            stamp = _stamp_or_arrival(msg, self.allow_headerless, "message_filters_approx")
        if stamp is None:
            return
        stamp_ns = stamp.nanoseconds
        with self.lock:
            self._push(my_queue, stamp_ns, msg)
            if stamp_ns not in my_queue:  # older than all of a full queue
                return
            chosen = _closest_set(
                [[stamp_ns] if queue is my_queue else list(queue) for queue in self.queues],
                stamp_ns,
                self.slop.nanoseconds,
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


def _header_stamp(msg: Any) -> Time:
    stamp = msg.header.stamp
    return stamp if hasattr(stamp, "nanoseconds") else Time.from_msg(stamp)


def _stamp_or_arrival(msg: Any, allow_headerless: bool, logger_name: str) -> Time | None:
    """The header's stamp, else the time of arrival where allowed, else None and a warning."""
    if hasattr(msg, "header") and hasattr(msg.header, "stamp"):
        return _header_stamp(msg)
    if allow_headerless:
        return ROSClock().now()
    rclpy.logging.get_logger(logger_name).warning(
        "dropped a message that has no header with a stamp; "
        "allow_headerless=True would stamp it on arrival",
        throttle_duration_sec=_WARNING_PERIOD_S,
    )
    return None
