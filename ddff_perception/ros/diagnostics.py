"""What a node says about itself on /diagnostics: rates, ages, latencies, drops, last error.

`diagnostic_updater` does not exist for every home of this package; the little of it that is
needed is here.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from .messages import SECOND_NS

_WINDOW = 300
_OK, _WARN = 0, 1
_LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN)


@dataclass(frozen=True, slots=True)
class Status:
    """One report: `level` 0 fine or 1 look at it, a sentence, and named values."""

    level: int
    summary: str
    values: Mapping[str, str]


class Diagnostics:
    """Counts and times, from any thread.

    Stamps are nanoseconds of the node's clock; rates are by a clock that never jumps.
    """

    def __init__(self, steady_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._steady_ns = steady_ns
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._reported: dict[str, int] = {}
        self._reported_ns: int | None = None
        self._latencies_ms: deque[float] = deque(maxlen=_WINDOW)
        self._stages_ms: dict[str, deque[float]] = {}
        self._values: dict[str, str] = {}
        self._input_stamp_ns: int | None = None
        self._last_error = ""
        self._fresh_problems: dict[str, int] = {}

    def count_input(self, topic: str, stamp_ns: int) -> None:
        """A message of `topic`, taken at `stamp_ns`, came in."""
        with self._lock:
            self._add(f"{topic} in", 1)
            self._input_stamp_ns = stamp_ns

    def count(self, name: str, amount: int = 1) -> None:
        """Adds to a counter."""
        with self._lock:
            self._add(name, amount)

    def count_drop(self, reason: str, amount: int = 1) -> None:
        """Frames that were not used, as is normal (superseded, lens moving)."""
        with self._lock:
            self._add(f"dropped: {reason}", amount)

    def count_rejected(self, reason: str, text: str) -> None:
        """An input that could not be used; the next report warns of it."""
        with self._lock:
            self._add(f"rejected: {reason}", 1)
            self._last_error = text
            self._fresh_problems[reason] = self._fresh_problems.get(reason, 0) + 1

    def count_output(self, stamp_ns: int, now_ns: int) -> None:
        """A result of input that was taken at `stamp_ns` was published."""
        with self._lock:
            self._add("outputs", 1)
            self._latencies_ms.append((now_ns - stamp_ns) / 1e6)

    def set_total(self, name: str, total: int) -> None:
        """A counter that somebody else keeps."""
        with self._lock:
            self._counts[name] = total

    def stages(self, milliseconds: Mapping[str, float]) -> None:
        """How long each stage took."""
        with self._lock:
            for name, value in milliseconds.items():
                self._stages_ms.setdefault(name, deque(maxlen=_WINDOW)).append(value)

    def set(self, name: str, value: object) -> None:
        """A named value that stays until it is set again."""
        with self._lock:
            self._values[name] = f"{value:.4g}" if isinstance(value, float) else str(value)

    def total(self, name: str) -> int:
        """A counter's value; 0 if it was never counted."""
        with self._lock:
            return self._counts.get(name, 0)

    @property
    def totals(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def report(self, now_ns: int, band_hz: tuple[float, float] = (0.0, 0.0)) -> Status:
        """The state since the last report. `band_hz`: lowest and highest output rate, 0: any."""
        with self._lock:
            values = self._rates()
            problems = [f"{count} x {reason}" for reason, count in self._fresh_problems.items()]
            rate = values.get("outputs per second")
            low, high = band_hz
            if rate is not None and ((low and rate < low) or (high and rate > high)):
                problems.append(f"{rate:.1f} outputs per second, expected {low:g} .. {high or '∞'}")
            texts = {name: f"{value:.2f}" for name, value in values.items()}
            texts |= {name: f"{value:.2f}" for name, value in self._durations(now_ns).items()}
            texts |= {name: str(count) for name, count in sorted(self._counts.items())}
            texts |= self._values
            texts["last error"] = self._last_error or "none"
            self._fresh_problems.clear()
        if problems:
            return Status(_WARN, "; ".join(problems), texts)
        return Status(_OK, "running" if rate else "idle", texts)

    def _add(self, name: str, amount: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + amount

    def _rates(self) -> dict[str, float]:
        rates: dict[str, float] = {}
        now_ns = self._steady_ns()
        since, self._reported_ns = self._reported_ns, now_ns
        before, self._reported = self._reported, dict(self._counts)
        if since is None or now_ns <= since:
            return rates
        seconds = (now_ns - since) / SECOND_NS
        for name, count in self._counts.items():
            if name == "outputs" or name.endswith(" in"):
                rates[f"{name} per second"] = (count - before.get(name, 0)) / seconds
        return rates

    def _durations(self, now_ns: int) -> dict[str, float]:
        durations: dict[str, float] = {}
        if self._input_stamp_ns is not None:
            durations["input age [s]"] = (now_ns - self._input_stamp_ns) / SECOND_NS
        if self._latencies_ms:
            latencies = np.array(self._latencies_ms)
            durations["latency median [ms]"] = float(np.median(latencies))
            durations["latency 95 % [ms]"] = float(np.percentile(latencies, 95))
        for name, times in self._stages_ms.items():
            durations[f"{name} median [ms]"] = float(np.median(np.array(times)))
        return durations


class Throttle:
    """Says whether a thing may be said again: each name once per `period_s` seconds."""

    def __init__(self, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._period_s = period_s
        self._clock = clock
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def allows(self, name: str) -> bool:
        now = self._clock()
        with self._lock:
            if now - self._last.get(name, -math.inf) < self._period_s:
                return False
            self._last[name] = now
            return True


class DiagnosticsPublisher:
    """Publishes a node's `Diagnostics` on /diagnostics, where every ROS tool looks for them."""

    def __init__(self, node: Node, diagnostics: Diagnostics, settings: Mapping[str, Any]) -> None:
        self._node = node
        self._diagnostics = diagnostics
        self._settings = settings
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = self._make_timer()
        self._before: list[Callable[[], None]] = []

    def before_report(self, callback: Callable[[], None]) -> None:
        """Calls `callback` before each report, to bring values up to date."""
        self._before.append(callback)

    def apply(self, settings: Mapping[str, Any]) -> None:
        """Takes over changed parameters."""
        before, self._settings = self._settings, settings
        if settings["diagnostics_period_s"] != before["diagnostics_period_s"]:
            # Another period of the same timer would only count from its next call on.
            self._node.destroy_timer(self._timer)
            self._timer = self._make_timer()

    def _make_timer(self) -> Any:
        # A paused or slow simulation time must not silence the diagnostics.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        period_s = self._settings["diagnostics_period_s"]
        return self._node.create_timer(period_s, self.publish, clock=clock)

    def publish(self) -> None:
        for callback in self._before:
            callback()
        now = self._node.get_clock().now()
        band = (self._settings["expected_rate_min_hz"], self._settings["expected_rate_max_hz"])
        status = self._diagnostics.report(now.nanoseconds, band)
        message = DiagnosticArray()
        message.header.stamp = now.to_msg()
        message.status.append(
            DiagnosticStatus(
                level=_LEVELS[status.level],
                name=f"{self._node.get_fully_qualified_name()}: stream",
                message=status.summary,
                hardware_id=self._node.get_name(),
                values=[KeyValue(key=key, value=value) for key, value in status.values.items()],
            )
        )
        self._publisher.publish(message)
