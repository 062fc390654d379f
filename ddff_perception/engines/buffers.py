"""Output memory that is kept per set of input shapes, so that a frame allocates nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

Shapes = tuple[tuple[int, ...], ...]
Kept = TypeVar("Kept")
# A robot alternates between few shapes (stack sizes while a sweep fills up); older ones go.
KEPT_SHAPES = 8


def shapes_of(feeds: Mapping[str, NDArray[Any]]) -> Shapes:
    """The key of a set of inputs."""
    return tuple(array.shape for array in feeds.values())


class PerShape(Generic[Kept]):
    """One thing per set of input shapes; the one not used for longest goes first."""

    def __init__(self, limit: int = KEPT_SHAPES) -> None:
        self._kept: OrderedDict[Shapes, Kept] = OrderedDict()
        self._limit = limit

    def get(self, shapes: Shapes) -> Kept | None:
        found = self._kept.get(shapes)
        if found is not None:
            self._kept.move_to_end(shapes)
        return found

    def put(self, shapes: Shapes, thing: Kept) -> list[Kept]:
        """Keeps `thing`; returns what had to go for it."""
        self._kept[shapes] = thing
        gone = []
        while len(self._kept) > self._limit:
            gone.append(self._kept.popitem(last=False)[1])
        return gone

    def clear(self) -> list[Kept]:
        """Forgets everything and returns it."""
        gone = list(self._kept.values())
        self._kept.clear()
        return gone
