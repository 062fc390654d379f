"""Whether one of two inputs comes alone: then it does not wait for the other."""

from __future__ import annotations

from collections.abc import Sequence

from .stamp_order import SECOND_NS


class Partners:
    """Tells which images are worked on without the other of their instant, by stamps alone.

    One is alone where the other's newest image is older than `after_s`, or none of it has come that
    long. 0: never.
    """

    def __init__(self, names: Sequence[str], after_s: float) -> None:
        self._names = tuple(names)
        self._after_ns = round(after_s * SECOND_NS)
        self._newest: dict[str, int] = {}
        self._first: int | None = None

    def alone(self, name: str, stamp_ns: int) -> bool:
        """Whether the image of that stamp is to be worked on without the other."""
        newest = self._newest.get(name)
        if newest is not None and stamp_ns < newest - SECOND_NS:
            self.reset()
        self._newest[name] = max(stamp_ns, self._newest.get(name, stamp_ns))
        self._first = stamp_ns if self._first is None else self._first
        (other,) = (other for other in self._names if other != name)
        since = self._newest.get(other, self._first)
        return 0 < self._after_ns < stamp_ns - since

    def reset(self) -> None:
        """Forgets what came."""
        self._newest.clear()
        self._first = None
