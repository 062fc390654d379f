"""What a command was given: images, folders of them, a frame folder or a video, read singly."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..files.frame_folder import DESCRIPTION, FrameFolder, read_frames
from ..files.images import read_image
from ..files.limits import IMAGE_MEGAPIXELS
from ..files.photographs import VIDEO_SUFFIXES, images_in
from ..types import ImageArray, InputError

_MOST_FRAMES = 100_000
_RATES_HZ = (0.01, 5000.0)
# FFmpeg says on stderr by itself what is told here in one sentence.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@dataclass(frozen=True)
class Given:
    """`count` images that `images` reads; `truth`: the sharp image of the last one; `rate_hz`: how
    many were taken in a second, None where nothing says it.
    """

    count: int
    images: Callable[[], Iterator[ImageArray]]
    files: Sequence[str]
    truth: ImageArray | None = None
    video: bool = False
    rate_hz: float | None = None


def given_images(paths: Sequence[Path]) -> Given:
    """What the arguments name. Raises InputError where that is nothing to read."""
    if len(paths) == 1 and paths[0].suffix.lower() in VIDEO_SUFFIXES:
        return _video(paths[0])
    if len(paths) == 1 and (paths[0] / DESCRIPTION).is_file():
        folder = read_frames(paths[0])
        last = len(folder) - 1
        read = (str(folder.file),)
        truth = folder[last][1]
        return Given(len(folder), lambda: _of_folder(folder), read, truth, rate_hz=folder.rate_hz)
    files = [file for path in paths for file in _files(path)]
    return Given(len(files), lambda: map(read_image, files), [str(file) for file in files])


def _files(path: Path) -> Sequence[Path]:
    if not path.is_dir():
        return [path]
    # A stack folder's truth lies beside its slices.
    found = [file for file in images_in(path) if "depth" not in file.stem]
    if not found:
        raise InputError(f"{path} holds no images but of depth")
    return found


def _of_folder(folder: FrameFolder) -> Iterator[ImageArray]:
    return (folder[number][0] for number in range(len(folder)))


def _silence_opencv() -> None:
    """What cannot be opened is told by us. OpenCV 4.6 has the function elsewhere."""
    where = getattr(cv2.utils, "logging", cv2)
    where.setLogLevel(0)


def _video(path: Path) -> Given:
    if not path.is_file():
        raise InputError(f"there is no video {path}")
    _silence_opencv()
    opened = cv2.VideoCapture(str(path))
    size = [int(opened.get(v)) for v in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
    count, rate = int(opened.get(cv2.CAP_PROP_FRAME_COUNT)), opened.get(cv2.CAP_PROP_FPS)
    opened.release()
    if count < 1 or min(size) < 1:
        raise InputError(f"the video {path} cannot be decoded, or has no frames")
    IMAGE_MEGAPIXELS.check(size[0] * size[1] / 1e6, str(path))
    if count > _MOST_FRAMES:
        raise InputError(f"{path} has {count} frames: cut it to {_MOST_FRAMES} or fewer")
    # Broken headers say 0, or the ticks of their clock.
    known = float(rate) if _RATES_HZ[0] <= rate <= _RATES_HZ[1] else None
    files = [str(path)]
    return Given(count, lambda: _video_frames(path, count), files, video=True, rate_hz=known)


def _video_frames(path: Path, count: int) -> Iterator[ImageArray]:
    opened = cv2.VideoCapture(str(path))
    try:
        for _ in range(count):
            there, frame = opened.read()
            if not there:
                return
            yield np.asarray(frame, np.uint8)
    finally:
        opened.release()
