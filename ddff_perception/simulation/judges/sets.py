"""Judges on disk: rendered once for each settings, kept, read as stacks with their truth.

FOLDER/<family>/<name>-<hash of the settings>/
  judge.json    settings and the held-out assets in the scene; written last
  a stack folder (`files/stack_folder.py`), or a folder of views (`files/light_fields.py`)
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder, write_bytes, write_json
from ...files.images import read_json, write_image
from ...files.light_fields import read_light_field
from ...files.stack_folder import StackFolder, read_stack, write_stack
from ...optics.light_field import even_disparities, focal_stack
from ...types import FloatArray, InputError, LightField
from ..assets.library import Library
from ..assets.record import recorded_assets
from .catalogue import JUDGES, Judge
from .shooting import Shots, shoot

ABOUT = "judge.json"
Progress = Callable[[str, int, int], None]
"""Called with a judge's name, its images done and in all."""


def prepare(
    folder: Path,
    judges: Sequence[Judge] = JUDGES,
    assets: Path | None = None,
    progress: Progress = lambda name, done, total: None,
) -> list[Path]:
    """The folder of each judge under `folder`, rendered where it is missing.

    `assets`: their folder, None for the default; nothing of it is read where nothing is missing.
    Raises InputError where rendering is not possible or `folder` cannot be written.
    """
    places = [place(folder, judge) for judge in judges]
    there = set(ready(folder, judges))
    missing = [(j, p) for j, p in zip(judges, places, strict=True) if p not in there]
    library = Library("judge", assets) if missing else None
    for judge, target in missing:
        assert library is not None
        make_folder(target)
        shots = shoot(judge, library, functools.partial(progress, judge.name))
        _write(target, judge, shots)
    return places


def ready(folder: Path, judges: Sequence[Judge] = JUDGES) -> list[Path]:
    """The folders of those judges that are rendered already."""
    places = (place(folder, judge) for judge in judges)
    return [path for path in places if (path / ABOUT).is_file()]


def place(folder: Path, judge: Judge) -> Path:
    """Where a judge lies, by its settings."""
    text = json.dumps(judge.settings(), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return folder / judge.family / f"{judge.name}-{digest}"


def read_judge(folder: Path) -> StackFolder:
    """What `prepare` left in `folder`, with truth and sharp image; raises InputError where there
    is none.
    """
    try:
        settings = read_json(folder / ABOUT)["settings"]
        near, far = settings["ends_m"]
        family, slices = settings["family"], int(settings["slices"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / ABOUT} is damaged: delete the folder ({error})") from error
    if family == "light_fields":
        return refocused(folder, slices, (near, far))
    stored = read_stack(folder)
    if stored.truth is None or stored.all_in_focus is None:
        raise InputError(f"{folder} has lost its depth.npy or aif.png: delete the folder")
    return stored


def refocused(folder: Path, slices: int, ends_m: tuple[float, float] | None = None) -> StackFolder:
    """The light field in `folder` as a sweep of `slices` over `ends_m` (None: over the depth that
    the files state), with its truth (NaN where nothing is) and its centre view.

    Raises InputError where it has no calibration or no depth.
    """
    stored = read_light_field(folder)
    field, calibration = stored.light_field, stored.light_field.calibration
    if calibration is None or stored.depth_m is None:
        raise InputError(
            f"{folder} needs a parameters.cfg with the camera and a gt_depth_lowres.pfm to be "
            "judged on"
        )
    known = stored.depth_m[np.isfinite(stored.depth_m)]
    near, far = ends_m or (float(known.min()), float(known.max()))
    ends = [float(calibration.disparity_px(distance)) for distance in (near, far)]
    stack = focal_stack(field, even_disparities(ends[0], ends[1], slices))
    row, column = field.centre
    return StackFolder(folder, stack, stored.depth_m, field.view(row, column))


def require_held_out(keys: Iterable[str], trained: Iterable[Path]) -> None:
    """InputError where a set or a card of `trained` records one of the assets `keys` of judges."""
    judged = set(keys)
    for path in trained:
        shared = sorted(judged & set(recorded_assets(path)))
        if shared:
            raise InputError(
                f"{path} learned from {shared[0]} and {len(shared) - 1} more of what it would be "
                "judged on: render it from the side to train"
            )


def _write(folder: Path, judge: Judge, shots: Shots) -> None:
    if shots.stack is not None:
        write_stack(folder, shots.stack, truth=shots.truth, all_in_focus=shots.all_in_focus)
    else:
        assert shots.light_field is not None
        write_light_field(folder, shots.light_field, shots.truth)
    write_json(folder / ABOUT, {"settings": judge.settings(), "assets": list(shots.assets)})


def write_light_field(folder: Path, field: LightField, depth: FloatArray) -> None:
    """Views, parameters and the centre view's `depth` (H x W float32 metres) as
    `files/light_fields.py` reads them. The light field must have its calibration.
    """
    calibration = field.calibration
    assert calibration is not None
    rows, columns, height, width = field.views.shape[:4]
    for number, view in enumerate(field.views.reshape(-1, *field.views.shape[2:])):
        write_image(folder / f"input_Cam{number:03d}.png", np.ascontiguousarray(view))
    sensor_mm = 10.0
    facts: dict[str, Any] = {
        "num_cams_x": columns,
        "num_cams_y": rows,
        "sensor_size_mm": sensor_mm,
        "focal_length_mm": calibration.camera.fx * sensor_mm / max(height, width),
        "baseline_mm": calibration.baseline_m * 1e3,
        "focus_distance_m": calibration.zero_disparity_m,
    }
    lines = ["[light field]", *(f"{key} = {value!r}" for key, value in facts.items())]
    write_bytes(folder / "parameters.cfg", ("\n".join(lines) + "\n").encode())
    write_bytes(folder / "gt_depth_lowres.pfm", _portable_float_map(depth))


def _portable_float_map(values: NDArray[np.float32]) -> bytes:
    """Grey, little-endian (its scale is negative), from the last row up."""
    height, width = values.shape
    return f"Pf\n{width} {height}\n-1.0\n".encode() + values[::-1].astype("<f4").tobytes()
