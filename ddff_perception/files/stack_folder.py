"""The stack folder: images beside a `stack.json` that says where each was focused.

    stack.json   {"slices": [{"image": "000.png", "focus_distance_m": 0.5}, ...],
                  "camera": {"width", "height", "fx", "fy", "cx", "cy", "aperture_diameter_m"}}
    depth.npy    optional truth, float32 metres along the optical axis
    aif.png      optional all-in-focus image

Anything may be missing but the slices. A focus distance is in metres, `Infinity` (or the text
"inf") for infinity, `null` where unknown.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np

from ..types import CameraModel, FloatArray, FocalStack, FocusSlice, ImageArray, InputError
from .atomic import make_folder, remove, write_bytes

MAX_JSON_BYTES = 16 * 1024 * 1024
# Whatever is farther is infinity to any lens.
MAX_DISTANCE_M = 1e9


@dataclass(frozen=True, slots=True)
class StackFolder:
    """What a stack folder holds. `truth`: H x W float32 metres or None; `all_in_focus`: image."""

    folder: Path
    stack: FocalStack
    truth: FloatArray | None = None
    all_in_focus: ImageArray | None = None


def read_stack(folder: Path) -> StackFolder:
    """The stack in `folder`; raises InputError with one sentence about what is wrong."""
    try:
        return _read_stack(folder)
    except OSError as error:
        raise InputError(f"cannot read {folder}: {error.strerror or error}") from error


def _read_stack(folder: Path) -> StackFolder:
    description = _read_description(folder)
    entries = description.get("slices")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{folder / 'stack.json'} lists no slices")
    slices = tuple(_read_slice(folder, number, entry) for number, entry in enumerate(entries))
    camera = camera_from_json(folder / "stack.json", description.get("camera"))
    try:
        stack = FocalStack(slices, camera)
    except InputError as error:
        raise InputError(f"{folder}: {error}") from None
    shape = slices[0].image.shape[:2]
    if stack.camera is not None and (stack.camera.height, stack.camera.width) != shape:
        raise InputError(
            f"{folder}: the camera is {stack.camera.width}x{stack.camera.height}, the images are "
            f"{shape[1]}x{shape[0]}: correct one of them in stack.json"
        )
    truth = _read_truth(folder / "depth.npy", shape)
    all_in_focus = read_image(folder / "aif.png") if (folder / "aif.png").is_file() else None
    return StackFolder(folder, stack, truth, all_in_focus)


def read_camera(folder: Path) -> CameraModel | None:
    """The camera of a stack folder (or of its `stack.json`), None where it describes none."""
    folder = folder.parent if folder.name == "stack.json" else folder
    return camera_from_json(folder / "stack.json", _read_description(folder).get("camera"))


def write_stack(
    folder: Path,
    stack: FocalStack,
    *,
    truth: FloatArray | None = None,
    all_in_focus: ImageArray | None = None,
) -> None:
    """Writes `stack` as a stack folder; `stack.json` comes last, so that a folder that was cut
    short is never taken for a whole one. What an earlier stack left there is replaced, its truth
    and all-in-focus image too. Raises InputError where it cannot be written.
    """
    make_folder(folder)
    for name in ("stack.json", "depth.npy", "aif.png"):
        remove(folder / name)
    entries: list[dict[str, Any]] = []
    for number, item in enumerate(stack.slices):
        name = f"{number:03d}.png"
        write_image(folder / name, item.image)
        entry: dict[str, Any] = {"image": name}
        distance = item.focus_distance_m
        if math.isnan(distance):
            entry["focus_distance_m"] = None
        else:
            entry["focus_distance_m"] = "inf" if math.isinf(distance) else distance
        if item.stamp_ns:
            entry["stamp_ns"] = item.stamp_ns
        entries.append(entry)
    description: dict[str, Any] = {"slices": entries}
    if stack.camera is not None:
        description["camera"] = camera_json(stack.camera)
    if truth is not None:
        write_array(folder / "depth.npy", truth)
    if all_in_focus is not None:
        write_image(folder / "aif.png", all_in_focus)
    text = json.dumps(description, indent=2, allow_nan=False)
    write_bytes(folder / "stack.json", text.encode())


def read_image(file: Path) -> ImageArray:
    """An image file as uint8 or uint16, H x W or H x W x 3 BGR, turned by its EXIF orientation.

    Raises InputError where the file is missing, truncated or no image.
    """
    try:
        data = np.fromfile(file, dtype=np.uint8)
    except OSError as error:
        raise InputError(f"cannot read the image {file}: {error.strerror or error}") from error
    if _is_truncated(data):
        raise InputError(f"the image {file} is truncated: copy it again")
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
    try:
        image = cv2.imdecode(data, flags) if data.size else None
    except cv2.error as error:
        raise InputError(f"the image {file} is too large or damaged: shrink it") from error
    if image is None:
        raise InputError(f"the image {file} cannot be decoded: it is truncated or no image")
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(f"the image {file} is {image.dtype}: use 8 or 16 bits per channel")
    return image  # type: ignore[return-value]


def _is_truncated(data: np.ndarray[Any, Any]) -> bool:
    """OpenCV decodes what is there and leaves the rest grey: look for the end marker instead.

    By content, since files are often named .png but hold a JPEG. Cameras append data to a JPEG.
    """
    if data[:8].tobytes() == b"\x89PNG\r\n\x1a\n":
        return b"IEND" not in data[-64:].tobytes()
    if data[:2].tobytes() == b"\xff\xd8":
        return b"\xff\xd9" not in data[-65536:].tobytes()
    return False


def write_image(file: Path, image: ImageArray) -> None:
    """`image` as PNG (or the format of the suffix) at `file`, atomically."""
    try:
        done, data = cv2.imencode(file.suffix, image)
    except cv2.error as error:
        name = f"{file.stem}.png"
        raise InputError(f"{file} has no suffix of an image: name it like {name}") from error
    if not done:
        raise InputError(f"the image {file} cannot be encoded as {file.suffix}")
    write_bytes(file, data.tobytes())


def write_array(file: Path, array: np.ndarray[Any, Any]) -> None:
    """`array` as .npy at `file`, atomically and without pickle."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_bytes(file, buffer.getvalue())


