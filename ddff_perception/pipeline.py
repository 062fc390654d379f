"""What every capability's pipeline offers to whoever feeds it: a node, a command, a bag."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .capture.backlog import Backlog
from .parameters import ParameterTable, Value, group
from .types import InputError


class Engines(Protocol):
    """What runs a method's networks (`engines.loading.EngineSet`), as a pipeline shows it."""

    @property
    def progress(self) -> tuple[str, float] | None:
        """(what is being done, share 0..1), None where nothing is waited for."""

    @property
    def failure(self) -> str | None:
        """Why there are no engines, in one sentence."""

    def load(self) -> None:
        """Makes what is not there; after a failure, anew."""

    def close(self) -> None:
        """Frees them."""


def _nothing() -> None:
    """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """Other parameters, checked and ready: `apply` takes them over, `discard` frees what was made
    for them. One of the two is called, `apply` by the thread that works with the pipeline.
    """

    apply: Callable[[], None] = _nothing
    discard: Callable[[], None] = _nothing


def check_methods(
    names: Iterable[str],
    table_of: Callable[[str], ParameterTable],
    create: Callable[[str, Mapping[str, Value]], Any],
    values: Mapping[str, Value],
    before: Mapping[str, Value],
) -> None:
    """Makes the methods that `values` do not choose, where their parameters are neither the ones
    `before` nor those of their `table_of`: `create` raises InputError where they cannot be used.
    """
    for name in names:
        given = group(values, name)
        if not given or name == values.get("method"):
            continue
        table = table_of(name)
        if table.complete(given) not in (table.complete(), table.complete(group(before, name))):
            create(name, given)


class Pipeline:
    """Capture and method joined, without a clock: the same calls in the same order give the same
    arrays. Input comes by calls of the pipeline's own, which answer whether there is something new.

    One thread at a time works with it. `counters` and `engines` may be read, and `prepare` called,
    by another one meanwhile. `deferred`: what capture gives to `work_on` waits for `catch_up`,
    which leaves out what there is no time for; otherwise it is worked on as it comes.
    """

    def __init__(self) -> None:
        self.deferred = False
        self._backlog: Backlog[Hashable, Any] = Backlog()

    @property
    def counters(self) -> Mapping[str, int]:
        """What was met, by name."""
        return {}

    @property
    def engines(self) -> Engines | None:
        """What runs the method's network, which the pipeline owns; None without one."""
        return None

    @property
    def newest_stamp_ns(self) -> int:
        """Stamp of the next result, nanoseconds; 0 where there is none."""
        raise NotImplementedError

    def add_image(self, stamp_ns: int, image: Any) -> bool:
        """Takes an image, H x W or H x W x 3; True where that gave something new to work on."""
        raise NotImplementedError

    def flush(self) -> bool:
        """Decides on what waits (end of a bag); True where that gave something new to work on."""
        return False

    def prepare(self, values: Mapping[str, Value]) -> Change:
        """Makes aside what other parameters need, by the names that the node gives them.

        Changes nothing by itself. Raises InputError with the reason where they cannot be used.
        """
        raise NotImplementedError

    def reset(self) -> None:
        """Forgets what came; the counters go on."""
        raise NotImplementedError

    def skip(self, stamp_ns: int) -> None:
        """An image was taken that there was no room for: it does not come, but there was one."""

    def work_on(self, item: Any) -> None:
        """Does the work on one image that capture let in.

        Raises InputError where it cannot be used.
        """
        raise NotImplementedError

    def later(self, key: Hashable, item: Any) -> None:
        """Lets `work_on` have an item, now or when there is time for it; it takes the place of one
        of the same key that waits.
        """
        if self.deferred:
            self._backlog.put(key, item)
        else:
            self.work_on(item)

    def catch_up(self) -> None:
        """Works on what was taken in: on the newest always, on the rest as long as it is cheap.

        Raises InputError where something of it cannot be used, after the rest.
        """
        self._work_through(self._backlog.due())

    def work_ahead(self) -> bool:
        """Works on one thing that `catch_up` left; False where nothing is left."""
        waiting = self._backlog.longest_waiting()
        self._work_through([] if waiting is None else [waiting])
        return len(self._backlog) > 0

    def took(self, seconds: float) -> None:
        """A result took `seconds` after `catch_up`: what is cheap is told by that."""
        self._backlog.earn(seconds)

    def close(self) -> None:
        """Frees the engines; nothing may be asked of the pipeline any more."""
        if self.engines is not None:
            self.engines.close()

    def _work_through(self, items: Iterable[Any]) -> None:
        refused: InputError | None = None
        for item in items:
            try:
                self.work_on(item)
            except InputError as error:
                refused = error
        if refused is not None:
            raise refused
