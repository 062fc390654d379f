"""A camera that sweeps in real time before a node that somebody listens to, with faults to make."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import rclpy
from ddff_perception.msg import FocusState
from live_camera import FRAME, STACK
from live_health import Reports, level
from live_ros import RosSession
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from ddff_perception.depth_from_focus.node import DepthFromFocusNode
from ddff_perception.ros import messages

PERIOD_S = 0.4
STEP_S = 0.04
RUNNING = "running"


class Sweeping:
    """A node that somebody listens to, and a camera that sweeps until a fault is made."""

    def __init__(self, ros: RosSession, **parameters: Any) -> None:
        given = {"diagnostics_period_s": PERIOD_S, **parameters}
        overrides = [Parameter(name, value=value) for name, value in given.items()]
        self.node = ros.add(DepthFromFocusNode(parameter_overrides=overrides))
        assert self.node.start()
        self._ros = ros
        self.depth: list[Image] = []
        self.reports = Reports(ros, self.node)
        self.listen()
        self._images = ros.talk(Image, "image_rect")
        self._states = ros.talk(FocusState, "focus_state")
        self.wait()
        self._started_s = self._shot_s = time.monotonic()
        self._shot = 0
        self.mend()

    def listen(self) -> None:
        """Somebody listens to depth from now on."""
        self._ear = self._ros.add(rclpy.create_node("ear"))
        self._ear.create_subscription(Image, "depth/image_rect", self.depth.append, 100)

    def leave(self) -> None:
        """Nobody listens any more."""
        self._ros.remove(self._ear)
        self._ros.wait_for(lambda: not self.node.wanted("depth/image_rect"), "the ear to be gone")

    def wait(self) -> None:
        """Until the node hears what is shot."""
        for publisher in (self._images, self._states):
            self._ros.wait_met(publisher)

    def mend(self) -> None:
        """No fault any more."""
        self.images = self.states = True
        self.slices = list(range(len(STACK.slices)))
        self.late_ns = 0
        self.encoding = ""
        self.shift_px = 0
        self.ahead_ns = 0
        self.frames = [FRAME]
        self.stack = STACK

    def until(self, words: str, *levels: int) -> tuple[Any, int]:
        """Sweeps until a report says so: the report, and its number from now on."""
        begun, deadline = len(self.reports.all), time.monotonic() + 30.0
        while time.monotonic() < deadline:
            self.shoot()
            for number, status in enumerate(self.reports.all[begun:], 1):
                if words in status.message and level(status) in levels:
                    return status, number
        raise AssertionError(f"no {words!r} in {self.reports.sentences[-3:]}")

    def shoot(self) -> None:
        """One image with its focus state, when it is due."""
        item = self.stack.slices[self.slices[self._shot % len(self.slices)]]
        self._shot += 1
        time.sleep(max(self._shot_s + STEP_S - time.monotonic(), 0.0))
        self._shot_s = time.monotonic()
        stamp = 10**12 + round(1e9 * (self._shot_s - self._started_s)) + self.ahead_ns
        frame = self.frames[self._shot % len(self.frames)]
        if self.states:
            header = messages.header_at(stamp - self.late_ns, frame)
            state = messages.focus_state_message(header, item.focus_distance_m)
            self._states.publish(state)
        if self.images:
            picture = np.roll(item.image, self.shift_px * (self._shot % 4), axis=1)
            message = messages.image_message(picture, messages.header_at(stamp, frame))
            message.encoding = self.encoding or message.encoding
            self._images.publish(message)
