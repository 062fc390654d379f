"""What a node says about itself on /diagnostics, as a test hears it."""

from __future__ import annotations

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from live_ros import PATIENCE_S, RosSession

OK, WARN, ERROR = (int.from_bytes(level) for level in (b"\0", b"\1", b"\2"))


class Reports:
    """The reports of one node from now on."""

    def __init__(self, ros: RosSession, node: Any) -> None:
        self._ros = ros
        self._name = f"{node.get_fully_qualified_name()}: stream"
        self._heard = ros.listen(DiagnosticArray, "/diagnostics")

    @property
    def all(self) -> list[DiagnosticStatus]:
        return [s for message in self._heard for s in message.status if s.name == self._name]

    def wait_for(self, words: str, *levels: int, timeout_s: float = PATIENCE_S) -> DiagnosticStatus:
        """The next report with `words` in its sentence, of one of `levels` if given."""
        return self._found(len(self.all), words, levels, timeout_s)

    def wait_told(self, words: str, *levels: int) -> DiagnosticStatus:
        """The like, where it may have come already: what an event causes is told once."""
        return self._found(0, words, levels, PATIENCE_S)

    def _found(
        self, begun: int, words: str, levels: tuple[int, ...], timeout_s: float
    ) -> DiagnosticStatus:
        deadline = time.monotonic() + timeout_s
        found: list[DiagnosticStatus] = []
        while not found:
            assert time.monotonic() < deadline, f"no {words!r}, but: {self.sentences[-3:]}"
            time.sleep(0.005)
            found = [
                status
                for status in self.all[begun:]
                if words in status.message and (not levels or level(status) in levels)
            ]
        return found[0]

    @property
    def sentences(self) -> list[str]:
        return [status.message for status in self.all]


def level(status: DiagnosticStatus) -> int:
    """The level as a number."""
    return int.from_bytes(status.level)


def values(status: DiagnosticStatus) -> dict[str, str]:
    """The named values of a report."""
    return {item.key: item.value for item in status.values}
