"""A focus sweep as a rosbag2 recording: what the simulated camera would have published."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...files.bags import BagWriter
from ...files.bags_messages import MessageFactory
from ...files.bags_types import CAMERA_INFO, FOCUS_STATE, IMAGE, JOINT_STATE, ROUTE_MATCH
from ...types import InputError, require_choice
from .replay import ORDERS
from .sources import StackSource, add_noise

# Any fixed instant: the same settings give the same file. Zero means "no stamp" to some tools.
START_NS = 1_600_000_000_000_000_000
_STEPS, _DIOPTRES = 1, 2  # FocusState.lens_position_unit


@dataclass(frozen=True, slots=True)
class SweepBagSettings:
    """What is recorded. The same settings and the same stack give the same messages.

    `sweeps` times through the slices in `order`, `rate_hz` frames per second; `moving_frames`
    between two focus distances show the lens on its way. `noise`: standard deviation in 8-bit grey
    levels. `drop`: share 0..1 of the images that are left out, as on a loaded machine.
    """

    sweeps: int = 3
    rate_hz: float = 10.0
    order: str = "ping_pong"
    moving_frames: int = 0
    dwell_frames: int = 1
    noise: float = 0.0
    drop: float = 0.0
    seed: int = 0
    frame_id: str = "camera_optical_frame"
    namespace: str = "/camera"

    def __post_init__(self) -> None:
        if not 1 <= self.sweeps <= 100_000:
            raise InputError("the number of sweeps must lie in 1 .. 100000")
        if not 0.1 <= self.rate_hz <= 1000.0:
            raise InputError("the rate must lie in 0.1 .. 1000 Hz")
        require_choice("order", self.order, ORDERS)
        if min(self.moving_frames, self.dwell_frames - 1) < 0:
            raise InputError("moving frames must be at least 0 and dwell frames at least 1")
        if not 0.0 <= self.drop < 1.0 or self.noise < 0.0:
            raise InputError("drop must lie in 0 .. 1, under 1, and noise must not be negative")


def write_sweep_bag(
    folder: Path,
    path: Path,
    settings: SweepBagSettings,
    *,
    storage: str = "mcap",
    compress: bool = False,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Records the stack in `folder` as a new bag at `path` and returns the number of messages.

    Topics as of the node `sim_camera`, in the settings' namespace: image_rect, camera_info,
    focus_state, truth/depth (if the stack has truth). `progress` is called with the number of
    frames done. Raises InputError where the stack cannot be read or the bag not be written.
    """
    limited = iter(range(settings.sweeps - 1))
    source = StackSource(
        folder,
        lambda: settings.order,
        settings.moving_frames,
        settings.dwell_frames,
        settings.seed,
    )
    with BagWriter(path, storage, compress=compress) as bag:
        topics = {"focus_state": FOCUS_STATE, "camera_info": CAMERA_INFO}
        topics |= {"image_rect": IMAGE, "truth/depth": IMAGE}
        recorder = FrameRecorder(bag, settings, topics)
        dropping, noise = random.Random(settings.seed), np.random.default_rng(settings.seed)
        frames = source.frames(lambda: next(limited, None) is not None)
        for number, frame in enumerate(frames, start=1):
            recorder.next_instant()
            unit = _STEPS if math.isnan(frame.focus_distance_m) else _DIOPTRES
            reading = {"lens_position": frame.lens_position, "lens_position_unit": unit}
            recorder.write("focus_state", frame.focus_distance_m, **reading, settled=frame.settled)
            recorder.write("camera_info", source.camera)
            if dropping.random() >= settings.drop:
                recorder.write("image_rect", add_noise(frame.image, settings.noise, noise))
            recorder.write("truth/depth", frame.truth)
            if progress is not None:
                progress(number)
        return bag.count


class FrameRecorder:
    """Writes frames into a bag, each as the messages of one instant: the readings first.

    `topics`: message types by the topics' names. `settings` have rate_hz, frame_id and namespace.
    """

    def __init__(self, bag: BagWriter, settings: Any, topics: Mapping[str, str]) -> None:
        self._bag = bag
        self._settings = settings
        factory = MessageFactory(bag.store, settings.frame_id)
        makers: dict[str, Callable[..., Any]] = {
            FOCUS_STATE: factory.focus_state,
            JOINT_STATE: factory.joint_state,
            ROUTE_MATCH: factory.route_match,
        }
        makers |= {CAMERA_INFO: factory.camera_info, IMAGE: factory.image}
        self._makers = {name: makers[kind] for name, kind in topics.items()}
        self._instants = 0
        self._stamp_ns = START_NS
        for name, kind in topics.items():
            bag.add_topic(self._topic(name), kind)

    def next_instant(self) -> None:
        """What is written from now on belongs to the next frame."""
        self._stamp_ns = START_NS + round(self._instants * 1e9 / self._settings.rate_hz)
        self._instants += 1

    def write(self, name: str, content: Any, *more: Any, **named: Any) -> None:
        """One message of the topic `name`, by what `MessageFactory` makes it of; none of None."""
        if content is not None:
            message = self._makers[name](self._stamp_ns, content, *more, **named)
            self._bag.write(self._topic(name), self._stamp_ns, message)

    def _topic(self, name: str) -> str:
        return f"{self._settings.namespace.rstrip('/')}/{name}"
