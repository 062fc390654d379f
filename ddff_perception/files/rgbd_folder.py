"""The RGB-D folder: colour, depth and labels of an RGB-D camera beside an `rgbd.json`::

    rgbd.json  {"frames": [{"color": "color_000.jpg", "depth": "depth_000.png",
                            "labels": "labels_000.png", "gravity": [0.0, 1.0, 0.0]}, ...],
                "depth_unit_m": 0.001,
                "camera": {"width", "height", "fx", "fy", "cx", "cy"},
                "depth_camera": {...}, "extrinsics": [x, y, z, qx, qy, qz, qw]}

Depth is whole numbers of 16 bits, 0 unknown. Without `depth_camera` it lies on the pixels of the
colour image; with it `extrinsics` is where the depth camera stands in the colour camera's optical
frame, metres and quaternion. Labels are of `simulation.classes.NYU13`, 255 none. Anything may be
missing but the depth or the colour of a frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import CameraModel, ImageArray, InputError
from .atomic import make_folder, remove, write_json
from .images import file_inside, read_image, read_json, write_image
from .stack_folder import camera_from_json, camera_json

DESCRIPTION = "rgbd.json"
_PARTS = {"color": "jpg", "depth": "png", "labels": "png"}


@dataclass(frozen=True, slots=True)
class RgbdImages:
    """One frame as the files hold it: `color` uint8 H x W x 3 BGR, `depth` uint16 and `labels`
    uint8, H x W; None where there is none. `gravity`: unit vector down in the colour camera's
    optical frame.
    """

    color: ImageArray | None = None
    depth: ImageArray | None = None
    labels: NDArray[np.uint8] | None = None
    gravity: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class RgbdFolder:
    """What an `rgbd.json` says; images are read one frame at a time."""

    file: Path
    frames: Sequence[Mapping[str, Any]]
    depth_unit_m: float = 1e-3
    camera: CameraModel | None = None
    depth_camera: CameraModel | None = None
    extrinsics: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int) -> RgbdImages:
        """The frame of that number. Raises InputError where its files cannot be used."""
        entry = self.frames[number]
        images = {part: self._image(number, entry, part) for part in _PARTS}
        if images["color"] is None and images["depth"] is None:
            raise InputError(f"{self.file}: frame {number} names neither color nor depth")
        labels = images["labels"]
        if labels is not None and (labels.ndim != 2 or labels.dtype != np.uint8):
            raise InputError(f"{self.file}: the labels of frame {number} are no 8-bit grey image")
        gravity = entry.get("gravity")
        down = None if gravity is None else _numbers(self.file, "gravity", gravity, 3)
        x, y, z = down or (0.0, 1.0, 0.0)
        return RgbdImages(
            images["color"],
            images["depth"],
            None if labels is None else np.asarray(labels, np.uint8),
            None if down is None else (x, y, z),
        )

    def _image(self, number: int, entry: Mapping[str, Any], part: str) -> ImageArray | None:
        name = entry.get(part)
        if name is None:
            return None
        if not isinstance(name, str):
            raise InputError(f"{self.file}: {part} of frame {number} must be the name of an image")
        return read_image(file_inside(self.file, f"{part} of frame {number}", name))


def read_rgbd(folder: Path) -> RgbdFolder:
    """The RGB-D folder; raises InputError with one sentence about what is wrong."""
    file = folder / DESCRIPTION
    if not file.is_file():
        raise InputError(f"{folder} has no {DESCRIPTION}: write one that lists colour and depth")
    content = read_json(file)
    frames, unit = content.get("frames"), content.get("depth_unit_m", 1e-3)
    if not isinstance(frames, list) or not all(isinstance(f, dict) for f in frames) or not frames:
        raise InputError(f"{file} lists no frames")
    (unit_m,) = _numbers(file, "depth_unit_m", [unit], 1)
    if unit_m <= 0:
        raise InputError(f"{file}: depth_unit_m is {unit_m:g}; it must be metres > 0")
    extrinsics = content.get("extrinsics")
    return RgbdFolder(
        file,
        frames,
        unit_m,
        camera_from_json(file, content.get("camera")),
        camera_from_json(file, content.get("depth_camera")),
        () if extrinsics is None else _numbers(file, "extrinsics", extrinsics, 7),
    )


def rgbd_files(frames: int) -> list[str]:
    """The names of what `write_rgbd` may write."""
    images = (f"{part}_{n:03d}.{end}" for n in range(frames) for part, end in _PARTS.items())
    return [DESCRIPTION, *images]


def write_rgbd(folder: Path, content: RgbdFolder, images: Sequence[RgbdImages]) -> None:
    """Writes `images` with the cameras of `content`; the JSON comes last: a folder without is not
    whole. Raises InputError where it cannot be written.
    """
    make_folder(folder, rgbd_files(len(images)))
    remove(folder / DESCRIPTION)
    entries = []
    for number, one in enumerate(images):
        entry: dict[str, Any] = {}
        for part, end in _PARTS.items():
            image = getattr(one, part)
            if image is not None:
                entry[part] = f"{part}_{number:03d}.{end}"
                write_image(folder / entry[part], image)
        if one.gravity is not None:
            entry["gravity"] = [round(v, 6) for v in one.gravity]
        entries.append(entry)
    description: dict[str, Any] = {"frames": entries, "depth_unit_m": content.depth_unit_m}
    for name in ("camera", "depth_camera"):
        camera = getattr(content, name)
        description |= {name: camera_json(camera)} if camera is not None else {}
    if content.extrinsics:
        description["extrinsics"] = list(content.extrinsics)
    write_json(folder / DESCRIPTION, description)


def _numbers(file: Path, name: str, values: object, count: int) -> tuple[float, ...]:
    numbers = values if isinstance(values, list) else []
    fine = [v for v in numbers if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(fine) != count or len(numbers) != count or not all(map(math.isfinite, fine)):
        what = "a number" if count == 1 else f"{count} numbers"
        raise InputError(f"{file}: {name} must be {what}")
    return tuple(float(v) for v in fine)
