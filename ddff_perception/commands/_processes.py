"""Nodes as processes of their own: started, watched, ended in order."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ..files.results import record_growing

_FIRST_PRIVATE_DOMAIN, _LAST_DOMAIN = 60, 101
_LOG_LINES = 12
_PATIENCE_S = 15.0
# After a failure or a signal nobody wants to wait for long.
_GRACE_S = 5.0


# <linux/prctl.h>: the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1


class ProcessError(RuntimeError):
    """A process did not do what it was started for; the message says which and why."""


class NodeProcess:
    """One node, running `python -m MODULE`, whose output goes to a file."""

    def __init__(
        self, name: str, module: str, arguments: Sequence[str], log: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        record_growing(log)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                # Ctrl-C reaches the parent alone, which then ends its nodes in order.
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def check(self) -> None:
        """Raises ProcessError if the process has ended."""
        status = self._process.poll()
        if status is not None:
            raise ProcessError(self._failure(f"ended with status {status}"))

    def stop(self) -> None:
        """Ends the process with SIGINT; raises ProcessError if that does not go well."""
        self.interrupt()
        try:
            status = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessError(self._failure(f"did not end within {_PATIENCE_S:g} s")) from None
        if status != 0:
            raise ProcessError(self._failure(f"ended with status {status}"))

    def interrupt(self) -> None:
        """Tells the process to end, as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def kill(self, grace_s: float = 0.0) -> None:
        """Ends the process whatever it does, if it is not gone in `grace_s`; safe to repeat."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
            return
        self._process.kill()
        self._process.wait()

    def _failure(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        said = "\n  ".join(lines) or "nothing"
        return f"{self.name} {what}; it said (all in {self.log}):\n  {said}"


class NodeProcesses:
    """Several nodes as one; all are gone when the block ends, however it ends.

    Within the block SIGTERM ends this process like an exception, so that the block can end them.
    """

    def __init__(self, logs: Path, env: Mapping[str, str]) -> None:
        self._logs = logs
        self._env = env
        self._running: list[NodeProcess] = []
        self._starting = False
        self._told_to_end = False

    def __enter__(self) -> NodeProcesses:
        self._before = signal.signal(signal.SIGTERM, self._end)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running:
            process.interrupt()
        until = time.monotonic() + _GRACE_S
        for process in self._running:
            process.kill(max(0.0, until - time.monotonic()))
        signal.signal(signal.SIGTERM, self._before)

    def start(self, name: str, module: str, arguments: Sequence[str]) -> NodeProcess:
        """Starts a node; its output goes to `name`.txt in the folder for logs."""
        self._starting = True
        try:
            process = NodeProcess(name, module, arguments, self._logs / f"{name}.txt", self._env)
            self._running.append(process)
        finally:
            self._starting = False
        if self._told_to_end:
            raise SystemExit(128 + signal.SIGTERM)
        return process

    def _end(self, number: int, _frame: object) -> None:
        """Not while a node is being started: nobody would know of it, and end it."""
        self._told_to_end = True
        if not self._starting:
            raise SystemExit(128 + number)

    def check(self) -> None:
        """Raises ProcessError if any of them has ended."""
        for process in self._running:
            process.check()

    def stop(self) -> None:
        """Ends the nodes, the last started first."""
        while self._running:
            process = self._running[-1]
            process.stop()
            self._running.pop()

    def wait(self, seconds: float, step_s: float = 0.1) -> None:
        """Lets them run; raises ProcessError as soon as one ends."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(step_s, left))


def _end_with_parent() -> None:
    """Runs in the child before its program: a parent that is killed takes its nodes along."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def private_domain(env: Mapping[str, str]) -> dict[str, str]:
    """`env` so that nodes neither meet others of this host nor of the network.

    A domain that the user chose (ROS_DOMAIN_ID) stays.
    """
    result = dict(env)
    result.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if "ROS_DOMAIN_ID" not in env:
        span = _LAST_DOMAIN - _FIRST_PRIVATE_DOMAIN + 1
        first = os.getpid() % span
        candidates = (_FIRST_PRIVATE_DOMAIN + (first + n) % span for n in range(span))
        domain = next((domain for domain in candidates if _unused(domain)), 0)
        result["ROS_DOMAIN_ID"] = str(domain)
    return result


def _unused(domain: int) -> bool:
    """Whether no DDS participant of this host has the domain's first port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", 7400 + 250 * domain))
        except OSError:
            return False
    return True
