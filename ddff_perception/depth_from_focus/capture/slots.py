"""The slots of a rolling focal stack: one per focus distance, numbered by small integers."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from ...types import FocusSlice


@dataclass(frozen=True, slots=True)
class SliceUpdated:
    """The slice of `slot` is now `item`; `weight` 0..1 lowers the confidence that it gives."""

    slot: int
    item: FocusSlice
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SliceRemoved:
    """`slot` holds no slice any more; its number will be used again."""

    slot: int


@dataclass(frozen=True, slots=True)
class StackCleared:
    """All slots are empty; `reason` is "time_jump", "pause", "size_change", "focus_kind" or
    "reset".
    """

    reason: str


Event = SliceUpdated | SliceRemoved | StackCleared


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """One slice of the stack; distance in metres, age against the newest image in seconds."""

    slot: int
    focus_distance_m: float
    lens_position: float
    stamp_ns: int
    age_s: float


@dataclass(frozen=True, slots=True)
class StackStatus:
    """The stack at a glance, for diagnostics.

    `slots`: far to near. `coverage`: share 0..1 of the focus distances named by the readings kept
    (`pairing.HISTORY`) of which there is a slice; NaN before the first. `focus_age_s`: newest
    image stamp less newest reading stamp; NaN before both have come. `lens_still_s`: how long the
    lens has rested, 0 while it moves. `pending`: images that wait for their reading.
    """

    slots: tuple[SlotStatus, ...]
    coverage: float
    focus_age_s: float
    lens_still_s: float
    pending: int


class Identity(Enum):
    """What tells one slice from another."""

    DISTANCE = "focus distance, in dioptres"
    POSITION = "lens position"
    ORDER = "nothing: each image is a slice of its own"


@dataclass(frozen=True, slots=True)
class Slot:
    """One slice and the number that it is told apart by (see Identity)."""

    number: int
    key: float
    item: FocusSlice
    lens_position: float


class SlotTable:
    """Slots sorted by their key, and in the order in which they were renewed.

    No two keys lie within the tolerance that they were put with.
    """

    def __init__(self) -> None:
        self.identity = Identity.DISTANCE
        self._keys: list[float] = []
        self._numbers: list[int] = []
        self._slots: OrderedDict[int, Slot] = OrderedDict()
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Slot]:
        """The slots by ascending key."""
        return (self._slots[number] for number in self._numbers)

    def oldest(self) -> Slot | None:
        """The slot that was renewed longest ago."""
        return next(iter(self._slots.values()), None)

    def near(self, key: float, absolute: float, relative: float = 0.0) -> list[int]:
        """Numbers of the slots whose keys differ from `key` by no more than the larger of
        `absolute` and `relative` x the larger key; nearest first.
        """

        def same(other: float) -> bool:
            return abs(other - key) <= max(absolute, relative * max(abs(other), abs(key)))

        start = bisect_left(self._keys, key)
        low, high = start, start
        while low > 0 and same(self._keys[low - 1]):
            low -= 1
        while high < len(self._keys) and same(self._keys[high]):
            high += 1
        found = range(low, high)
        nearest_first = sorted(found, key=lambda index: abs(self._keys[index] - key))
        return [self._numbers[index] for index in nearest_first]

    def put(self, number: int | None, key: float, item: FocusSlice, lens_position: float) -> int:
        """Renews slot `number` (None: a free one) and returns its number."""
        if number is None:
            number = heappop(self._free) if self._free else len(self._slots)
        else:
            self._unlist(number)
        index = bisect_left(self._keys, key)
        self._keys.insert(index, key)
        self._numbers.insert(index, number)
        self._slots[number] = Slot(number, key, item, lens_position)
        self.touch(number)
        return number

    def touch(self, number: int) -> None:
        """Makes slot `number` the last to be the oldest."""
        self._slots.move_to_end(number)

    def remove(self, number: int) -> None:
        self._unlist(number)
        del self._slots[number]
        heappush(self._free, number)

    def clear(self) -> None:
        self._keys.clear()
        self._numbers.clear()
        self._slots.clear()
        self._free.clear()

    def _unlist(self, number: int) -> None:
        index = bisect_left(self._keys, self._slots[number].key)
        while self._numbers[index] != number:  # equal keys: only where the tolerance is negative
            index += 1
        del self._keys[index], self._numbers[index]