def read_array(file: Path) -> np.ndarray[Any, Any]:
    """The .npy array at `file`; raises InputError where it is missing, truncated or pickled."""
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, TokenError, BadZipFile) as error:
        raise InputError(f"cannot read the array {file}: {error}") from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise InputError(f"{file} holds several arrays (.npz): give a .npy file")
    return array


def read_json(file: Path) -> Mapping[str, Any]:
    """The JSON object in `file`; raises InputError where it is missing, too large or no object."""
    try:
        if file.stat().st_size > MAX_JSON_BYTES:
            raise InputError(f"{file} is larger than {MAX_JSON_BYTES} bytes: it is not ours")
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} must hold a JSON object")
    return content


def _read_description(folder: Path) -> Mapping[str, Any]:
    file = folder / "stack.json"
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give a stack folder (with a stack.json)")
    if not file.is_file():
        raise InputError(
            f"{folder} has no stack.json: write one that lists the slices and their focus distances"
        )
    return read_json(file)


def _read_slice(folder: Path, number: int, entry: object) -> FocusSlice:
    if not isinstance(entry, dict) or not isinstance(entry.get("image"), str):
        raise InputError(f"{folder / 'stack.json'}: slice {number} names no image")
    file = file_inside(folder / "stack.json", f"slice {number}", entry["image"])
    distance = _distance(folder, number, entry.get("focus_distance_m"))
    stamp = entry.get("stamp_ns", 0)
    if not isinstance(stamp, int) or isinstance(stamp, bool) or stamp < 0:
        raise InputError(f"{folder / 'stack.json'}: slice {number} has a bad stamp_ns")
    return FocusSlice(read_image(file), distance, stamp)


def file_inside(description: Path, what: str, name: str) -> Path:
    """The file `name` that `what` of the JSON file `description` names, beside it or below.

    Raises InputError where it is not there, or leaves the folder.
    """
    folder = description.parent
    file = folder / name
    try:
        inside = file.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # too long, not encodable, a loop of links
        inside = False
    if not inside:
        raise InputError(f"{description}: {what} leaves the folder")
    if not file.is_file():
        raise InputError(f"{description}: the image {name!r} does not exist")
    return file


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


def _read_truth(file: Path, shape: tuple[int, ...]) -> FloatArray | None:
    if not file.is_file():
        return None
    truth = read_array(file)
    if truth.shape != shape or truth.dtype.kind != "f":
        raise InputError(
            f"{file} is {truth.shape} {truth.dtype}: it must be float32 metres of the images' size"
        )
    return truth.astype(np.float32, copy=False)
