"""A recording that grows beside whatever receives the messages."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ..types import InputError
from .bags import BagWriter

_SMALL_BYTES = 16_384
_Step = Callable[[BagWriter], None]


class BagRecording:
    """Writes messages to a bag in a thread of its own, so that receiving never waits for the disk.

    At most `buffer_bytes` wait to be written; messages beyond are dropped and counted, small ones
    (what images need to be understood) only beyond twice as much. `written` and `dropped` count
    messages; `failure` is the sentence that ended the recording, None while all is well. What was
    written survives a crash up to `flush_period_s` seconds before it.
    Raises InputError where the bag cannot be begun.
    """

    def __init__(
        self,
        path: Path,
        storage: str = "mcap",
        *,
        compress: bool = False,
        buffer_bytes: int = 256_000_000,
        flush_period_s: float = 1.0,
    ) -> None:
        self.written = 0
        self.dropped = 0
        self.failure: str | None = None
        self._buffer_bytes = buffer_bytes
        self._flush_period_s = flush_period_s
        self._steps: deque[tuple[int, _Step]] = deque()
        self._waiting_bytes = 0
        self._closing = False
        self._begun = threading.Event()
        self._changed = threading.Condition()
        # SQLite wants to be used by the thread that opened it: all of the bag lives in this one.
        self._thread = threading.Thread(
            target=self._run, args=(path, storage, compress), name="bag_writer", daemon=True
        )
        self._thread.start()
        self._begun.wait()
        if self.failure is not None:
            raise InputError(self.failure)

    def add_topic(self, name: str, kind: str, *, reliable: bool, latched: bool, depth: int) -> None:
        """Declares a topic (see `BagWriter.add_topic`) before its first message."""

        def declare(writer: BagWriter) -> None:
            writer.add_topic(name, kind, reliable=reliable, latched=latched, depth=depth)

        with self._changed:
            self._steps.append((0, declare))
            self._changed.notify()

    def put(self, topic: str, time_ns: int, data: bytes) -> bool:
        """Hands over a serialized message received at `time_ns`; False if it was dropped."""

        def write(writer: BagWriter) -> None:
            writer.write_raw(topic, time_ns, data)
            self.written += 1

        with self._changed:
            waiting = self._waiting_bytes + len(data)
            full = waiting > self._buffer_bytes * (2 if len(data) < _SMALL_BYTES else 1)
            if full or self._closing or self.failure is not None:
                self.dropped += 1
                return False
            self._steps.append((len(data), write))
            self._waiting_bytes += len(data)
            self._changed.notify()
        return True

    def close(self) -> None:
        """Writes what waits and completes the bag; raises InputError if the recording failed."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        if self.failure is not None:
            raise InputError(self.failure)

    def _run(self, path: Path, storage: str, compress: bool) -> None:
        try:
            with BagWriter(path, storage, compress=compress, in_place=True) as writer:
                self._begun.set()
                self._write_steps(writer)
                writer.note("dropped", str(self.dropped))
        except InputError as error:
            self._fail(str(error))
        finally:
            self._begun.set()

    def _write_steps(self, writer: BagWriter) -> None:
        flushed_s, flushed = time.monotonic(), True
        while True:
            due_s = flushed_s + self._flush_period_s
            with self._changed:
                # Where no more comes, what came last must not wait to be flushed.
                limit_s = None if flushed else max(0.0, due_s - time.monotonic())
                self._changed.wait_for(lambda: self._steps or self._closing, limit_s)
                if self._closing and not self._steps:
                    return
                size, step = self._steps.popleft() if self._steps else (0, None)
                self._waiting_bytes -= size
            if step is not None:
                step(writer)
                flushed = False
            if time.monotonic() >= due_s:
                writer.flush()
                flushed_s, flushed = time.monotonic(), True

    def _fail(self, reason: str) -> None:
        with self._changed:
            self.failure = reason
            self.dropped += sum(1 for size, _ in self._steps if size)
            self._steps.clear()
            self._waiting_bytes = 0
