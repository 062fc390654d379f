"""Brings together what different topics say about the same instant."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Joined:
    """One item and what the other topics say about its stamp, by their names (None: nothing)."""

    stamp_ns: int
    item: Any
    others: dict[str, Any]


class StampJoin:
    """Joins items of one stream with those of other streams by their stamps.

    Of each other stream the item nearest in time and within `tolerance_ns` is taken; of the
    streams in `holding`, whose items stay true until the next one, otherwise the newest before,
    or the first there is. An item waits until every other stream has its stamp or has gone past
    it, and no longer than `capacity` items of its own stream. At most `capacity` items per stream
    are kept.
    """

    def __init__(
        self,
        others: Sequence[str],
        *,
        tolerance_ns: int = 0,
        holding: Sequence[str] = (),
        capacity: int = 16,
    ) -> None:
        self._tolerance_ns = tolerance_ns
        self._others: dict[str, OrderedDict[int, Any]] = {name: OrderedDict() for name in others}
        self._holding = frozenset(holding)
        self._capacity = capacity
        self._waiting: deque[tuple[int, Any]] = deque()

    def add(self, stamp_ns: int, item: Any) -> Iterator[Joined]:
        """Adds an item of the main stream and gives what is ready."""
        self._waiting.append((stamp_ns, item))
        return self._ready()

    def add_other(self, name: str, stamp_ns: int, item: Any) -> Iterator[Joined]:
        """Adds an item of the other stream `name` and gives what is ready."""
        kept = self._others[name]
        kept[stamp_ns] = item
        while len(kept) > self._capacity:
            kept.popitem(last=False)
        return self._ready()

    def flush(self) -> Iterator[Joined]:
        """Gives all that waits: nothing more will come."""
        return self._ready(final=True)

    def _ready(self, final: bool = False) -> Iterator[Joined]:
        while self._waiting:
            stamp_ns, item = self._waiting[0]
            crowded = final or len(self._waiting) > self._capacity
            if not crowded and not all(self._decided(name, stamp_ns) for name in self._others):
                return
            self._waiting.popleft()
            others = {name: self._find(name, stamp_ns) for name in self._others}
            yield Joined(stamp_ns, item, others)

    def _decided(self, name: str, stamp_ns: int) -> bool:
        kept = self._others[name]
        return stamp_ns in kept or any(stamp > stamp_ns for stamp in kept)

    def _find(self, name: str, stamp_ns: int) -> Any:
        kept = self._others[name]
        if not kept:
            return None
        nearest = min(kept, key=lambda stamp: abs(stamp - stamp_ns))
        if abs(nearest - stamp_ns) <= self._tolerance_ns:
            return kept[nearest]
        if name not in self._holding:
            return None
        return kept[max((stamp for stamp in kept if stamp < stamp_ns), default=min(kept))]
