"""What `ddff segment` reads: single files, folders of them, RGB-D folders, cameras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ...files.images import read_array, read_image
from ...files.photographs import SUFFIXES, images_in
from ...files.rgbd_folder import DESCRIPTION, RgbdFolder, read_rgbd
from ...optics.rigid_transform import RigidTransform
from ...types import CameraModel, FloatArray, InputError
from ..capture.depth import DepthSettings
from ..capture.frames import RawRgbd
from ..evaluation.results import LABELS, read_labels

_LARGEST_YAML = 1 << 20


@dataclass(frozen=True, slots=True)
class Cameras:
    """What is known of both cameras; each is None where it is not. `aligned`: see `RawRgbd`."""

    color: CameraModel | None = None
    depth: CameraModel | None = None
    stand: RigidTransform | None = None
    gravity: FloatArray | None = None
    aligned: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """One frame as it was given: its name, the arrays, true labels or None, and its files."""

    name: str
    raw: RawRgbd
    truth: NDArray[np.uint8] | None
    files: tuple[str, ...]


def given_frames(
    color: Path | None,
    depth: Path | None,
    truth: Path | None,
    cameras: Cameras,
    labels: str = LABELS[0],
) -> tuple[int, Iterator[Given]]:
    """How many frames there are, and the frames: of two files, of two folders whose images belong
    together in natural order, or of an RGB-D folder as `color`. `labels`: how those of `truth`
    count.

    Raises InputError where there is nothing, or folders do not match.
    """
    if color is not None and (color / DESCRIPTION).is_file():
        if depth is not None or truth is not None:
            raise InputError(f"{color} has depth and labels of its own: give nothing beside it")
        folder = read_rgbd(color)
        return len(folder), _of_folder(folder, cameras)
    lists = {"colour": color, "depth": depth, "labels": truth}
    files = {name: _files(path) for name, path in lists.items() if path is not None}
    if "colour" not in files and "depth" not in files:
        raise InputError("give colour and depth: two images, two folders, or an RGB-D folder")
    counts = {name: len(found) for name, found in files.items()}
    if len(set(counts.values())) > 1:
        texts = ", ".join(f"{count} of {name}" for name, count in counts.items())
        raise InputError(f"there are {texts}: each frame needs one of each")
    _check_names(files)
    count = next(iter(counts.values()))
    return count, (
        _of_files({name: found[number] for name, found in files.items()}, cameras, labels)
        for number in range(count)
    )


def depth_settings(folder: Path | None, settings: DepthSettings) -> DepthSettings:
    """The settings with the unit of the RGB-D folder, where they leave it open."""
    if folder is None or settings.unit_m or not (folder / DESCRIPTION).is_file():
        return settings
    return replace(settings, unit_m=read_rgbd(folder).depth_unit_m)


def read_camera(text: str) -> CameraModel:
    """The camera of `fx,fy,cx,cy,width,height`, or of a file that ROS's camera_calibration wrote.

    Raises InputError on anything else.
    """
    parts = text.split(",")
    if len(parts) == 6:
        try:
            fx, fy, cx, cy, width, height = map(float, parts)
            return CameraModel(int(width), int(height), fx, fy, cx, cy)
        except (ValueError, OverflowError) as error:
            raise InputError(f"the camera {text!r} is no fx,fy,cx,cy,width,height") from error
    path = Path(text)
    try:
        if path.stat().st_size > _LARGEST_YAML:
            raise InputError(f"{path} is larger than 1 MiB: that is no calibration")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise InputError(
            f"{text!r} is neither fx,fy,cx,cy,width,height nor the YAML file of a calibrated camera"
        ) from error
    return _calibrated(path, content)


def _calibrated(path: Path, content: Any) -> CameraModel:
    try:
        p = [float(v) for v in content["projection_matrix"]["data"]]
        size = int(content["image_width"]), int(content["image_height"])
        return CameraModel(*size, p[0], p[5], p[2], p[6])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise InputError(
            f"{path} is no calibration of camera_calibration: it needs image_width, image_height "
            f"and projection_matrix ({error})"
        ) from error


def _files(path: Path) -> Sequence[Path]:
    return images_in(path, (*SUFFIXES, ".npy")) if path.is_dir() else [path]


def _check_names(files: dict[str, Sequence[Path]]) -> None:
    """Raises InputError where some images of two folders have one name, and others come together
    with one of another name.
    """
    names = {part: [file.stem for file in found] for part, found in files.items()}
    first, *others = names
    for part in others:
        if len(names[part]) < 2 or not set(names[first]) & set(names[part]):
            continue
        for one, other in zip(names[first], names[part], strict=True):
            if one != other:
                raise InputError(
                    f"{first} {one} would come together with {part} {other}, though others have "
                    "one name: give each its partner's name, or no two the same"
                )


def _of_files(files: dict[str, Path], cameras: Cameras, kind: str) -> Given:
    color, depth, truth = (files.get(name) for name in ("colour", "depth", "labels"))
    raw = RawRgbd(
        None if color is None else read_image(color),
        None if depth is None else _depth(depth),
        cameras.color,
        cameras.depth or cameras.color,
        cameras.stand,
        cameras.gravity,
        cameras.aligned,
    )
    labels = None if truth is None else read_labels(truth, kind)
    names = tuple(str(file) for file in files.values())
    return Given((color or depth or Path("frame")).stem, raw, labels, names)


def _depth(file: Path) -> NDArray[Any]:
    if file.suffix.lower() != ".npy":
        return read_image(file, floats=True)
    depth = read_array(file)
    if depth.ndim != 2 or depth.dtype.kind not in "fiu":
        raise InputError(f"{file} is {depth.shape} {depth.dtype}: depth is one number per pixel")
    if depth.dtype.kind == "f":
        return depth.astype(np.float32, copy=False)
    known = (depth > 0) & (depth < np.iinfo(np.uint16).max)
    return np.where(known, depth, 0).astype(np.uint16)


def _of_folder(folder: RgbdFolder, cameras: Cameras) -> Iterator[Given]:
    color = cameras.color or folder.camera
    depth = cameras.depth or folder.depth_camera or color
    numbers = folder.extrinsics
    stand = cameras.stand
    if stand is None and numbers and not cameras.aligned:
        stand = RigidTransform.of_numbers(numbers)
    for number in range(len(folder)):
        images = folder[number]
        down = cameras.gravity
        if down is None and images.gravity is not None:
            down = np.asarray(images.gravity, np.float32)
        raw = RawRgbd(images.color, images.depth, color, depth, stand, down, cameras.aligned)
        yield Given(f"{number:03d}", raw, images.labels, (str(folder.file),))
