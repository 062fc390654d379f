"""The folder of a capture as it comes from the cameras, with its plan in `capture.json`::

    capture.json  {"lens": {"focal_mm": 14.0, ...},
                   "scenes": [{"name": "0001", "focus_distance_m": 0.8}, ...]}
    cameras.json  {"camera": {...}, "depth_camera": {...}, "depth_unit_m": 0.001,
                   "extrinsics": [x, y, z, qx, qy, qz, qw]}
    wide/ narrow/ depth/ depth_color/    images, named as the scenes, or as many as there are scenes

`depth` is whole numbers of 16 bits, 0 unknown; `depth_color` is what the depth sensor's own colour
camera saw on the same pixels. `extrinsics` is where the depth camera stands in the colour camera's
optical frame. `cameras.json`, anything in it and `depth_color` may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...files.atomic import make_folder, write_json
from ...files.images import read_json
from ...files.photographs import is_image, natural_key
from ...files.stack_folder import camera_from_json, camera_json
from ...optics.rigid_transform import RigidTransform
from ...types import CameraModel, InputError
from .plan import CaptureSettings

DESCRIPTION, CAMERAS = "capture.json", "cameras.json"
PARTS = ("wide", "narrow", "depth")
DEPTH_COLOUR = "depth_color"


@dataclass(frozen=True, slots=True)
class Capture:
    """What both files say; `scenes`: name and focus distance (m) of each."""

    folder: Path
    lens: CaptureSettings
    scenes: Sequence[tuple[str, float]]
    depth_unit_m: float = 1e-3
    camera: CameraModel | None = None
    depth_camera: CameraModel | None = None
    extrinsics: Sequence[float] = ()
    _files: dict[str, dict[str, Path]] = field(default_factory=dict)

    @property
    def stand(self) -> RigidTransform | None:
        """Points of the depth camera in the colour camera's frame; None where nothing is said."""
        return RigidTransform.of_numbers(self.extrinsics) if self.extrinsics else None

    def files(self, scene: str) -> dict[str, Path]:
        """The files of a scene by part, those that are there.

        Raises InputError where a part's images are neither named as the scenes nor as many.
        """
        for part in (*PARTS, DEPTH_COLOUR):
            if part not in self._files:
                self._files[part] = self._by_scene(part)
        return {part: files[scene] for part, files in self._files.items() if scene in files}

    def missing(self, scene: str) -> list[str]:
        """The parts that a scene still lacks."""
        return [part for part in PARTS if part not in self.files(scene)]

    def forget_files(self) -> None:
        """Looks for the files anew."""
        self._files.clear()

    def _by_scene(self, part: str) -> dict[str, Path]:
        folder, names = self.folder / part, [name for name, _ in self.scenes]
        files = folder.iterdir() if folder.is_dir() else ()
        found = sorted(filter(is_image, files), key=natural_key)
        named = {file.stem: file for file in found}
        if named.keys() <= set(names):
            return named
        if len(found) != len(names):
            raise InputError(
                f"{folder} holds {len(found)} images for {len(names)} scenes: one for each, in "
                f"their order, or named as they are ({names[0]}{found[0].suffix})"
            )
        return dict(zip(names, found, strict=True))


def write_plan(folder: Path, lens: CaptureSettings, scenes: Sequence[tuple[str, float]]) -> None:
    """Writes `capture.json`, and the folders of the parts where they are not there."""
    make_folder(folder, (DESCRIPTION,))
    for part in PARTS:
        make_folder(folder / part)
    entries = [{"name": name, "focus_distance_m": distance} for name, distance in scenes]
    write_json(folder / DESCRIPTION, {"lens": lens.values(), "scenes": entries})


def write_cameras(folder: Path, cameras: Mapping[str, CameraModel]) -> None:
    """Writes `cameras.json` of `camera` and `depth_camera`."""
    entries = {name: camera_json(camera) for name, camera in cameras.items()}
    write_json(folder / CAMERAS, {**entries, "depth_unit_m": 1e-3})


def read_capture(folder: Path) -> Capture:
    """The capture in `folder`; raises InputError with one sentence about what is wrong."""
    file, cameras = folder / DESCRIPTION, folder / CAMERAS
    if not file.is_file():
        raise InputError(f"{folder} has no {DESCRIPTION}: `ddff triples plan` writes one")
    content = read_json(file)
    told = read_json(cameras) if cameras.is_file() else {}
    try:
        lens = CaptureSettings.of(dict(content["lens"]))
        scenes = [_scene(entry) for entry in content["scenes"]]
        unit = float(told.get("depth_unit_m", 1e-3))
        extrinsics = [float(value) for value in told.get("extrinsics", ())]
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise InputError(f"{file}: {error}") from None
        raise InputError(f"{folder} holds no plan of `ddff triples plan`: {error!r}") from error
    if not scenes or len({name for name, _ in scenes}) < len(scenes) or not unit > 0:
        raise InputError(f"{file} needs scenes with names of their own, {CAMERAS} a unit over 0")
    models = [camera_from_json(cameras, told.get(name)) for name in ("camera", "depth_camera")]
    found = Capture(folder, lens, scenes, unit, models[0], models[1], extrinsics)
    _ = found.stand  # raises where it is no transform
    return found


def _scene(entry: Mapping[str, Any]) -> tuple[str, float]:
    name, distance = str(entry["name"]), float(entry["focus_distance_m"])
    if not name or Path(name).name != name or not distance > 0:
        raise InputError(f"scene {name[:60]!r} needs a plain name and a focus distance over 0")
    return name, distance
