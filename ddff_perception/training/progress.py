"""How far the making of training data is, told to whoever listens: `ddff train` shows a bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def report_progress(what: str, done: int, total: int) -> None:
    """Says that `done` of `total` steps of `what` are done; nothing where nobody listens."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def progress_to(listener: Listener) -> Iterator[None]:
    """Inside the block, `listener` hears what is told: what is done, steps done, steps in all."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)
