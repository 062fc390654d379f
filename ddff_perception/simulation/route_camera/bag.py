"""A drive's rosbag2 recording: what the simulated route camera would have published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...files.bags import BagWriter
from ...files.bags_types import IMAGE, ROUTE_MATCH
from ..focus_camera.bag import FrameRecorder
from .frames import RouteCamera, RouteCameraSettings, open_route


@dataclass(frozen=True, slots=True)
class RouteBagSettings:
    """What is recorded: `frames` images at `rate_hz`, 0 the whole drive once; the same settings and
    the same folders give the same messages.
    """

    camera: RouteCameraSettings = field(default_factory=RouteCameraSettings)
    frames: int = 0
    rate_hz: float = 10.0
    namespace: str = "/camera"
    frame_id: str = "camera_optical_frame"


def write_route_bag(
    drive: Path | None,
    reference: Path | None,
    path: Path,
    settings: RouteBagSettings,
    *,
    storage: str = "mcap",
    progress: Callable[[int], None] | None = None,
) -> int:
    """Records the drive (None: the package's own) as a new bag at `path` and returns the number of
    messages.

    Topics as of the node `sim_route_camera`, in the settings' namespace; true places are those in
    the `reference` drive. `progress` is called with the number of images done. Raises InputError
    where a folder cannot be read or the bag not be written.
    """
    camera = RouteCamera(*open_route(drive, reference), settings.camera)
    topics = {"image": IMAGE}
    topics |= {} if camera.reference is None else {"truth/route_match": ROUTE_MATCH}
    with BagWriter(path, storage) as bag:
        recorder = FrameRecorder(bag, settings, topics)
        for number in range(settings.frames or len(camera.drive)):
            recorder.next_instant()
            image, place = camera.frame(number)
            if place is not None:
                recorder.write("truth/route_match", place.reference_ns, place.number)
            recorder.write("image", image)
            if progress is not None:
                progress(number + 1)
        return bag.count
