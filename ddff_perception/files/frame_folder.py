"""The frame folder: images of a camera one after the other, the true ones beside, `frames.json`::

    frames.json  {"frames": [{"image": "image_000.jpg", "truth": "truth_000.jpg"}, ...],
                  "rate_hz": 15.0, "camera": {"width", "height", "fx", "fy", "cx", "cy"}}

`truth` is what the image should be (without blur, noise, rain); it and the camera may be missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..types import CameraModel, ImageArray, InputError
from .atomic import make_folder, remove, write_json
from .images import file_inside, read_image, read_json, write_image
from .stack_folder import camera_from_json, camera_json

DESCRIPTION = "frames.json"
_PARTS = ("image", "truth")


@dataclass(frozen=True, slots=True)
class FrameFolder:
    """What a `frames.json` says; images are read one frame at a time."""

    file: Path
    frames: Sequence[Mapping[str, Any]]
    rate_hz: float = 15.0
    camera: CameraModel | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int) -> tuple[ImageArray, ImageArray | None]:
        """Image and true image (None without one) of that number.

        Raises InputError where a file cannot be used.
        """
        image, truth = (self._read(number, part) for part in _PARTS)
        if image is None:
            raise InputError(f"{self.file}: frame {number} names no image")
        return image, truth

    def _read(self, number: int, part: str) -> ImageArray | None:
        name = self.frames[number].get(part)
        if name is None:
            return None
        if not isinstance(name, str):
            raise InputError(f"{self.file}: {part} of frame {number} must be the name of an image")
        return read_image(file_inside(self.file, f"{part} of frame {number}", name))


def read_frames(folder: Path) -> FrameFolder:
    """The frame folder; raises InputError with one sentence about what is wrong."""
    file = folder / DESCRIPTION
    if not file.is_file():
        raise InputError(f"{folder} has no {DESCRIPTION}: write one that lists the images")
    content = read_json(file)
    frames, rate = content.get("frames"), content.get("rate_hz", 15.0)
    if not isinstance(frames, list) or not frames or not all(isinstance(f, dict) for f in frames):
        raise InputError(f"{file} lists no frames")
    number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not number or not math.isfinite(rate) or not 0.001 <= rate <= 100_000:
        raise InputError(f"{file}: rate_hz must be frames per second, not {rate!r}")
    return FrameFolder(file, frames, float(rate), camera_from_json(file, content.get("camera")))


def frame_files(count: int, suffix: str = "png") -> list[str]:
    """The names of what `write_frames` may write."""
    return [DESCRIPTION, *(f"{part}_{n:03d}.{suffix}" for n in range(count) for part in _PARTS)]


def write_frames(
    folder: Path,
    images: Sequence[tuple[ImageArray, ImageArray | None]],
    rate_hz: float,
    camera: CameraModel | None = None,
    suffix: str = "png",
) -> None:
    """Writes images with their true ones; the JSON comes last: a folder without is not whole.

    Raises InputError where it cannot be written.
    """
    make_folder(folder, frame_files(len(images), suffix))
    remove(folder / DESCRIPTION)
    entries = []
    for number, pair in enumerate(images):
        entry = {}
        for part, image in zip(_PARTS, pair, strict=True):
            if image is not None:
                entry[part] = f"{part}_{number:03d}.{suffix}"
                write_image(folder / entry[part], image)
        entries.append(entry)
    content: dict[str, Any] = {"frames": entries, "rate_hz": rate_hz}
    content |= {} if camera is None else {"camera": camera_json(camera)}
    write_json(folder / DESCRIPTION, content)
