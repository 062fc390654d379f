"""A camera that sweeps at its own pace, whatever the node makes of it."""

from __future__ import annotations

import threading
import time
from typing import Any

from live_camera import STEP_NS, Camera

from ddff_perception.ros import messages


class Stream:
    """Shoots the slices of `camera` over and over, from a thread, every `period_s` seconds."""

    def __init__(self, camera: Camera, period_s: float) -> None:
        self._camera = camera
        self._period_s = period_s
        self._stop = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Stream:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join(60.0)

    def _run(self) -> None:
        camera = self._camera
        due = time.monotonic()
        while not self._stop.is_set():
            item = camera.stack.slices[self.sent % len(camera.stack.slices)]
            camera.stamp_ns += STEP_NS
            header = messages.header_at(camera.stamp_ns, "camera_optical_frame")
            camera.states.publish(messages.focus_state_message(header, item.focus_distance_m))
            camera.images.publish(messages.image_message(item.image, header))
            self.sent += 1
            due += self._period_s
            self._stop.wait(max(due - time.monotonic(), 0.0))
