"""A node's bond to its lifecycle manager, and its end.

Heartbeats, by which Nav2's manager knows that the node lives: the protocol of bond_core, as Nav2's
own nodes speak it: on the topic `bond` each side says that it is active, again and again, until one
says that it no longer is. A node never takes its manager's silence amiss; the manager takes the
node's.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from .interface import message_class

STATUS = "bond/msg/Status"
CONNECT_TIMEOUT_S = 10.0
"""Where nobody answers for so long, the bond is given up (bond/msg/Constants)."""
HEARTBEAT_TIMEOUT_S = 4.0
"""What is said of how long the other side may be silent, as Nav2's nodes say it."""


class Side:
    """One side of a bond: what it says when, by a clock in seconds."""

    def __init__(self, now_s: float) -> None:
        self._begun_s = now_s
        self._formed = False
        self.alive = True

    def beat(self, now_s: float) -> bool:
        """Whether it says now that it is active."""
        if not self._formed and now_s - self._begun_s > CONNECT_TIMEOUT_S:
            self.alive = False
        return self.alive

    def hear(self, active: bool) -> bool:
        """The other side spoke; whether to answer that this one is no longer active."""
        if active:
            self._formed = True
            return False
        was, self.alive = self.alive, False
        return was


class Bond:
    """The bond of `node`; where the package bond is not installed, there is none."""

    def __init__(self, node: Any, period_s: float) -> None:
        self._node = node
        self._period_s = period_s
        self._side: Side | None = None
        self._instance = ""
        self._publisher: Any = None
        self._timer: Any = None

    @classmethod
    def of(cls, node: Any) -> Bond:
        """As the node's parameters say; one that starts by itself has no manager."""
        managed = not node.settings["autostart"]
        return cls(node, node.settings["bond_heartbeat_period"] if managed else 0.0)

    def form(self) -> None:
        """Beats from now on: the node is active."""
        if self._period_s <= 0.0:
            return
        try:
            status = message_class(STATUS)
        except ImportError:
            self._node.get_logger().info(
                "no bond to a lifecycle manager: the package bond is not installed; install it, or "
                "set bond_timeout of the manager to 0.0"
            )
            return
        if self._publisher is None:
            # They stay, so that the last word is not lost with its publisher.
            self._publisher = self._node.create_publisher(status, "bond", 5)
            self._node.create_subscription(status, "bond", self._hear, 100)
        self._instance = str(uuid.uuid4())
        self._side = Side(time.monotonic())
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self._node.create_timer(self._period_s, self._beat, clock=clock)
        self._beat()

    def part(self) -> None:
        """Says that the node is no longer active; safe to repeat."""
        if self._side is not None and self._side.alive:
            self._say(active=False)
        self._rest()

    def _beat(self) -> None:
        if self._side is not None and self._side.beat(time.monotonic()):
            self._say(active=True)
        else:
            self._rest()

    def _hear(self, message: Any) -> None:
        theirs = message.id == self._node.get_name() and message.instance_id != self._instance
        if self._side is None or not theirs:
            return
        if self._side.hear(bool(message.active)):
            self._say(active=False)
            self._rest()

    def _rest(self) -> None:
        self._side = None
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None

    def _say(self, active: bool) -> None:
        message = message_class(STATUS)()
        seconds, nanoseconds = divmod(time.monotonic_ns(), 10**9)
        message.header.stamp.sec, message.header.stamp.nanosec = seconds, nanoseconds
        message.id, message.instance_id = self._node.get_name(), self._instance
        message.active = active
        message.heartbeat_timeout = HEARTBEAT_TIMEOUT_S
        message.heartbeat_period = self._period_s
        self._publisher.publish(message)


def end(node: Node | None) -> None:
    """Frees the node and ends rclpy. Another Ctrl-C meanwhile leaves the rest to the end of the
    process.
    """
    with suppress(KeyboardInterrupt):
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
