"""A polarization camera's rosbag2 recording: what the simulated one would have published."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...files.bags import BagWriter
from ...files.bags_messages import MessageFactory
from ...files.bags_types import CAMERA_INFO, IMAGE, JOINT_STATE
from ...types import InputError
from ..focus_camera.bag import START_NS
from .frames import PolarizerCamera, PolarizerFrame, PolarizerSettings, open_polarization


@dataclass(frozen=True, slots=True)
class PolarizerBagSettings:
    """What is recorded: `frames` instants at `rate_hz`. `drop`: share 0..1 of the images left out.
    The same settings and the same folder give the same messages.
    """

    camera: PolarizerSettings = field(default_factory=PolarizerSettings)
    frames: int = 20
    rate_hz: float = 10.0
    drop: float = 0.0
    namespace: str = "/camera"
    frame_id: str = "camera_optical_frame"

    def __post_init__(self) -> None:
        if not 0.0 <= self.drop < 1.0:
            raise InputError("drop must lie in 0 .. 1, under 1")


def write_polarizer_bag(
    folder: Path | None,
    path: Path,
    settings: PolarizerBagSettings,
    *,
    storage: str = "mcap",
    progress: Callable[[int], None] | None = None,
) -> int:
    """Records the polarization folder (None: the package's own) as a new bag at `path` and returns
    the number of messages.

    Topics as of the node `sim_polarizer_camera`, in the settings' namespace. `progress` is called
    with the number of instants done. Raises InputError where the folder cannot be read or the bag
    not be written.
    """
    camera = PolarizerCamera(open_polarization(folder), settings.camera)
    dropping = random.Random(settings.camera.seed)
    with BagWriter(path, storage) as bag:
        recorder = _Recorder(bag, camera, settings)
        for number in range(settings.frames):
            stamp_ns = START_NS + round(number * 1e9 / settings.rate_hz)
            frame = camera.frame(number)
            kept = {
                name: image
                for name, image in frame.images.items()
                if dropping.random() >= settings.drop
            }
            recorder.write(stamp_ns, PolarizerFrame(kept, frame.filter_rad, frame.truth))
            if progress is not None:
                progress(number + 1)
        return bag.count


class _Recorder:
    """Writes each frame as the messages of one instant, the images last."""

    def __init__(
        self, bag: BagWriter, camera: PolarizerCamera, settings: PolarizerBagSettings
    ) -> None:
        self._bag = bag
        self._camera = camera.camera
        self._namespace = settings.namespace.rstrip("/")
        self._messages = MessageFactory(bag.store, settings.frame_id)
        first = camera.frame(0)
        topics = dict.fromkeys(first.images, IMAGE)
        topics |= {"camera_info": CAMERA_INFO} if self._camera is not None else {}
        topics |= {"filter_state": JOINT_STATE} if first.filter_rad is not None else {}
        if first.truth is not None:
            topics |= {"truth/transmission": IMAGE, "truth/reflection": IMAGE}
        for name, kind in topics.items():
            bag.add_topic(f"{self._namespace}/{name}", kind)

    def write(self, stamp_ns: int, frame: PolarizerFrame) -> None:
        if frame.filter_rad is not None:
            state = self._messages.joint_state(stamp_ns, "polarizer", frame.filter_rad)
            self._write("filter_state", stamp_ns, state)
        if self._camera is not None:
            info = self._messages.camera_info(stamp_ns, self._camera)
            self._write("camera_info", stamp_ns, info)
        for name, image in frame.images.items():
            self._write(name, stamp_ns, self._messages.image(stamp_ns, image))
        if frame.truth is not None:
            for name, layer in zip(("transmission", "reflection"), frame.truth, strict=True):
                message = self._messages.image(stamp_ns, layer)
                self._write(f"truth/{name}", stamp_ns, message)

    def _write(self, name: str, stamp_ns: int, message: Any) -> None:
        self._bag.write(f"{self._namespace}/{name}", stamp_ns, message)
