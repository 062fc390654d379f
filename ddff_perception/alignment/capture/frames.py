"""The frames of a recording, one after the other: of a bag, a video file or a folder of images."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...files.bag_topics import image_topics
from ...files.bags import BagReader, BagTopic
from ...files.bags_messages import image_of, stamp_of
from ...files.drive_folder import image_name, is_drive, read_drive
from ...files.images import read_image
from ...files.limits import IMAGE_MEGAPIXELS
from ...files.photographs import VIDEO_SUFFIXES, is_image, natural_key
from ...types import ImageArray, InputError

IMAGE_ENDS = ("image_rect", "image_rect_color", "image_raw", "image_color", "image")
_BAG_SUFFIXES = (".mcap", ".db3")
_LONGEST_STEP_MS = 60_000.0
# FFmpeg says on stderr by itself what is told here in one sentence.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@dataclass(frozen=True, slots=True)
class Frame:
    """An image of a recording, uint8 or uint16, its stamp in nanoseconds and its number."""

    number: int
    stamp_ns: int
    image: ImageArray


def read_frames(
    source: Path, topic: str | None = None, rate_hz: float = 30.0, every: int = 1
) -> Iterator[Frame]:
    """The frames of a bag (on `topic`, else its camera's), of a video, or of a folder of images in
    natural order, which are `rate_hz` apart where no drive.json says more; `every` n-th of them.

    Raises InputError where there are none or they cannot be read.
    """
    if source.is_file() and source.suffix.lower() in VIDEO_SUFFIXES:
        frames = _of_video(source, every)
    elif source.is_dir() and not (source / "metadata.yaml").is_file() and _images(source):
        frames = _of_folder(source, rate_hz, every)
    elif source.is_dir() or source.suffix in _BAG_SUFFIXES:
        frames = _of_bag(source, topic, every)
    else:
        kinds = ", ".join(VIDEO_SUFFIXES)
        raise InputError(f"{source} is no bag, no video ({kinds}) and no folder of images")
    yield from frames


def recordings_in(source: Path) -> list[Path]:
    """The recordings of a folder that is none itself, in natural order; else `source` alone."""
    if not source.is_dir() or _is_recording(source):
        return [source]
    inside = (path for path in source.iterdir() if not path.name.startswith("."))
    return sorted((path for path in inside if _is_recording(path)), key=natural_key) or [source]


def thinned(frames: Iterator[Frame], rate_hz: float) -> Iterator[Frame]:
    """Those of the frames that are no closer than a rate of `rate_hz` says; all where that is 0."""
    next_ns: int | None = None
    period = 1e9 / rate_hz if rate_hz else 0.0
    for frame in frames:
        if next_ns is None or frame.stamp_ns >= next_ns:
            yield frame
            # On the grid of the first one, or else what is left out adds up.
            late = 0.0 if next_ns is None else (frame.stamp_ns - next_ns) % max(period, 1.0)
            next_ns = round(frame.stamp_ns - late + 0.99 * period)


def bag_frames(bag: BagReader, topic: str, every: int = 1) -> Iterator[Frame]:
    """The images on a topic of an open bag, every n-th of them."""
    for number, message in enumerate(bag.messages([topic])):
        if number % every == 0:
            yield Frame(number, stamp_of(message.message), image_of(message.message))


def camera_topic(topics: Mapping[str, BagTopic], topic: str | None) -> str:
    """The topic of a bag's camera, or the chosen one; raises InputError where there is none."""
    chosen = {} if topic is None else {"image": [topic]}
    for end in IMAGE_ENDS[:-1]:
        found = image_topics(topics, chosen, {"image": end}, ())
        if found:
            return found["image"]
    return image_topics(topics, chosen, {"image": IMAGE_ENDS[-1]}, ("image",))["image"]


def _is_recording(path: Path) -> bool:
    if not path.is_dir():
        return path.suffix.lower() in (*VIDEO_SUFFIXES, *_BAG_SUFFIXES)
    bag = any(f.name == "metadata.yaml" or f.suffix in _BAG_SUFFIXES for f in path.iterdir())
    return bag or bool(_images(path))


def _images(folder: Path) -> list[Path]:
    return sorted((f for f in folder.iterdir() if is_image(f)), key=natural_key)


def _of_folder(folder: Path, rate_hz: float, every: int) -> Iterator[Frame]:
    files = _images(folder)
    stamps = [round(number * 1e9 / rate_hz) for number in range(len(files))]
    if is_drive(folder):
        drive = read_drive(folder)
        files = [folder / image_name(number) for number in range(len(drive))]
        stamps = [round(seconds * 1e9) for seconds in drive.seconds.tolist()]
    for number in range(0, len(files), every):
        yield Frame(number, stamps[number], read_image(files[number]))


def _of_bag(source: Path, topic: str | None, every: int) -> Iterator[Frame]:
    with BagReader(source) as bag:
        yield from bag_frames(bag, camera_topic(bag.topics, topic), every)


def _of_video(source: Path, every: int) -> Iterator[Frame]:
    video = cv2.VideoCapture(str(source))
    try:
        width, height = (
            int(video.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if not video.isOpened() or width < 1 or height < 1:
            raise InputError(f"{source} is no video that can be read")
        IMAGE_MEGAPIXELS.check(width * height / 1e6, f"a frame of {source}")
        rate = video.get(cv2.CAP_PROP_FPS)
        if not 0.1 <= rate <= 1000.0:
            raise InputError(f"{source} does not say how many frames it has per second")
        number, stamp_ms, first_ms = 0, 0.0, 0.0
        while video.grab():
            told_ms = video.get(cv2.CAP_PROP_POS_MSEC)
            if number == 0:
                first_ms = told_ms
            else:
                # Phones film at a rate that varies; where no time is told, the usual one counts.
                step_ms = told_ms - first_ms - stamp_ms
                stamp_ms += step_ms if 0 < step_ms <= _LONGEST_STEP_MS else 1e3 / rate
            if number % every == 0:
                done, image = video.retrieve()
                if done:
                    yield Frame(number, round(stamp_ms * 1e6), np.asarray(image, np.uint8))
            number += 1
        if number == 0:
            raise InputError(f"{source} holds no frame that can be read")
    finally:
        video.release()
