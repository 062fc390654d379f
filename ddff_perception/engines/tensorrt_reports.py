"""What TensorRT says while it works: its log as ours, its build progress as a share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .settings import LOG

# Told what is done and the share of it, 0..1; False stops the build.
Progress = Callable[[str, float], "bool | None"]
_LOG_EVERY_S = 5.0
_KEPT_ERRORS = 5


def make_logger(trt: Any) -> Any:
    """An `ILogger` that writes to the log and keeps the last errors in `errors`."""

    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            levels = trt.ILogger.Severity
            if severity in (levels.INTERNAL_ERROR, levels.ERROR):
                self.errors = [*self.errors, " ".join(msg.split())][-_KEPT_ERRORS:]
                LOG.error("TensorRT: %s", msg)
            elif severity == levels.WARNING:
                LOG.warning("TensorRT: %s", msg)
            else:
                LOG.debug("TensorRT: %s", msg)

        def reason(self, otherwise: str) -> str:
            """The last error, or `otherwise` where the library said nothing."""
            return self.errors[-1] if self.errors else otherwise

    return Logger()


class PhaseProgress:
    """The share of a build that is done, from phases within phases; it never goes back."""

    def __init__(self) -> None:
        self._phases: dict[str, tuple[str | None, int, int]] = {}
        self._share = 0.0

    def start(self, phase: str, parent: str | None, steps: int) -> None:
        self._phases[phase] = (parent, max(steps, 1), 0)

    def step(self, phase: str, step: int) -> float:
        """Step number `step` (from 0) of `phase` is done; the share of the whole."""
        if phase in self._phases:
            parent, steps, _ = self._phases[phase]
            self._phases[phase] = (parent, steps, min(step + 1, steps))
        share, name, inner = 0.0, phase, 0.0
        while name in self._phases:
            parent, steps, done = self._phases[name]
            inner = share = min((done + inner) / steps, 1.0)
            if parent is None:
                break
            name = parent
        self._share = max(self._share, share)
        return self._share

    def finish(self, phase: str) -> None:
        self._phases.pop(phase, None)


def make_progress_monitor(trt: Any, model: str, progress: Progress | None) -> Any:
    """An `IProgressMonitor` that logs every few seconds and tells `progress` of every step."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.stopped = False
            self._phases = PhaseProgress()
            self._logged = time.monotonic()

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._phases.start(phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            share = self._phases.step(phase_name, step)
            if time.monotonic() - self._logged > _LOG_EVERY_S:
                self._logged = time.monotonic()
                LOG.info("building %s for TensorRT: %.0f %%", model, 100 * share)
            if progress is not None and progress(f"building {model}", share) is False:
                self.stopped = True
            return not self.stopped

        def phase_finish(self, phase_name: str) -> None:
            self._phases.finish(phase_name)

    return Monitor()
