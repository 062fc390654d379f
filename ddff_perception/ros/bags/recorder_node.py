"""`bag_recorder`: records topics to a rosbag2 bag without rosbag2 being installed.

Messages stay serialized from the middleware to the file. Topics may appear later; their quality of
service is taken from whoever publishes them.
"""

from __future__ import annotations

import importlib
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.subscription import Subscription

from ...types import InputError
from ..diagnostics import Diagnostics, DiagnosticsPublisher
from ..health import Causes
from ..interface import COMMON_PARAMETERS
from ..parameters import NodeParameters
from .interface import BAG_RECORDER, RecorderSettings

_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]*/msg/[A-Za-z][A-Za-z0-9_]*")
# A signal does not end the middleware's wait: so long at most until it is heeded.
_WAIT_S = 0.1


_DROPPED = "dropped: the disk is too slow"
_CAUSES = Causes(
    faults={
        _DROPPED: "{count} messages dropped: the disk is too slow, record fewer topics or raise "
        "buffer_mb"
    },
    events=True,
    idle="no message has come lately",
)


class RecorderNode(Node):
    """Subscribes to the serialized messages of each topic once somebody publishes it."""

    def __init__(self, **node_arguments: Any) -> None:
        # Here, so that `main` can say in words that rosbags is not installed.
        from ...files.bags_recording import BagRecording

        super().__init__(BAG_RECORDER.name, **node_arguments)
        parameters = NodeParameters(self, BAG_RECORDER.parameters)
        parameters.warn_of_unknown([])
        settings = RecorderSettings.of(parameters.values)
        self._depth = settings.queue_depth
        self._wanted = {self.resolve_topic_name(name) for name in settings.topics if name}
        if not self._wanted:
            raise InputError("bag_recorder needs the parameter topics: name at least one topic")
        self._recorded: list[Subscription] = []
        self._path = Path(settings.output)
        self.recording = BagRecording(
            self._path,
            settings.storage,
            compress=settings.compress,
            buffer_bytes=settings.buffer_mb * 1_000_000,
        )
        self.diagnostics = Diagnostics(causes=_CAUSES)
        self._reporter = DiagnosticsPublisher(self, self.diagnostics, COMMON_PARAMETERS.complete())
        self._reporter.before_report(self._report)
        self.create_timer(settings.discovery_period, self._watch)
        self.get_logger().info(f"recording {len(self._wanted)} topics to {self._path}")

    def close(self) -> None:
        """Completes the bag and says what is in it; raises InputError if the recording failed.

        What has arrived by then is in it, also what no callback was told of yet; the node must not
        be spinning any more.
        """
        if self.recording.failure is None:
            for subscription in self._recorded:
                self._take_waiting(subscription)
        self.recording.close()
        lost = self.recording.dropped
        note = f", {lost} dropped because the disk was too slow" if lost else ""
        self.get_logger().info(f"{self.recording.written} messages in {self._path}{note}")
        if self._wanted:
            missing = ", ".join(sorted(self._wanted))
            self.get_logger().warning(f"nobody published {missing}")

    def _watch(self) -> None:
        if self.recording.failure is not None:
            raise InputError(self.recording.failure)
        for topic in sorted(self._wanted):
            publishers = self.get_publishers_info_by_topic(topic)
            if not publishers:
                continue
            self._wanted.discard(topic)
            try:
                self._subscribe(topic, publishers)
            except InputError as error:
                self.get_logger().error(f"{topic} is not recorded: {error}")

    def _subscribe(self, topic: str, publishers: list[Any]) -> None:
        kind = publishers[0].topic_type
        profiles = [publisher.qos_profile for publisher in publishers]
        reliable = all(p.reliability != ReliabilityPolicy.BEST_EFFORT for p in profiles)
        latched = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in profiles)
        message_class = import_message(kind)
        self.recording.add_topic(topic, kind, reliable=reliable, latched=latched, depth=self._depth)
        profile = recorded_profile(reliable, latched, self._depth)
        callback = self._callback(topic)
        subscription = self.create_subscription(message_class, topic, callback, profile, raw=True)
        self._recorded.append(subscription)
        self.diagnostics.expect(recorded.topic_name for recorded in self._recorded)
        self.get_logger().info(f"recording {topic} ({kind})")

    def _take_waiting(self, subscription: Subscription) -> None:
        """Records what the middleware keeps for a subscription."""
        # No more than it can keep: what still comes in must not hold up the end for ever.
        for _ in range(self._depth):
            with subscription.handle:
                taken = subscription.handle.take_message(subscription.msg_type, True)
            if taken is None:
                return
            data, information = taken
            if hasattr(Subscription, "CallbackType"):
                subscription.callback(data, information)
            else:
                subscription.callback(data)

    def _callback(self, topic: str) -> Any:
        """Stamps with the middleware's receive time where rclpy tells it (Iron and later)."""

        def with_information(data: bytes, information: dict[str, int]) -> None:
            received_ns = information.get("received_timestamp") or 0
            self._take(topic, received_ns or self.get_clock().now().nanoseconds, data)

        def plain(data: bytes) -> None:
            self._take(topic, self.get_clock().now().nanoseconds, data)

        return with_information if hasattr(Subscription, "CallbackType") else plain

    def _take(self, topic: str, time_ns: int, data: bytes) -> None:
        self.diagnostics.arrived(topic)
        if self.recording.put(topic, time_ns, data):
            self.diagnostics.sent(topic)

    def _report(self) -> None:
        self.diagnostics.set_total("messages", self.recording.written)
        self.diagnostics.set_total(_DROPPED, self.recording.dropped)
        missing = ", ".join(sorted(self._wanted))
        self.diagnostics.set_condition(
            "missing topics",
            missing and f"nobody publishes {missing}: check the names (`ros2 topic list`)",
        )


def recorded_profile(reliable: bool, latched: bool, depth: int) -> QoSProfile:
    """The quality of service of a topic as a bag has it."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def import_message(kind: str) -> Any:
    """The class of the message type "package/msg/Type"; raises InputError if it is not there."""
    if _TYPE_NAME.fullmatch(kind) is None:
        raise InputError(f"{kind[:80]!r} is not a message type")
    package, _, name = kind.split("/")
    try:
        message_class = getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError) as error:
        raise InputError(f"the message {kind} is not installed: source its workspace") from error
    if not hasattr(message_class, "get_fields_and_field_types"):
        raise InputError(f"{kind} is not a message type")
    return message_class


def main(arguments: list[str] | None = None) -> int:
    """Records until SIGINT or SIGTERM; returns the exit status."""
    told = threading.Event()
    # An exception out of a signal would lose the message that is being taken; and the middleware
    # must outlive it, so that the bag is completed and reported.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    node: RecorderNode | None = None
    status = 0
    try:
        executor = SingleThreadedExecutor()
        node = RecorderNode()
        executor.add_node(node)
        while not told.is_set():
            executor.spin_once(timeout_sec=_WAIT_S)
    except ExternalShutdownException:
        pass
    except InputError as error:
        get_logger(BAG_RECORDER.name).fatal(str(error))
        status = 2
    finally:
        if node is not None:
            status = _finish(node) or status
        rclpy.try_shutdown()
    return status


def _finish(node: RecorderNode) -> int:
    try:
        node.close()
    except InputError as error:
        node.get_logger().fatal(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
