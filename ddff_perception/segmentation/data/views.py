"""Labelled views as compact arrays on disk, from which training reads without decoding anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...capture.depth_filling import filled_depth
from ...files.atomic import make_folder, write_json
from ...files.images import read_json
from ...simulation.classes import NYU40
from ...simulation.dataset.reader import WorldDataset, WorldView
from ...types import CameraModel, FloatArray, InputError
from ..geometry.hha import hha
from ..types import RgbdFrame
from .colour import packed_light, photograph
from .depth_sensors import SENSORS, Surfaces, sensed_depth

FORMAT = 1
ABOUT = "views.json"
# Each view is seen by so many depth cameras.
VARIANTS = 2
_FILLED, _GRAVITY_KNOWN, _GRAVITY_ERROR_DEG = 0.5, 0.4, 1.5


@dataclass(frozen=True, slots=True)
class LabelledView:
    """One view to learn from. `light`: `colour.packed_light`, blue, green, red; `labels`: H x W
    uint8, index into NYU40, 255 unlabelled; `hha`: `Hha.network_image` by each of VARIANTS cameras.
    """

    light: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    hha: NDArray[np.uint8]


def world_view(view: WorldView, rng: np.random.Generator) -> LabelledView:
    """A rendered view as cameras see it."""
    light = packed_light(np.ascontiguousarray(view.middle[..., ::-1]))
    surfaces = _surfaces(view)
    down = np.asarray(view.facts["pose"], np.float64)[2, :3] * -1.0
    images = []
    for sensor in rng.permutation(SENSORS)[:VARIANTS]:
        depth = sensed_depth(surfaces, str(sensor), rng)
        if rng.random() < _FILLED:
            depth, _ = filled_depth(depth, photograph(light, rng))
        known = rng.random() < _GRAVITY_KNOWN
        gravity = _measured(down, rng) if known else None
        images.append(hha(depth, view.camera, gravity).network_image())
    return LabelledView(light, view.classes, np.stack(images))


def rendered_frame(view: WorldView, sensor: str, rng: np.random.Generator) -> RgbdFrame:
    """A rendered view as an RGB-D camera with the depth sensor `sensor` delivers it, holes filled
    as the node fills them; gravity is not known.
    """
    light = packed_light(np.ascontiguousarray(view.middle[..., ::-1]))
    colour = photograph(light, rng)
    depth, filled = filled_depth(sensed_depth(_surfaces(view), sensor, rng), colour)
    return RgbdFrame(colour, depth, filled, view.camera)


def _measured(down: NDArray[np.float64], rng: np.random.Generator) -> FloatArray:
    """Gravity as an inertial sensor says it."""
    wrong = down + rng.normal(0, np.radians(_GRAVITY_ERROR_DEG), 3)
    return (wrong / np.linalg.norm(wrong)).astype(np.float32)


def _surfaces(view: WorldView) -> Surfaces:
    bright = view.middle.mean(axis=2)
    texture = np.abs(bright - cv2.blur(bright, (5, 5))) / (bright + np.float32(0.02))
    return Surfaces(
        depth=view.depth,
        facing=_facing(view.normals, view.camera),
        albedo=view.albedo.mean(axis=2),
        texture=texture.astype(np.float32),
        glass=view.glass,
        mirror=view.mirror,
        focal_px=view.camera.fx,
    )


def _facing(normals: FloatArray, camera: CameraModel) -> FloatArray:
    """Cosine between each pixel's normal and the way to the camera."""
    x = (np.arange(camera.width, dtype=np.float32) - camera.cx) / camera.fx
    y = (np.arange(camera.height, dtype=np.float32)[:, None] - camera.cy) / camera.fy
    along = normals[..., 0] * x + normals[..., 1] * y + normals[..., 2]
    facing = -along / np.sqrt(1 + x * x + y * y)
    return np.asarray(np.clip(facing, 0, 1), np.float32)


def world_views(
    datasets: Sequence[WorldDataset], numbers: Sequence[Sequence[int]], seed: int
) -> Iterator[LabelledView]:
    """The views `numbers` of each rendered data set; the same for the same seed."""
    for which, (dataset, wanted) in enumerate(zip(datasets, numbers, strict=True)):
        for number in wanted:
            yield world_view(dataset[number], np.random.default_rng([seed, which, number]))


class PreparedViews:
    """Labelled views in a folder: `light`, `labels` and `hha` are arrays whose first axis counts
    the views, mapped from disk; labels are of NYU40, or of the 13 classes where `label_classes` is
    13. Raises InputError where the folder holds none.
    """

    def __init__(self, folder: Path) -> None:
        about = read_json(folder / ABOUT)
        if about.get("format") != FORMAT:
            raise InputError(f"{folder} holds no prepared views of format {FORMAT}")
        self.folder, self.facts = folder, about
        self.light, self.labels, self.hha = (
            _mapped(folder / f"{name}.npy") for name in ("light", "labels", "hha")
        )
        self.label_classes = int(about.get("classes", len(NYU40)))
        if not len(self.light) == len(self.labels) == len(self.hha) > 0:
            raise InputError(f"{folder} is incomplete: delete it and prepare the views again")

    def __len__(self) -> int:
        return len(self.light)


def prepare_views(
    views: Iterator[LabelledView], count: int, folder: Path, facts: dict[str, Any]
) -> PreparedViews:
    """Writes `count` views of one size into the new folder `folder`, which appears when all are
    there. Raises InputError where the views differ in size or there are fewer.
    """
    make_folder(folder.parent)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as name:
        work = make_folder(Path(name) / "views")
        arrays: dict[str, Any] = {}
        number = 0
        for view in views:
            parts = {"light": view.light, "labels": view.labels, "hha": view.hha}
            for part, values in parts.items():
                if part not in arrays:
                    shape = (count, *values.shape)
                    arrays[part] = np.lib.format.open_memmap(
                        work / f"{part}.npy", mode="w+", dtype=np.uint8, shape=shape
                    )
                if arrays[part].shape[1:] != values.shape:
                    raise InputError(f"view {number} is {values.shape}: all must have one size")
                arrays[part][number] = values
            number += 1
        if number != count:
            raise InputError(f"{number} views came where {count} were told")
        for array in arrays.values():
            array.flush()
        write_json(work / ABOUT, {**facts, "format": FORMAT, "views": count})
        work.rename(folder)
    return PreparedViews(folder)


def _mapped(path: Path) -> NDArray[np.uint8]:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is missing or damaged: delete its folder") from error
