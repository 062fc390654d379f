"""A focus-sweeping camera at its own pace that can be made faulty, for the soak."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ddff_perception.msg import FocusState
from sensor_msgs.msg import CameraInfo, Image

from ddff_perception.ros import messages
from ddff_perception.types import FloatArray, FocalStack

FRAME = "camera_optical_frame"
FIELDS = ("encoding", "height", "width", "step", "data", "stamp", "frame_id")


@dataclass(frozen=True)
class Fault:
    """What the camera does wrong, and how the node is to tell of it: by `words` in the sentence of
    its diagnostics, or by a `counter` that grows. `wait_s`: how long the node's own parameters let
    it wait until this is a fault at all; `least_s`: how long it lasts at least.
    """

    camera: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    counter: str = ""
    wait_s: float = 0.0
    least_s: float = 0.0


class FaultyCamera:
    """Publishes a sweep, image by image; `set` makes and mends faults."""

    def __init__(self, node: Any, stack: FocalStack, truth: FloatArray, rate_hz: float) -> None:
        self._slices = stack.slices
        self._camera = stack.camera
        self._truth = truth
        self._period_s = 1.0 / rate_hz
        self._images = node.create_publisher(Image, "image_rect", 10)
        self._states = node.create_publisher(FocusState, "focus_state", 10)
        self._infos = node.create_publisher(CameraInfo, "camera_info", 10)
        self._random = np.random.default_rng(0)
        self._due_s = time.monotonic()
        self.mirrored = False
        self.sent = 0
        self.stamp_ns = 0
        self.set({})

    @property
    def sweep_ns(self) -> int:
        """Time between two images of one distance."""
        return round(len(self._slices) * self._period_s * 1e9)

    @property
    def is_heard(self) -> bool:
        """Whether somebody subscribes to its images and to where its lens is."""
        return all(p.get_subscription_count() for p in (self._images, self._states))

    @property
    def truth(self) -> FloatArray:
        """True depth of what it looks at now."""
        return self._truth[:, ::-1] if self.mirrored else self._truth

    def set(self, fault: Mapping[str, Any]) -> None:
        """Has this fault from now on, and no other."""
        self.images = self.states = True
        self.only: int | None = None  # so many of the slices
        self.late_s = self.jump_s = self.ahead_s = 0.0
        self.roll_px = 0
        self.changes: dict[str, Any] = {}  # of the fields of each image
        self.other_frame = self.twice = self.swapped = self.resized = self.noise = False
        self.wrong_info = False
        for name, value in fault.items():
            if not hasattr(self, name):
                raise ValueError(f"the camera has no fault {name!r}")
            setattr(self, name, value)
        self._held: Image | None = None

    def shoot(self) -> None:
        """The next image with what belongs to it, when it is due."""
        time.sleep(max(self._due_s - time.monotonic(), 0.0))
        # A machine that was away for a while does not get all its images at once.
        self._due_s = max(self._due_s + self._period_s, time.monotonic() - self._period_s)
        self.sent += 1
        self.stamp_ns = time.time_ns() + round(self.jump_s * 1e9)
        item = self._slices[self.sent % (self.only or len(self._slices))]
        frame = "other_frame" if self.other_frame and self.sent % 2 else FRAME
        header = messages.header_at(self.stamp_ns, frame)
        if self.states:
            late = messages.header_at(self.stamp_ns - round(self.late_s * 1e9), frame)
            self._states.publish(messages.focus_state_message(late, item.focus_distance_m))
        if self.images:
            picture = item.image[:, ::-1] if self.mirrored else item.image
            self._publish(self._message(picture, header))

    def _message(self, picture: Any, header: Any) -> Image:
        if self.roll_px:
            picture = np.roll(picture, self.roll_px * (self.sent % 4), axis=1)
        if self.resized and self.sent // 5 % 2:
            picture = picture[:, : picture.shape[1] // 2]
        message = messages.image_message(np.ascontiguousarray(picture), header)
        for name, value in self.changes.items():
            setattr(message, name, value)
        if self.ahead_s and self.sent % 5 == 0:
            message.header = messages.header_at(
                self.stamp_ns + round(self.ahead_s * 1e9), header.frame_id
            )
        if self.noise:
            self._scramble(message)
        height, width = picture.shape[:2]
        size = (width // 2, height) if self.wrong_info else (width, height)
        self._infos.publish(messages.camera_info_message(self._camera, header, size))
        return message

    def _publish(self, message: Image) -> None:
        if self.swapped:
            # Each second image comes after the one that was taken later.
            held, self._held = self._held, message if self._held is None else None
            if held is None:
                return
            self._images.publish(message)
            message = held
        self._images.publish(message)
        if self.twice:
            self._images.publish(message)

    def _scramble(self, message: Image) -> None:
        """Any value in any field."""
        for name in self._random.choice(FIELDS, 2, replace=False):
            number = int(self._random.integers(0, 2**32))
            if name in ("height", "width", "step"):
                setattr(message, name, number)
            elif name == "encoding":
                message.encoding = str(self._random.choice(["", "rgb8", "16UC1", "bayer_rggb8"]))
            elif name == "data":
                message.data = message.data[: number % 1000]
            elif name == "stamp":
                message.header.stamp.sec = number % 2**31
            else:
                message.header.frame_id = f"frame {number}"
