"""Live topics as a source: one node that subscribes only to what is looked at."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node, NodeNameNonExistentError
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions

from ..capability import View
from ..files.bags_types import DIAGNOSTICS
from ..parameters import Parameter, Value
from ..ros.bags.recorder_node import import_message
from ..ros.qos import PROFILES, is_latched
from ..types import InputError
from .layout import Subject, guessed_view, node_view
from .remote_node import RemoteParameters
from .source import Answer, Arrival, Arrivals, Status

_DIAGNOSTICS = "/diagnostics"
# How often a node is asked for its parameters until it answers.
_ASK_S = 1.0


class LiveNode(Node):
    """Nodes, topics, parameters and diagnostics as they are now.

    Messages stay serialized until they are shown; all of it happens within `wait` and `take`, in
    the thread that calls them.
    """

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(f"ddff_view_{os.getpid()}", **node_arguments)
        self.name = f"ROS domain {os.environ.get('ROS_DOMAIN_ID') or 0}"
        self.unreadable = ""
        self.streams: dict[str, Any] = {}
        self._types: dict[str, str] = {}
        self._classes: dict[str, Any] = {}
        self._arrivals = Arrivals()
        self._remote: RemoteParameters | None = None
        self._asked_s = 0.0
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self)

    def subjects(self) -> list[Subject]:
        graph = {name: types[0] for name, types in self.get_topic_names_and_types() if types}
        found = []
        for name, space in sorted(self.get_node_names_and_namespaces()):
            if name == self.get_name() or name.startswith("_"):
                continue
            full = f"{space.rstrip('/')}/{name}"
            found.append(self._subject(full, name, space, graph))
        # Nodes that a capability knows come first.
        return sorted(found, key=lambda item: node_view(item.name.rpartition("/")[2]) is None)

    def choose(self, subject: str) -> None:
        if self._remote is not None:
            if self._remote.target == subject:
                return
            self._remote.close()
            self._remote = None
        if subject:
            self._remote = RemoteParameters(self, subject)
            self._asked_s = 0.0

    def follow(self, topics: Mapping[str, str]) -> None:
        wanted = {**topics, _DIAGNOSTICS: DIAGNOSTICS} if topics else {}
        for topic in set(self.streams) - set(wanted):
            self.destroy_subscription(self.streams.pop(topic))
        if not wanted:
            self._arrivals.forget()
        for topic, kind in wanted.items():
            if topic not in self.streams:
                self._subscribe(topic, kind)

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._ask_for_parameters()
        while (left := until - time.monotonic()) > 0 and self.context.ok():
            self._executor.spin_once(timeout_sec=left)

    def take(self) -> dict[str, Arrival]:
        found = {}
        for topic, raw in self._arrivals.take().items():
            message = self._parsed(topic, raw)
            if message is not None:
                times = self._arrivals.last_s(topic), self._arrivals.rate_hz(topic)
                found[topic] = Arrival(message, self._types[topic], *times)
        return found

    def statuses(self) -> list[Status]:
        return self._arrivals.statuses()

    def parameters(self) -> Mapping[str, Parameter] | None:
        return None if self._remote is None else self._remote.values

    def set_parameter(self, name: str, value: Value, answer: Answer) -> None:
        if self._remote is None:
            answer("no node is chosen")
        else:
            self._remote.set(name, value, answer)

    def close(self) -> None:
        self._executor.shutdown()
        self.destroy_node()

    def _subject(self, full: str, name: str, space: str, graph: Mapping[str, str]) -> Subject:
        """A node's own topics, and those of its namespace: a lazy node's inputs are not its own."""
        inside = space.rstrip("/") + "/"
        topics = {topic: kind for topic, kind in graph.items() if topic.startswith(inside)}
        for ask in (
            self.get_publisher_names_and_types_by_node,
            self.get_subscriber_names_and_types_by_node,
        ):
            try:
                own = ask(name, space)
            except NodeNameNonExistentError:  # it has gone meanwhile
                continue
            topics.update({topic: types[0] for topic, types in own if types})
        view: View | None = node_view(name)
        return Subject(full, topics, view or guessed_view(topics), space, (full,))

    def _subscribe(self, topic: str, kind: str) -> None:
        try:
            self._classes[topic] = import_message(kind)
        except InputError as error:
            self.unreadable = f"{topic}: {error}"
            return
        latched = [is_latched(p) for p in self.get_publishers_info_by_topic(topic)]
        profile = "latched" if latched and all(latched) else "sensor"

        def came(raw: bytes) -> None:
            if kind == DIAGNOSTICS:
                message = self._parsed(topic, raw)
                if message is not None:
                    self._arrivals.add_statuses(message)
            else:
                self._arrivals.add(topic, raw)

        self._types[topic] = kind
        self.streams[topic] = self.create_subscription(
            self._classes[topic], topic, came, PROFILES[profile](), raw=True
        )

    def _parsed(self, topic: str, raw: bytes) -> Any:
        try:
            return deserialize_message(raw, self._classes[topic])
        except Exception as error:  # what the middleware's parsers raise on damaged content
            self.unreadable = f"{topic}: a message makes no sense ({type(error).__name__})"
            return None

    def _ask_for_parameters(self) -> None:
        """Until they have come; later changes are told by the node."""
        now, remote = time.monotonic(), self._remote
        unknown = remote is not None and remote.values is None
        if remote is not None and unknown and self.streams and now - self._asked_s > _ASK_S:
            self._asked_s = now
            remote.refresh()


def open_live() -> LiveNode:
    """A source of this ROS domain, in a process that has no other nodes; Ctrl-C stays Python's."""
    if not rclpy.ok():
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    return LiveNode()
