"""A thread that works on the newest items: what comes while it is busy and has no room is lost,
counted, and never waited for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Worker(Generic[T]):
    """Runs `work` on what was `put`, on its own thread.

    `work` gets everything that waits, oldest first: at most `capacity` items. With `capacity` 1
    that is the newest item alone. When the room is full, the oldest item makes way and `dropped`
    is called with it. An exception of `work` goes to `failed`, and the thread goes on.

    What is `call`ed runs on the same thread, between two runs of `work`: whatever the thread works
    with needs no lock, and who calls does not have to wait.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[T]], None],
        *,
        capacity: int = 1,
        failed: Callable[[Exception], None],
        dropped: Callable[[T], None] | None = None,
    ) -> None:
        self._work = work
        self._failed = failed
        self._dropped = dropped
        self._items: deque[T] = deque()
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._capacity = max(1, capacity)
        self._awake = False
        self._busy = False
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Hands an item over; never blocks."""
        with self._changed:
            lost = []
            while len(self._items) >= self._capacity:
                lost.append(self._items.popleft())
            self._items.append(item)
            self._changed.notify_all()
        if self._dropped is not None:
            for old in lost:
                self._dropped(old)

    def wake(self) -> None:
        """Runs `work` even if nothing waits: with an empty list then."""
        with self._changed:
            self._awake = True
            self._changed.notify_all()

    def call(self, job: Callable[[], R]) -> Future[R]:
        """Runs `job` before what waits now; its result or exception is the future's.

        Cancelled where the worker is stopped before.
        """
        done: Future[R] = Future()
        with self._changed:
            if self._stopping:
                done.cancel()
            else:
                self._calls.append((done, job))
            self._changed.notify_all()
        return done

    def clear(self) -> int:
        """Forgets what waits and returns how much that was."""
        with self._changed:
            count = len(self._items)
            self._items.clear()
            return count

    def wait_idle(self, timeout_s: float) -> bool:
        """Whether everything that was put is done, after at most `timeout_s` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._items or self._calls or self._awake or self._busy), timeout_s
            )

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Ends the thread after the work at hand; True if it ended in time. Safe to repeat."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: self._items or self._calls or self._awake or self._stopping
                )
                calls, items = list(self._calls), list(self._items)
                self._calls.clear()
                if self._stopping:
                    for done, _ in calls:
                        done.cancel()
                    return
                if not calls:
                    self._items.clear()
                    self._awake = False
                self._busy = True
            for done, job in calls:
                _carry_out(done, job)
            if not calls:
                try:
                    self._work(items)
                except Exception as error:  # the thread must outlive any bad input
                    self._failed(error)
            del items


def _carry_out(done: Future[Any], job: Callable[[], Any]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(job())
    except Exception as error:  # whoever called is told
        done.set_exception(error)
