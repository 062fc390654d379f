"""Work that waits for a slower step after it: the newest always, the rest as long as it is cheap.

Under load a stream must shed: whatever waits for its turn holds up the newest result. What may
be left for later is measured against the time of the results themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SHARE = 0.03
"""Of the time that a result takes, so much more goes into items that are not its newest."""
# How fast the cost of one item follows the last one measured.
_SMOOTHING = 0.3


class Backlog(Generic[K, V]):
    """Items that wait, one per key: a newer one takes the older one's place in the line.

    `due` yields what is to be worked on now and measures how long each takes; `earn` is told how
    long the step after it took. In a stream that is too fast for both, each key gets its turn.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._items: dict[K, V] = {}
        self._newest: K | None = None
        self._credit_s = 0.0
        self._cost_s = 0.0
        self._newest_s = 0.0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, key: K, item: V) -> None:
        """The newest item; one of the same key is forgotten."""
        self._items[key] = item
        self._newest = key

    def discard(self, key: K) -> None:
        """Forgets the item of `key`, if there is one."""
        self._items.pop(key, None)

    def clear(self) -> None:
        """Forgets all."""
        self._items.clear()

    def due(self) -> Iterator[V]:
        """What is to be worked on for the next result: what waits longest first, the newest last.

        Yields nothing but the newest where more would cost the results too much.
        """
        newest = None if self._newest is None else self._items.pop(self._newest, None)
        while self._items and self._cost_s <= self._credit_s:
            started = self._clock()
            yield self._pop()
            self._credit_s -= self._measured(started)
        if newest is not None:
            started = self._clock()
            yield newest
            self._newest_s = self._measured(started)

    def longest_waiting(self) -> V | None:
        """One item, taken out, for when there is nothing else to do; None without any."""
        return self._pop() if self._items else None

    def earn(self, seconds: float) -> None:
        """The step after it took `seconds`: what waits may take a share of that."""
        whole = seconds + self._newest_s
        most = max(whole, self._cost_s)
        self._credit_s = min(self._credit_s + SHARE * whole, most)

    def _pop(self) -> V:
        return self._items.pop(next(iter(self._items)))

    def _measured(self, started_s: float) -> float:
        taken = self._clock() - started_s
        self._cost_s += _SMOOTHING * (taken - self._cost_s)
        return taken
