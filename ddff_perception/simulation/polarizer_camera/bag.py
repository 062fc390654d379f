"""A polarization camera's rosbag2 recording: what the simulated one would have published."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...files.bags import BagWriter
from ...files.bags_types import CAMERA_INFO, IMAGE, JOINT_STATE
from ...types import InputError
from ..focus_camera.bag import FrameRecorder
from .frames import PolarizerCamera, PolarizerSettings, open_polarization

_TRUTH = ("truth/transmission", "truth/reflection")


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
        first = camera.frame(0)
        topics = dict.fromkeys(first.images, IMAGE)
        topics |= {"camera_info": CAMERA_INFO} if camera.camera is not None else {}
        topics |= {"filter_state": JOINT_STATE} if first.filter_rad is not None else {}
        topics |= dict.fromkeys(_TRUTH, IMAGE) if first.truth is not None else {}
        recorder = FrameRecorder(bag, settings, topics)
        for number in range(settings.frames):
            frame = camera.frame(number)
            recorder.next_instant()
            if frame.filter_rad is not None:
                recorder.write("filter_state", "polarizer", frame.filter_rad)
            recorder.write("camera_info", camera.camera)
            for name, image in frame.images.items():
                if dropping.random() >= settings.drop:
                    recorder.write(name, image)
            for name, layer in zip(_TRUTH, frame.truth or (), strict=False):
                recorder.write(name, layer)
            if progress is not None:
                progress(number + 1)
        return bag.count
