"""An RGB-D camera's rosbag2 recording: what the simulated one would have published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...files.bags import BagWriter
from ...files.bags_types import CAMERA_INFO, IMAGE
from ..focus_camera.bag import FrameRecorder
from .frames import RgbdCamera, RgbdCameraSettings, open_rgbd


@dataclass(frozen=True, slots=True)
class RgbdBagSettings:
    """What is recorded: `frames` instants at `rate_hz`; the same settings and the same folder give
    the same messages.
    """

    camera: RgbdCameraSettings = field(default_factory=RgbdCameraSettings)
    frames: int = 24
    rate_hz: float = 10.0
    namespace: str = "/camera"
    frame_id: str = "camera_color_optical_frame"


def write_rgbd_bag(
    folder: Path | None,
    path: Path,
    settings: RgbdBagSettings,
    *,
    storage: str = "mcap",
    progress: Callable[[int], None] | None = None,
) -> int:
    """Records the RGB-D folder (None: the package's own) as a new bag at `path` and returns the
    number of messages.

    Topics as of the node `sim_rgbd_camera`, in the settings' namespace. `progress` is called with
    the number of instants done. Raises InputError where the folder cannot be read or the bag not
    be written.
    """
    camera = RgbdCamera(open_rgbd(folder), settings.camera)
    first = camera.frame(0)
    topics: dict[str, str] = {}
    for part in ("color", "depth"):
        if getattr(first, part) is not None:
            topics[f"{part}/image_rect"] = IMAGE
            topics |= {f"{part}/camera_info": CAMERA_INFO} if camera.camera(part) else {}
    topics |= {"truth/labels": IMAGE} if first.labels is not None else {}
    with BagWriter(path, storage) as bag:
        recorder = FrameRecorder(bag, settings, topics)
        for number in range(settings.frames):
            frame = camera.frame(number)
            recorder.next_instant()
            for part in ("color", "depth"):
                image = getattr(frame, part)
                if f"{part}/camera_info" in topics:
                    recorder.write(f"{part}/camera_info", camera.camera(part))
                if f"{part}/image_rect" in topics and image is not None:
                    encoding = settings.camera.encoding if part == "depth" else None
                    recorder.write(f"{part}/image_rect", image, encoding)
            if "truth/labels" in topics:
                recorder.write("truth/labels", frame.labels)
            if progress is not None:
                progress(number + 1)
        return bag.count
