"""A moving camera's rosbag2 recording: what the simulated one would have published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...files.bags import BagWriter
from ...files.bags_types import CAMERA_INFO, IMAGE
from ..focus_camera.bag import FrameRecorder
from .frames import MovingCamera, MovingCameraSettings, open_frames


@dataclass(frozen=True, slots=True)
class MotionBagSettings:
    """What is recorded: `frames` instants at `rate_hz`; the same settings and the same folder give
    the same messages.
    """

    camera: MovingCameraSettings = field(default_factory=MovingCameraSettings)
    frames: int = 24
    rate_hz: float = 15.0
    namespace: str = "/camera"
    frame_id: str = "camera_optical_frame"


def write_motion_bag(
    folder: Path | None,
    path: Path,
    settings: MotionBagSettings,
    *,
    storage: str = "mcap",
    progress: Callable[[int], None] | None = None,
) -> int:
    """Records the frame folder (None: the package's own) as a new bag at `path` and returns the
    number of messages.

    Topics as of the node `sim_moving_camera`, in the settings' namespace. `progress` is called with
    the number of instants done. Raises InputError where the folder cannot be read or the bag not
    be written.
    """
    camera = MovingCamera(open_frames(folder), settings.camera)
    topics = {"image_rect": IMAGE, "truth/image": IMAGE}
    topics |= {"camera_info": CAMERA_INFO} if camera.camera else {}
    with BagWriter(path, storage) as bag:
        recorder = FrameRecorder(bag, settings, topics)
        for number in range(settings.frames):
            recorder.next_instant()
            frame = camera.frame(number)
            if frame is not None:
                image, truth = frame
                if camera.camera:
                    recorder.write("camera_info", camera.camera)
                recorder.write("image_rect", image)
                recorder.write("truth/image", truth)
            if progress is not None:
                progress(number + 1)
        return bag.count
