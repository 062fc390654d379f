"""The stack folder: images beside a `stack.json` that says where each was focused::

    stack.json   {"slices": [{"image": "000.png", "focus_distance_m": 0.5}, ...],
                  "camera": {"width", "height", "fx", "fy", "cx", "cy", "aperture_diameter_m"}}
    depth.npy    optional truth, float32 metres along the optical axis
    aif.png      optional all-in-focus image
    seen.npy     of slices that lie in one view already (`"aligned": true`): the share of them that
                 see each pixel; each slice then has a "weight", 0..1

Anything may be missing but the slices. A focus distance is in metres, `Infinity` (or the text
"inf") for infinity, `null` where unknown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..types import CameraModel, FloatArray, FocalStack, FocusSlice, ImageArray, InputError
from .atomic import make_folder, remove, write_bytes
from .image_header import image_header
from .images import (
    file_inside,
    read_array,
    read_image,
    read_json,
    require_room,
    write_array,
    write_image,
)
from .limits import IMAGES
from .slices import ImageSource, slices_of

# Whatever is farther is infinity to any lens.
MAX_DISTANCE_M = 1e9
_FILES = ("stack.json", "depth.npy", "aif.png", "seen.npy")


@dataclass(frozen=True, slots=True)
class Alignment:
    """Of slices that lie in one view: the weight of each, 0..1, and the share of them that see each
    pixel, H x W float32.
    """

    weights: tuple[float, ...]
    seen: FloatArray


@dataclass(frozen=True, slots=True)
class StackFolder:
    """What a stack folder holds. `truth`: H x W float32 metres or None; `all_in_focus`: image;
    `alignment` where the slices were aligned before they were written.
    """

    folder: Path
    stack: FocalStack
    truth: FloatArray | None = None
    all_in_focus: ImageArray | None = None
    alignment: Alignment | None = None


def read_stack(
    folder: Path, *, held: bool = True, progress: Callable[[], None] | None = None
) -> StackFolder:
    """The stack in `folder`; raises InputError with one sentence about what is wrong.

    Its images are in memory where they are `held`, or small enough (see `files.slices`).
    `progress` is called once per slice.
    """
    try:
        return _read_stack(folder, held, progress)
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror or error}") from error


def _read_stack(
    folder: Path, held: bool, progress: Callable[[], None] | None = None
) -> StackFolder:
    description = _read_description(folder)
    entries = description.get("slices")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{folder / 'stack.json'} lists no slices")
    IMAGES.check(len(entries), str(folder / "stack.json"))
    described = [_described(folder, number, entry) for number, entry in enumerate(entries)]
    require_room([file for file, _ in described], folder)
    slices = _slices(described, held, progress)
    camera = camera_from_json(folder / "stack.json", description.get("camera"))
    try:
        stack = FocalStack(slices, camera)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from None
    shape = slices[0].shape[:2]
    if stack.camera is not None and (stack.camera.height, stack.camera.width) != shape:
        raise InputError(
            f"{folder}: the camera is {stack.camera.width}x{stack.camera.height}, the images are "
            f"{shape[1]}x{shape[0]}: correct one of them in stack.json"
        )
    truth = _read_map(folder / "depth.npy", shape, "metres")
    all_in_focus = read_image(folder / "aif.png") if (folder / "aif.png").is_file() else None
    alignment = None
    if description.get("aligned") is True:
        weights = tuple(_weight(folder, number, entry) for number, entry in enumerate(entries))
        seen = _read_map(folder / "seen.npy", shape, "shares of slices")
        alignment = None if seen is None else Alignment(weights, seen)
    return StackFolder(folder, stack, truth, all_in_focus, alignment)


def read_camera(folder: Path) -> CameraModel | None:
    """The camera of a stack folder (or of its `stack.json`), None where it describes none."""
    folder = folder.parent if folder.name == "stack.json" else folder
    return camera_from_json(folder / "stack.json", _read_description(folder).get("camera"))


def stack_files(slices: int) -> list[str]:
    """The names of what `write_stack` may write, its images last."""
    return [*_FILES, *(f"{number:03d}.png" for number in range(slices))]


def write_stack(
    folder: Path,
    stack: FocalStack,
    *,
    truth: FloatArray | None = None,
    all_in_focus: ImageArray | None = None,
    alignment: Alignment | None = None,
    progress: Callable[[], None] | None = None,
) -> None:
    """Writes `stack` as a stack folder; `stack.json` comes last, so that a folder that was cut
    short is never taken for a whole one. What an earlier stack left there is replaced, its truth
    and all-in-focus image too. `progress` is called once per slice. Raises InputError where it
    cannot be written.
    """
    names = stack_files(len(stack.slices))
    make_folder(folder, names)
    for name in _FILES:
        remove(folder / name)
    entries: list[dict[str, Any]] = []
    for number, (name, item) in enumerate(zip(names[len(_FILES) :], stack.slices, strict=True)):
        write_image(folder / name, item.image)
        entry: dict[str, Any] = {"image": name}
        if alignment is not None:
            entry["weight"] = alignment.weights[number]
        distance = item.focus_distance_m
        if math.isnan(distance):
            entry["focus_distance_m"] = None
        else:
            entry["focus_distance_m"] = "inf" if math.isinf(distance) else distance
        if item.stamp_ns:
            entry["stamp_ns"] = item.stamp_ns
        entries.append(entry)
        if progress is not None:
            progress()
    description: dict[str, Any] = {"slices": entries}
    if stack.camera is not None:
        description["camera"] = camera_json(stack.camera)
    if alignment is not None:
        description["aligned"] = True
        write_array(folder / "seen.npy", alignment.seen)
    if truth is not None:
        write_array(folder / "depth.npy", truth)
    if all_in_focus is not None:
        write_image(folder / "aif.png", all_in_focus)
    text = json.dumps(description, indent=2, allow_nan=False)
    write_bytes(folder / "stack.json", text.encode())


def _slices(
    described: Sequence[tuple[Path, tuple[float, int]]],
    held: bool,
    progress: Callable[[], None] | None,
) -> tuple[FocusSlice, ...]:
    if held:
        return tuple(FocusSlice(read_image(file), *seen) for file, seen in described)
    sources = [
        ImageSource(image_header(file, f"the image {file}"), partial(read_image, file))
        for file, _ in described
    ]
    return slices_of(sources, [seen for _, seen in described], progress)


def _read_description(folder: Path) -> Mapping[str, Any]:
    file = folder / "stack.json"
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give a stack folder (with a stack.json)")
    if not file.is_file():
        raise InputError(
            f"{folder} has no stack.json: write one that lists the slices and their focus distances"
        )
    return read_json(file)


def _described(folder: Path, number: int, entry: object) -> tuple[Path, tuple[float, int]]:
    """A slice's image, and its focus distance and stamp."""
    if not isinstance(entry, dict) or not isinstance(entry.get("image"), str):
        raise InputError(f"{folder / 'stack.json'}: slice {number} names no image")
    file = file_inside(folder / "stack.json", f"slice {number}", entry["image"])
    distance = _distance(folder, number, entry.get("focus_distance_m"))
    stamp = entry.get("stamp_ns", 0)
    if not isinstance(stamp, int) or isinstance(stamp, bool) or stamp < 0:
        raise InputError(f"{folder / 'stack.json'}: slice {number} has a bad stamp_ns")
    return file, (distance, stamp)


