"""What every simulated sensor's node shares: frames at a rate, all topics of one with one stamp."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from rclpy.clock import Clock, ClockType
from std_msgs.msg import Header

from .lifecycle import PerceptionNode
from .messages import stamp_ns

F = TypeVar("F")


class TickingNode(PerceptionNode):
    """Does something again and again while it is active; a node fills in `tick`."""

    _timer: Any = None
    _period_s = 0.0

    def tick(self) -> None:
        """What is done once per period."""
        raise NotImplementedError

    def deactivate(self) -> None:
        self.stop_ticking()

    @property
    def ticking(self) -> bool:
        """Whether the node ticks now."""
        return self._timer is not None

    def tick_every(self, period_s: float, *, steady: bool = False) -> None:
        """Ticks every `period_s` seconds of the node's clock from now on; `steady`: of one that
        simulation does not stop.
        """
        if self.ticking and self._period_s == period_s:
            return
        # Another period of the same timer would only count from its next call on.
        self.stop_ticking()
        self._period_s = period_s
        clock = Clock(clock_type=ClockType.STEADY_TIME) if steady else None
        self._timer = self.create_timer(period_s, self.tick, clock=clock)

    def stop_ticking(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None


class SensorNode(TickingNode, Generic[F]):
    """Publishes one frame `F` per period, at `rate_hz` unless the frames say otherwise.

    A sensor fills in `configure` (opens what is shown), `activate` (begins at the start, and calls
    this one's), `image_topics`, `next_frame` and `publish`. Parameters that it must have:
    `rate_hz`, `frame_id`, `wait_for_subscribers`.
    """

    def image_topics(self) -> tuple[str, ...]:
        """The outputs whose listeners are waited for: the one that has the most counts."""
        raise NotImplementedError

    def next_frame(self) -> F | None:
        """The frame to publish now; None at the end, where the sensor stops."""
        raise NotImplementedError

    def publish(self, frame: F, header: Header) -> None:
        """Sends everything of one instant."""
        raise NotImplementedError

    def activate(self) -> None:
        self.tick_every(1.0 / self.settings["rate_hz"])

    def values_changed(self, changed: frozenset[str]) -> None:
        if "rate_hz" in changed and self.ticking:
            self.tick_every(1.0 / self.settings["rate_hz"])

    def tick(self) -> None:
        listeners = max(self.subscribers(name) for name in self.image_topics())
        if listeners < self.settings["wait_for_subscribers"]:
            return
        frame = self.next_frame()
        if frame is None:
            self.get_logger().info("the sweep is over; set the parameter loop to go on for ever")
            self.stop_ticking()
            return
        stamp = self.get_clock().now().to_msg()
        self.publish(frame, Header(stamp=stamp, frame_id=self.settings["frame_id"]))
        now_ns = self.get_clock().now().nanoseconds
        self.diagnostics.count_output(stamp_ns(stamp), now_ns)
