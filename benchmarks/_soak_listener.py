"""What a node under soak says: its reports, its newest depth, how much of each output came."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Heard:
    """A report of the node, and when it came."""

    at_s: float
    level: int
    sentence: str
    values: dict[str, str]


class Listener:
    """Subscribes to every output of the node `tested` by `node`, and keeps what it reports and the
    newest depth.
    """

    def __init__(self, node: Any, tested: str) -> None:
        from diagnostic_msgs.msg import DiagnosticArray

        self._node, self._tested = node, tested
        self.reports: list[Heard] = []
        self.depths: list[Any] = []
        self.counts: dict[str, int] = defaultdict(int)
        self._subscriptions: list[Any] = []
        node.create_subscription(DiagnosticArray, "/diagnostics", self._report, 100)
        self.listen()

    def listen(self) -> None:
        """Somebody listens to each output from now on."""
        from ddff_perception.ros.interface import message_class
        from ddff_perception.ros.nodes import node_interface
        from ddff_perception.ros.qos import PROFILES

        for topic in node_interface(self._tested).outputs:
            kind, decoded = message_class(topic.type), topic.name == "depth/image_rect"
            heard = self._depth if decoded else self._counter(topic.name)
            profile = PROFILES["latched" if topic.qos == "latched" else "stream"]()
            self._subscriptions.append(
                self._node.create_subscription(kind, topic.name, heard, profile, raw=not decoded)
            )

    def leave(self) -> None:
        """Nobody listens any more, from the executor's next turn on: destroyed from this thread a
        subscription may vanish while the executor gathers what to wait for.
        """
        while self._subscriptions:
            subscription = self._subscriptions.pop()
            self._node.executor.create_task(self._node.destroy_subscription, subscription)

    def after(self, at_s: float) -> list[Heard]:
        """The reports since then."""
        found = []
        for report in reversed(self.reports):
            if report.at_s <= at_s:
                break
            found.append(report)
        return found[::-1]

    def _counter(self, name: str) -> Callable[[bytes], None]:
        def count(_: bytes) -> None:
            self.counts[name] += 1

        return count

    def _depth(self, message: Any) -> None:
        self.counts["depth/image_rect"] += 1
        self.depths = [*self.depths[-60:], message]

    def _report(self, message: Any) -> None:
        for status in message.status:
            if status.hardware_id == self._tested:
                values = {item.key: item.value for item in status.values}
                level = int.from_bytes(status.level)
                self.reports.append(Heard(time.monotonic(), level, status.message, values))