def _weight(folder: Path, number: int, entry: Mapping[str, Any]) -> float:
    weight = entry.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise InputError(
            f"{folder / 'stack.json'}: the weight of slice {number} is {weight!r}; it must be 0..1"
        )
    return float(weight)


def _distance(folder: Path, number: int, value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str) and value.lower() in ("inf", "infinity"):
        return math.inf
    distance = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        distance = math.inf if value > MAX_DISTANCE_M else float(max(value, 0))
    if not distance > 0:
        raise InputError(
            f"{folder / 'stack.json'}: focus_distance_m of slice {number} is {value!r}; it must "
            'be metres > 0, "inf", or null where unknown'
        )
    return distance


def camera_from_json(file: Path, entry: object) -> CameraModel | None:
    """The camera that `entry` of the JSON `file` describes, None where it is null.

    Raises InputError where its numbers are none.
    """
    if entry is None:
        return None
    names = ("width", "height", "fx", "fy", "cx", "cy")
    try:
        fx, fy, cx, cy = (float(entry[name]) for name in names[2:])  # type: ignore[index]
        aperture = entry.get("aperture_diameter_m")  # type: ignore[attr-defined]
        width, height = int(entry["width"]), int(entry["height"])  # type: ignore[index]
        diameter = None if aperture is None else float(aperture)
        return CameraModel(width, height, fx, fy, cx, cy, diameter)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise InputError(f"{file}: {error}") from None
        raise InputError(f"{file}: camera needs the numbers {', '.join(names)}") from error


def camera_json(camera: CameraModel) -> dict[str, Any]:
    """`camera` as `camera_from_json` reads it."""
    names = ("width", "height", "fx", "fy", "cx", "cy")
    entry = {name: getattr(camera, name) for name in names}
    if camera.aperture_diameter_m is not None:
        entry["aperture_diameter_m"] = camera.aperture_diameter_m
    return entry


def _read_map(file: Path, shape: tuple[int, ...], what: str) -> FloatArray | None:
    if not file.is_file():
        return None
    found = read_array(file)
    if found.shape != shape or found.dtype.kind != "f":
        raise InputError(
            f"{file} is {found.shape} {found.dtype}: it must be float32 {what} of the images' size"
        )
    return found.astype(np.float32, copy=False)
