"""Reading a data set: one view at a time, checked, as arrays."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...files.images import read_json
from ...optics.srgb import srgb_decode
from ...types import CameraModel, FloatArray, InputError
from ..assets.credits import known_credits
from ..assets.record import SUMMARY
from .files import read_scene_array
from .making import INDEX, dataset_settings

_FIELDS = {
    "view": int,
    "in_file": int,
    "scene": int,
    "file": str,
    "sha256": str,
    "kind": str,
    "assets": list,
    "pose": list,
    "focal_px": float,
}


@dataclass(frozen=True, slots=True)
class PolarizedView:
    """The polarization of a view, of one colour (luminance), all float32 (H, W), as precise as
    float16.

    `stokes` (H, W, 3): S0, S1, S2, exposed as the radiance, angles across the ray from the image's
    x axis towards y down. `transmission`, `reflection`: the parts of S0 that come through a pane
    where the first thing on the ray is one (elsewhere all of it) and that it mirrors; their sum is
    S0. `incidence_deg`, `plane_deg`: the angle to the pane's normal, 0..90, and the direction
    perpendicular to the plane of incidence, 0..180, measured like the polarization; 0 where no
    pane is.
    """

    stokes: FloatArray
    transmission: FloatArray
    reflection: FloatArray
    incidence_deg: FloatArray
    plane_deg: FloatArray


@dataclass(frozen=True, slots=True)
class WorldView:
    """One view, all float32 where not told.

    `radiance` (F, H, W, 3): linear RGB of each frame, F odd, exposed so that the view's middle is
    middle grey. All else is of the moment and the pose of the middle frame. `depth` (H, W) metres
    along the optical axis, +inf where nothing is. `normals` (H, W, 3) unit vectors to 1/127,
    towards the camera, in its optical frame; 0 where nothing is. `albedo` (H, W, 3) linear RGB.
    `classes` (H, W) uint8, index into NYU40, 255 unlabelled; `instances` (H, W) uint16, 0 none;
    `glass`, `mirror` (H, W) bool. `slices` (S, H, W, 3) through a lens, None where none were taken;
    `polarized` the same. `camera` the intrinsics, `facts` the line of the index. What is seen
    through glass: see `simulation.rendering.world_renderer.Truth`.
    """

    radiance: FloatArray
    depth: FloatArray
    normals: FloatArray
    albedo: FloatArray
    classes: NDArray[np.uint8]
    instances: NDArray[np.uint16]
    glass: NDArray[np.bool_]
    mirror: NDArray[np.bool_]
    slices: FloatArray | None
    polarized: PolarizedView | None
    camera: CameraModel
    facts: dict[str, Any]

    @property
    def middle(self) -> FloatArray:
        """The radiance (H, W, 3) of the middle frame, which the truth belongs to."""
        middle: FloatArray = self.radiance[len(self.radiance) // 2]
        return middle


class WorldDataset:
    """The views of a data set in a folder; nothing is kept in memory but the index.

    Raises InputError where the folder holds none, or its index is not complete or damaged; files
    are looked at when they are read (and by `verify`).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = dataset_settings(folder)
        unfinished = f"{folder} has no complete index: render it to the end"
        try:
            lines = (folder / INDEX).read_text(encoding="utf-8").splitlines()
            self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        except (OSError, ValueError) as error:
            raise InputError(unfinished) from error
        for number, row in enumerate(self.rows):
            if not _is_row(row) or row["view"] != number:
                raise InputError(f"{folder / INDEX} is damaged at line {number + 1}")
        if len(self.rows) != read_json(folder / SUMMARY).get("views"):
            raise InputError(unfinished)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> WorldView:
        """One view. Raises InputError where its file is missing or damaged."""
        row = self.rows[number]
        path, shape = self.folder / row["file"], (self.settings.height, self.settings.width)

        def array(name: str) -> NDArray[Any]:
            return read_scene_array(path, f"{name}_{row['in_file']}")

        def mask(name: str) -> NDArray[np.bool_]:
            bits = np.unpackbits(array(name), count=shape[0] * shape[1])
            return bits.reshape(shape).astype(bool)

        def light() -> PolarizedView:
            names = [f.name for f in fields(PolarizedView)]
            return PolarizedView(**{name: array(name).astype(np.float32) for name in names})

        depth = array("depth")
        if depth.shape != shape:
            raise InputError(f"{path} has images of {depth.shape}, the data set of {shape}")
        height, width = shape
        focal, middle = row["focal_px"], ((width - 1) / 2, (height - 1) / 2)
        return WorldView(
            radiance=array("radiance").astype(np.float32),
            depth=depth,
            normals=array("normals").astype(np.float32) / np.float32(127),
            albedo=srgb_decode(array("albedo") / 255.0).astype(np.float32),
            classes=array("classes"),
            instances=array("instances"),
            glass=mask("glass"),
            mirror=mask("mirror"),
            slices=array("slices").astype(np.float32) if self.settings.focus_slices else None,
            polarized=light() if self.settings.polarized else None,
            camera=CameraModel(width, height, focal, focal, *middle, row.get("aperture_m")),
            facts=row,
        )

    def verify(self) -> list[str]:
        """What is wrong, one sentence each: files by the hashes in the index, and assets that are
        kept for another use.
        """
        uses = {key: credit.use for key, credit in known_credits().items()}
        shown = {key for row in self.rows for key in row["assets"]}
        own = self.settings.use
        wrong = [f"{key} is not for {own}" for key in sorted(shown) if uses.get(key) != own]
        for file, expected in sorted({(row["file"], row["sha256"]) for row in self.rows}):
            path = self.folder / file
            if not path.is_file():
                wrong.append(f"{file} is gone")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
                wrong.append(f"{file} has changed")
        return wrong


def open_world(folder: Path, *, judges: bool = False) -> WorldDataset:
    """The data set in `folder`, to learn from; with `judges` to judge by, whatever its use.

    Raises InputError where a set that is kept for judges would be learned from.
    """
    world = WorldDataset(folder)
    if world.settings.use != "train" and not judges:
        raise InputError(
            f"{folder} is kept to judge by (--use {world.settings.use}): learn from a data set of "
            "--use train"
        )
    return world


def _is_row(row: object) -> bool:
    """Whether a line of an index has what is read of it, of a scene in its own folder."""
    if not isinstance(row, dict):
        return False
    if any(not isinstance(row.get(name), kind) for name, kind in _FIELDS.items()):
        return False
    parts = Path(row["file"]).parts
    return len(parts) == 2 and parts[0] == "scenes" and ".." not in parts and row["focal_px"] > 0
