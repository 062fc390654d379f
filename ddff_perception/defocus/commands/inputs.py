"""What is known of the lens of an image by what lies beside it."""

from __future__ import annotations

import math
from pathlib import Path

from ...files.images import read_json
from ...files.stack_folder import read_camera
from ...parameters import Value
from ...types import CameraModel, ImageArray
from ..parameters import AT_INFINITY_M


def lens_of_slice(file: Path, image: ImageArray) -> tuple[dict[str, Value], CameraModel | None]:
    """The focus distance (as the node's parameters have it) and the camera of a slice of a stack
    folder; nothing where `file` is none.

    Raises InputError where the stack's description is damaged.
    """
    if not (file.parent / "stack.json").is_file():
        return {}, None
    entries = read_json(file.parent / "stack.json").get("slices")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("image") != file.name:
            continue
        distance = entry.get("focus_distance_m")
        found: dict[str, Value] = {}
        if isinstance(distance, str) and distance.lower() in ("inf", "infinity"):
            distance = math.inf
        if isinstance(distance, int | float) and distance > 0:
            found["lens.focus_distance_m"] = min(float(distance), AT_INFINITY_M)
        return found, _fitting(read_camera(file.parent), image)
    return {}, None


def _fitting(camera: CameraModel | None, image: ImageArray) -> CameraModel | None:
    fits = camera is not None and (camera.height, camera.width) == image.shape[:2]
    return camera if fits else None
