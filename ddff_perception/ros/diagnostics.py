"""What a node says about itself on /diagnostics: rates, ages, latencies, drops, last error.

`diagnostic_updater` does not exist for every home of this package; the little of it that is
needed is here.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from .health import Causes, Health, Level, Problem, Verdict, changes
from .messages import SECOND_NS

_WINDOW = 300
_LEVELS = {
    Level.OK: DiagnosticStatus.OK,
    Level.WARN: DiagnosticStatus.WARN,
    Level.ERROR: DiagnosticStatus.ERROR,
}
LOG_PERIOD_S = 5.0
"""The same complaint is logged at most this often."""
_OUTPUT_RATE = "outputs per second"


@dataclass(frozen=True, slots=True)
class Status:
    """One report: how the node is, and named values."""

    verdict: Verdict
    values: Mapping[str, str]


class Diagnostics:
    """Counts and times, from any thread, and what they say about the node.

    Stamps are nanoseconds of the node's clock; rates and ages are by a clock that never jumps.
    """

    def __init__(
        self, steady_ns: Callable[[], int] = time.monotonic_ns, causes: Causes | None = None
    ) -> None:
        self._steady_ns = steady_ns
        self._health = Health(causes)
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._reported: dict[str, int] = {}
        self._reported_ns: int | None = None
        self._latencies_ms: deque[float] = deque(maxlen=_WINDOW)
        self._stages_ms: dict[str, deque[float]] = {}
        self._values: dict[str, str] = {}
        self._input_stamp_ns: int | None = None
        self._last_error = ""
        self._rejected: dict[str, str] = {}

    def explain(self, causes: Causes) -> None:
        """What the counters of this node mean."""
        with self._lock:
            self._health.causes = causes

    def expect(self, topics: Iterable[str]) -> None:
        """The inputs that are subscribed from now on."""
        with self._lock:
            self._health.expect(topics, self._steady_ns())

    def want(self, active: bool, outputs: Iterable[str]) -> None:
        """Whether the node is active, and the outputs that somebody listens to."""
        with self._lock:
            self._health.want(active, outputs, self._steady_ns())

    def arrived(self, topic: str) -> None:
        """A message of an input came."""
        with self._lock:
            self._health.arrived(topic, self._steady_ns())

    def sent(self, topic: str) -> None:
        """A message of an output went out."""
        with self._lock:
            self._health.sent(topic, self._steady_ns())

    def set_condition(self, name: str, text: str) -> None:
        """Something is wrong from now on, as `text` says, until that is empty."""
        with self._lock:
            self._health.set_condition(name, text)

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
            self._rejected[reason] = text

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

    def report(
        self, now_ns: int, band_hz: tuple[float, float] = (0.0, 0.0), period_s: float = 1.0
    ) -> Status:
        """The state since the last report. `band_hz`: lowest and highest output rate, 0: any;
        `period_s`: time between two reports.
        """
        with self._lock:
            now = self._steady_ns()
            grown = {
                name: count - self._reported.get(name, 0) for name, count in self._counts.items()
            }
            values = self._rates(now, grown)
            self._health.set_condition("rate", _rate_text(values.get(_OUTPUT_RATE), band_hz))
            verdict = self._health.judge(now, period_s, grown, self._rejected)
            texts = {name: f"{value:.2f}" for name, value in values.items()}
            texts |= {name: f"{value:.2f}" for name, value in self._durations(now_ns).items()}
            texts |= {name: str(count) for name, count in sorted(self._counts.items())}
            texts |= self._health.input_texts(now, period_s)
            texts |= self._values
            texts["last error"] = self._last_error or "none"
            self._rejected.clear()
        return Status(verdict, texts)

    def _add(self, name: str, amount: int) -> None:
        self._counts[name] = self._counts.get(name, 0) + amount

    def _rates(self, now_ns: int, grown: Mapping[str, int]) -> dict[str, float]:
        since, self._reported_ns = self._reported_ns, now_ns
        self._reported = dict(self._counts)
        if since is None or now_ns <= since:
            return {}
        seconds = (now_ns - since) / SECOND_NS
        return {
            f"{name} per second": count / seconds
            for name, count in grown.items()
            if name == "outputs" or name.endswith(" in")
        }

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


def _rate_text(rate_hz: float | None, band_hz: tuple[float, float]) -> str:
    """What is wrong with the output rate; empty where nothing is."""
    low, high = band_hz
    if rate_hz is None or not ((low and rate_hz < low) or (high and rate_hz > high)):
        return ""
    return f"{rate_hz:.1f} outputs per second, expected {low:g} .. {high or '∞'}"


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
        self._problems: dict[str, Problem] = {}
        self._said = False
        self._throttle = Throttle(LOG_PERIOD_S)

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
        settings = self._settings
        band = (settings["expected_rate_min_hz"], settings["expected_rate_max_hz"])
        period_s = settings["diagnostics_period_s"]
        status = self._diagnostics.report(now.nanoseconds, band, period_s)
        self._log(status.verdict)
        message = DiagnosticArray()
        message.header.stamp = now.to_msg()
        message.status.append(
            DiagnosticStatus(
                level=_LEVELS[status.verdict.level],
                name=f"{self._node.get_fully_qualified_name()}: stream",
                message=status.verdict.sentence,
                hardware_id=self._node.get_name(),
                values=[KeyValue(key=key, value=value) for key, value in status.values.items()],
            )
        )
        self._publisher.publish(message)

    def _log(self, verdict: Verdict) -> None:
        """Says once what has gone wrong, and once that all is well again."""
        self._problems, fresh, well = changes(self._problems, verdict)
        logger = self._node.get_logger()
        for problem in fresh:
            if self._throttle.allows(problem.name):
                self._said = True
                if not problem.said:
                    logger.warning(problem.text)
        if well and self._said:
            self._said = False
            logger.info(f"well again: {verdict.sentence}")
