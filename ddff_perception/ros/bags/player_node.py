"""`bag_player`: plays a bag's topics over DDS without rosbag2 being installed.

Messages stay serialized from the file to the middleware, at the pace in which they were received.
For numbers that are the same on every run use `ddff bag eval`: playing races with the clock.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rclpy
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.logging import get_logger
from rclpy.node import Node

from ...types import InputError
from ..bond import end
from ..diagnostics import Diagnostics, DiagnosticsPublisher
from ..health import Causes
from ..interface import COMMON_PARAMETERS
from ..parameters import NodeParameters
from .interface import BAG_PLAYER, PlayerSettings
from .recorder_node import import_message, recorded_profile

if TYPE_CHECKING:
    from ...files.bags import BagTopic
    from ...files.bags_salvage import RawMessage

# Bytes at the start of every serialized message that say how it is encoded (CDR).
_SMALLEST = 4
# A reader that was found a moment ago, or is starved for a second, still gets what was sent.
_DEPTH = 100
# How long the end waits for a topic's readers that live but do not answer.
_LAST_WAIT_S = 30.0
_CAUSES = Causes(
    faults={"damaged messages": "{count} damaged messages are left out"},
    idle="no message is due, or nobody listens yet",
)


class PlayerNode(Node):
    """Publishes a bag's messages when they are due."""

    def __init__(self) -> None:
        # Here, so that `main` can say in words that rosbags is not installed.
        from ...files.bags import BagReader

        super().__init__(BAG_PLAYER.name)
        parameters = NodeParameters(self, BAG_PLAYER.parameters)
        parameters.warn_of_unknown([])
        self._settings = PlayerSettings.of(parameters.values)
        if not self._settings.bag:
            raise InputError("bag_player needs the parameter bag: name a bag")
        self._bag = BagReader(Path(self._settings.bag).expanduser())
        self._stamped: set[str] = set()
        self._topic_publishers: dict[str, Any] = {}
        for topic in self._chosen():
            self._advertise(topic)
        if not self._topic_publishers:
            raise InputError(f"{self._bag.path} has no topic that can be played here")
        self.played = 0
        self._empty = 0
        self.diagnostics = Diagnostics(causes=_CAUSES)
        reporter = DiagnosticsPublisher(self, self.diagnostics, COMMON_PARAMETERS.complete())
        reporter.before_report(self._report)

    def play(self) -> None:
        """Plays the bag once, or for ever with `loop`; returns at the end.

        Raises InputError where there was nothing to play.
        """
        self._wait_for_subscribers()
        names = ", ".join(sorted(self._topic_publishers))
        self.get_logger().info(f"playing {names} from {self._bag.path}")
        while self._play_once() and self._settings.loop:
            pass
        self._wait_for_acknowledgements()
        if not self.played:
            raise InputError(f"{self._bag.path} holds no message that can be played")
        damage = f"; the bag is damaged: {self._bag.damage}" if self._bag.damage else ""
        lost = f", {self._damaged()} damaged ones left out" if self._damaged() else ""
        self.get_logger().info(f"{self.played} messages played{lost}{damage}")

    def close(self) -> None:
        self._bag.close()

    def _play_once(self) -> bool:
        """True if there was anything to play."""
        started_s, started_ns = time.monotonic(), self.get_clock().now().nanoseconds
        first_ns: int | None = None
        for message in self._bag.raw_messages(self._topic_publishers):
            first_ns = message.time_ns if first_ns is None else first_ns
            elapsed_ns = round((message.time_ns - first_ns) / self._settings.rate)
            self._pause_until(started_s + elapsed_ns / 1e9)
            self._publish(message, started_ns + elapsed_ns - message.time_ns)
        return first_ns is not None

    def _publish(self, message: RawMessage, shift_ns: int) -> None:
        from ...files.bags_messages import shift_stamp

        data = message.data
        # Readers drop content that makes no sense, but one that is empty blocks them for good.
        if len(data) < _SMALLEST:
            self._empty += 1
            return
        if self._settings.restamp and message.topic in self._stamped:
            data = shift_stamp(data, shift_ns)
        self._topic_publishers[message.topic].publish(data)
        self.diagnostics.sent(message.topic)
        self.played += 1

    def _report(self) -> None:
        self.diagnostics.set_total("messages", self.played)
        self.diagnostics.set_total("damaged messages", self._damaged())

    def _damaged(self) -> int:
        return self._empty + self._bag.unreadable

    def _pause_until(self, due_s: float) -> None:
        while (left_s := due_s - time.monotonic()) > 0.0:
            rclpy.spin_once(self, timeout_sec=left_s)

    def _wait_for_subscribers(self) -> None:
        until_s = time.monotonic() + self._settings.wait_for_subscribers
        while not any(p.get_subscription_count() for p in self._topic_publishers.values()):
            if time.monotonic() >= until_s:
                return
            self._pause_until(time.monotonic() + 0.02)

    def _wait_for_acknowledgements(self) -> None:
        """What a reader has not got when the process ends is lost."""
        for publisher in self._topic_publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=_LAST_WAIT_S))

    def _chosen(self) -> list[BagTopic]:
        wanted = [self.resolve_topic_name(name) for name in self._settings.topics if name]
        missing = [name for name in wanted if name not in self._bag.topics]
        if missing:
            there = ", ".join(self._bag.topics)
            raise InputError(f"the bag has no topic {missing[0]}; it has: {there}")
        return [self._bag.topics[name] for name in wanted or self._bag.topics]

    def _advertise(self, topic: BagTopic) -> None:
        from ...files.bags_types import has_header

        try:
            message_class = import_message(topic.type)
        except InputError as error:
            self.get_logger().warning(f"{topic.name} is not played: {error}")
            return
        profile = recorded_profile(topic.reliable, topic.latched, _DEPTH)
        publisher = self.create_publisher(message_class, topic.name, profile)
        self._topic_publishers[topic.name] = publisher
        if has_header(self._bag.store, topic.type):
            self._stamped.add(topic.name)


def main(arguments: list[str] | None = None) -> int:
    """Plays a bag and returns the exit status: 2 where it cannot be played."""
    rclpy.init(args=arguments)
    node: PlayerNode | None = None
    try:
        node = PlayerNode()
        node.play()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except InputError as error:
        get_logger(BAG_PLAYER.name).fatal(str(error))
        return 2
    finally:
        if node is not None:
            node.close()
        end(node)
    return 0


if __name__ == "__main__":
    sys.exit(main())
