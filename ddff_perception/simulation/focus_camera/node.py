"""The node `sim_camera`: a stack folder or a bag as a live focus-sweeping camera."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from std_msgs.msg import Header

from ...msg import FocusState
from ...ros.lifecycle import run_node
from ...ros.messages import camera_info_message, focus_state_message, image_message
from ...ros.sensor_node import SensorNode
from .interface import SIM_CAMERA
from .sources import Frame, FrameSource, add_noise, open_source

LONGEST_GAP_S = 10.0
"""A longer pause of a recording is shortened to this."""


class SimCamera(SensorNode[Frame]):
    """Publishes one frame per period: image, camera_info, focus state and truth with one stamp."""

    interface = SIM_CAMERA
    _source: FrameSource | None = None
    _frames: Iterator[Frame]
    _next: Frame | None = None

    def configure(self) -> None:
        settings = self.settings
        self._source = open_source(
            Path(settings["source"]).expanduser() if settings["source"] else None,
            lambda: str(self.settings["order"]),
            settings["moving_frames"],
            settings["dwell_frames"],
            settings["seed"],
        )
        self._random = np.random.default_rng(settings["seed"])

    def activate(self) -> None:
        if self._source is not None:
            self._frames = self._source.frames(lambda: bool(self.settings["loop"]))
            self._next = next(self._frames, None)
        super().activate()

    def image_topics(self) -> tuple[str, ...]:
        return ("image_rect",)

    def next_frame(self) -> Frame | None:
        return self._next

    def publish(self, frame: Frame, header: Header) -> None:
        if self._source is None:
            return
        # The reading first: whoever takes both has it when the image comes.
        self.send("focus_state", _focus_state(frame, header))
        if self.wanted("image_rect"):
            image = add_noise(frame.image, self.settings["noise"], self._random)
            self.send("image_rect", image_message(image, header))
        info = camera_info_message(self._source.camera, header, self._source.size)
        self.send("camera_info", info)
        if frame.truth is not None:
            self.send_image("truth/depth", frame.truth, header)
            self.send("truth/camera_info", info)
        self._next = next(self._frames, None)
        if self._next is not None and self._next.time_ns is not None and frame.time_ns is not None:
            # A recording that begins again or has a gap must not stop the camera.
            gap_s = (self._next.time_ns - frame.time_ns) / 1e9
            self.tick_every(min(max(round(gap_s, 3), 0.001), LONGEST_GAP_S))


def _focus_state(frame: Frame, header: Header) -> FocusState:
    distance = frame.focus_distance_m
    known = not math.isnan(distance)
    return focus_state_message(
        header,
        distance,
        lens_position=frame.lens_position,
        unit=FocusState.UNIT_DIOPTRES if known else FocusState.UNIT_STEPS,
        settled=frame.settled,
    )


main = partial(run_node, SimCamera)

if __name__ == "__main__":
    raise SystemExit(main())
