"""A focus-sweeping camera that publishes over live DDS, for tests of the node that listens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ddff_perception.msg import FocusState
from live_ros import RosSession
from sensor_msgs.msg import CameraInfo, Image
from sweeps import wall_stack

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.ros import messages
from ddff_perception.types import FocalStack, FocusSlice

FRAME = "camera_optical_frame"
STEP_NS = 100_000_000
STACK = wall_stack()


class Camera:
    """Publishes a sweep, image by image, as the node takes them."""

    def __init__(
        self, ros: RosSession, node: DepthFromFocusNode, stack: FocalStack = STACK
    ) -> None:
        self.ros = ros
        self.node = node
        self.stack = stack
        self.stamp_ns = 1_000 * 10**9
        self.images = ros.talk(Image, "image_rect")
        self.infos = ros.talk(CameraInfo, "camera_info")
        self.states = ros.talk(FocusState, "focus_state")
        self.with_info = True
        self.with_state = True

    def wait(self) -> None:
        """Until the node subscribes to everything."""
        for publisher in (self.images, self.infos, self.states):
            self.ros.wait_met(publisher)

    def shoot(self, item: FocusSlice, message: Image | None = None, **state: Any) -> int:
        """One frame; returns its stamp."""
        self.stamp_ns += STEP_NS
        header = messages.header_at(self.stamp_ns, FRAME)
        if self.with_info:
            size = (item.image.shape[1], item.image.shape[0])
            info = messages.camera_info_message(self.stack.camera, header, size)
            self.infos.publish(info)
            self.ros.wait_for(
                lambda: getattr(self.node.camera.info, "header", None) == header, "camera_info"
            )
        if self.with_state:
            reading = messages.focus_state_message(header, item.focus_distance_m, **state)
            self._sent(self.states, reading, "focus_state in")
        if message is None:
            message = messages.image_message(item.image, header)
        else:
            message.header = header
        self._sent(self.images, message, "image_rect in")
        return self.stamp_ns

    def sweep(self) -> list[int]:
        return [self.shoot(item) for item in self.stack.slices]

    def _sent(self, publisher: Any, message: Any, counter: str) -> None:
        before = self.node.diagnostics.total(counter)
        publisher.publish(message)
        self.ros.wait_for(lambda: self.node.diagnostics.total(counter) > before, counter)


def settle(node: DepthFromFocusNode) -> None:
    """Until the node has done its work."""
    assert node._worker is not None and node._worker.wait_idle(60.0)


@contextmanager
def busy(node: Any) -> Iterator[None]:
    """The node's worker has something else to do meanwhile."""
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        done.wait(60.0)

    node.on_worker(work)
    assert begun.wait(60.0)
    try:
        yield
    finally:
        done.set()
