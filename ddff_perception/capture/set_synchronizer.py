"""Images of several inputs joined to sets of one instant: order, joining, and what is left behind.

Live images are joined by `message_filters` (`ros.image_sets`), recorded ones by `StampJoiner` by
the same rule; everything else about a set is here for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from .stamp_order import SECOND_NS, Order, StampOrder

T = TypeVar("T")
Dropped = Callable[[str, int], None]
"""Given a reason and how many images were lost for it."""

REPEATED = "stamp repeated"
AHEAD = "stamp far ahead"
INCOMPLETE = "no images of the same instant"


class Joiner(Protocol[T]):
    """Keeps what waits of each input and says which items make a set."""

    def add(self, number: int, stamp_ns: int, item: T) -> Iterable[tuple[tuple[int, T], ...]]:
        """Takes an item of input `number`; the sets that it completes, as (stamp, item)."""
        ...


class StampJoiner(Generic[T]):
    """The rule of `message_filters`, on anything that has a stamp.

    `slop_ns` 0 joins equal stamps, and ends all older sets. Otherwise the stamps of a set span less
    than that, and of several possible sets the one nearest to the item that came last is taken, the
    first input deciding first. Each input keeps its `queue_size` newest items.
    """

    def __init__(self, inputs: int, queue_size: int, slop_ns: int) -> None:
        self._queues: list[dict[int, T]] = [{} for _ in range(inputs)]
        self._queue_size = queue_size
        self._slop_ns = slop_ns

    def add(self, number: int, stamp_ns: int, item: T) -> Iterator[tuple[tuple[int, T], ...]]:
        """Takes an item of input `number`; the set that it completes, if any."""
        queue = self._queues[number]
        queue[stamp_ns] = item
        while len(queue) > self._queue_size:
            del queue[min(queue)]
        chosen = self._chosen(number, stamp_ns) if stamp_ns in queue else None
        if chosen is None:
            return
        pairs = zip(self._queues, chosen, strict=True)
        joined = tuple((stamp, waiting.pop(stamp)) for waiting, stamp in pairs)
        if self._slop_ns == 0:
            for waiting in self._queues:
                for older in [stamp for stamp in waiting if stamp < stamp_ns]:
                    del waiting[older]
        yield joined

    def _chosen(self, number: int, stamp_ns: int) -> list[int] | None:
        """One stamp of each input, nearest to `stamp_ns`, that together span less than the slop."""
        width = max(self._slop_ns, 1)
        near = [
            [stamp_ns]
            if other == number
            else sorted(
                (stamp for stamp in queue if abs(stamp - stamp_ns) < width),
                key=lambda stamp: abs(stamp - stamp_ns),
            )
            for other, queue in enumerate(self._queues)
        ]
        return _narrow(near, width)


def _narrow(choices: list[list[int]], width: int, chosen: Sequence[int] = ()) -> list[int] | None:
    """The first combination of `choices` that spans less than `width`."""
    if len(chosen) == len(choices):
        return list(chosen)
    for stamp in choices[len(chosen)]:
        together = [*chosen, stamp]
        if max(together) - min(together) < width:
            found = _narrow(choices, width, together)
            if found is not None:
                return found
    return None


class SetSynchronizer(Generic[T]):
    """Gives one item of each of `names`, in order, when these are of one instant.

    `slop_s`: their stamps differ by less; 0 wants equal ones. Each input keeps `queue_size` items
    that wait. What a set leaves behind, what waits too long, and what is not in order is given to
    `dropped`, with its reason (`incomplete`: of the first two). Stamps that go back by more than
    `time_jump_s` begin anew: a joiner full of later stamps would never join again. `make_joiner`:
    see `Joiner`.
    """

    def __init__(
        self,
        names: Sequence[str],
        dropped: Dropped,
        *,
        queue_size: int,
        slop_s: float,
        time_jump_s: float,
        incomplete: str = INCOMPLETE,
        make_joiner: Callable[[], Joiner[T]] | None = None,
    ) -> None:
        self._incomplete = incomplete
        self._names = list(names)
        self._dropped = dropped
        self._queue_size = queue_size
        slop_ns = round(slop_s * SECOND_NS)
        self._make_joiner: Callable[[], Joiner[Any]] = make_joiner or (
            lambda: StampJoiner(len(names), queue_size, slop_ns)
        )
        self._orders = {name: StampOrder(time_jump_s) for name in names}
        self.reset()

    def add(self, name: str, stamp_ns: int, item: T) -> Iterator[tuple[int, tuple[T, ...]]]:
        """Takes an item of the input `name`: the sets that it completes, each with its newest
        stamp.
        """
        order = self._orders[name].take(stamp_ns)
        if order is Order.JUMP:
            self.reset()
            self._orders[name].take(stamp_ns)
        elif order in (Order.REPEATED, Order.AHEAD):
            self._dropped(REPEATED if order is Order.REPEATED else AHEAD, 1)
            return
        number = self._names.index(name)
        waiting = self._waiting[number]
        waiting.append(stamp_ns)
        given_up = max(len(waiting) - self._queue_size, 0)
        del waiting[:given_up]
        self._lose(given_up)
        for joined in self._joiner.add(number, stamp_ns, item):
            self._leave_behind([stamp for stamp, _ in joined])
            yield max(stamp for stamp, _ in joined), tuple(one for _, one in joined)

    @property
    def from_future(self) -> int:
        """How many stamps proved to be errors (see `StampOrder`)."""
        return sum(order.from_future for order in self._orders.values())

    def flush(self) -> None:
        """Counts what still waits as lost: nothing more will come."""
        self._lose(sum(len(waiting) for waiting in self._waiting))
        self.reset()

    def reset(self) -> None:
        """Forgets what waits."""
        self._waiting: list[list[int]] = [[] for _ in self._names]
        self._joiner = self._make_joiner()
        for order in self._orders.values():
            order.reset()

    def _leave_behind(self, stamps_ns: list[int]) -> None:
        lost = 0
        for waiting, stamp_ns in zip(self._waiting, stamps_ns, strict=True):
            lost += sum(stamp < stamp_ns for stamp in waiting)
            waiting[:] = [stamp for stamp in waiting if stamp > stamp_ns]
        self._lose(lost)

    def _lose(self, count: int) -> None:
        if count:
            self._dropped(self._incomplete, count)
