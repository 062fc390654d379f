"""Path-traced views through a pinhole with their depth: what training stacks are blurred from.

A pinhole view costs a small part of a sweep and serves many lenses and sweeps. Its noise must go
first: blurred with the view it would look like texture that a lens can focus on. The reflectance is
exact and the light on it is smooth: so only the light is traced, at half the size, and filtered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder
from ...files.images import write_array
from ...files.results import written_by
from ...types import CameraModel, FloatArray
from ..rendering.render import Renderer
from ..rendering.scenes import KINDS, SceneSettings, random_scene
from ..rendering.sensor import exposure_for

FIRST_TRAINING_SEED = 100_000
"""Scenes of training have seeds from here on; no stack that anything is judged on has."""
# Of images of half the views' size.
_LIGHT_WINDOW_PX = 7
_LIGHT_STEP = 0.25
# What is left then are stains of low contrast.
_STAIN_WINDOW_PX = 15
_STAIN_STEP = 0.08
_DARKEST_ALBEDO = 0.01
# Radians, upwards where positive.
_PITCH = (-0.3, 0.08)


@dataclass(frozen=True, slots=True)
class SharpView:
    """`radiance`: H x W x 3 float32, linear BGR, exposed so that the sensor saturates at 1;
    `dioptres`: H x W float32, inverse depth along the optical axis, 0 where nothing is.
    """

    radiance: FloatArray
    dioptres: FloatArray


def render_views(
    settings: SceneSettings, width: int, height: int, fov_deg: float, samples: int
) -> Iterator[SharpView]:
    """The scene of `settings` through a pinhole, and turned aside twice, mostly downwards, where
    floors and tables are; `samples` are paths per pixel.
    """
    focal = width / (2 * np.tan(np.radians(fov_deg) / 2))
    camera = CameraModel.centred(width, height, focal)
    scene = random_scene(settings)
    renderer = Renderer(scene)
    rng = np.random.default_rng([settings.seed, 5])
    pose = scene.pose.copy()
    for number, yaw in enumerate((0.0, rng.uniform(0.25, 0.6), -rng.uniform(0.25, 0.6))):
        turn = cv2.Rodrigues(np.array([rng.uniform(*_PITCH), yaw, 0.0]) * min(number, 1))[0]
        scene.pose[:3, :3] = pose[:3, :3] @ turn
        yield _view(renderer, camera, samples, settings.seed + number)


def _view(renderer: Renderer, camera: CameraModel, samples: int, seed: int) -> SharpView:
    geometry, reflectance = renderer.geometry(camera), renderer.reflectance(camera)
    shining = [KINDS.index("lamp"), KINDS.index("window")]
    half = CameraModel.centred(camera.width // 2, camera.height // 2, camera.fx / 2)
    coarse = renderer.geometry(half)
    lights = np.isin(coarse.labels, shining)
    radiance = renderer.pinhole(half, samples, seed)
    size = (half.width, half.height)
    albedo: Any = cv2.resize(reflectance, size, interpolation=cv2.INTER_AREA)
    clean = smooth_light(radiance, albedo, lights)
    exposure = exposure_for(clean[~lights] if not lights.all() else clean)
    light = clean / np.maximum(albedo, _DARKEST_ALBEDO)
    light = grown_light(light, coarse.objects, geometry.objects, _edges(lights))
    lit = light * np.maximum(reflectance, _DARKEST_ALBEDO)
    with np.errstate(divide="ignore"):
        dioptres = np.where(np.isfinite(geometry.depth), 1.0 / geometry.depth, 0.0)
    image = np.ascontiguousarray(lit[..., ::-1] * exposure, dtype=np.float32)
    return SharpView(image, dioptres.astype(np.float32))


def _edges(lights: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels that may show both a lamp and what is beside it."""
    square = np.ones((3, 3), np.uint8)
    mask = lights.astype(np.uint8)
    return np.asarray(cv2.dilate(mask, square) != cv2.erode(mask, square))


def grown_light(
    light: FloatArray,
    coarse: NDArray[np.uint16],
    objects: NDArray[np.uint16],
    unknown: NDArray[np.bool_],
) -> FloatArray:
    """`light` (h x w x 3) on what has the numbers `coarse` (h x w), interpolated at each pixel of
    `objects` (2h x 2w) from neighbours on the same object that are not `unknown` (h x w bool),
    where there are any within a few pixels.
    """
    height, width = objects.shape
    size = (width, height)
    grown: Any = cv2.resize(light, size, interpolation=cv2.INTER_LINEAR)
    for number in np.unique(objects):
        own = ((coarse == number) & ~unknown).astype(np.float32)
        seen = objects == number
        values = np.dstack([light * own[..., None], own])
        for reach in (0.0, 2.0):
            around = cv2.GaussianBlur(values, (0, 0), reach) if reach else values
            around = cv2.resize(around, size, interpolation=cv2.INTER_LINEAR)
            told = seen & (around[..., 3] > 0.01)
            grown[told] = around[told, :3] / around[told, 3:]
            seen &= ~told
    return np.asarray(grown, np.float32)


def smooth_light(radiance: FloatArray, albedo: FloatArray, lights: NDArray[np.bool_]) -> FloatArray:
    """`radiance` with the light that falls on `albedo` (both H x W x 3, linear) freed of noise by
    a bilateral filter over its logarithm; pixels of `lights` (H x W bool) stay as they are.
    """
    reflectance = np.maximum(albedo, _DARKEST_ALBEDO)
    light: Any = np.log(np.maximum(radiance, 1e-4) / reflectance).astype(np.float32)
    # Few samples have heavy tails, which a median takes before the bilateral filter keeps them.
    light = cv2.medianBlur(cv2.medianBlur(light, 5), 5)
    for _ in range(2):
        light = cv2.bilateralFilter(light, _LIGHT_WINDOW_PX, _LIGHT_STEP, _LIGHT_WINDOW_PX / 2)
    light = cv2.bilateralFilter(light, _STAIN_WINDOW_PX, _STAIN_STEP, _STAIN_WINDOW_PX / 3)
    clean = np.exp(light) * reflectance
    return np.where(lights[..., None], radiance, clean).astype(np.float32)


def write_view(file: Path, view: SharpView) -> None:
    """One array H x W x 4, float16: the radiance's square root (so that dark steps stay fine),
    then dioptres.
    """
    make_folder(file.parent)
    root = np.sqrt(np.clip(view.radiance, 0, 16))
    write_array(file, np.dstack([root, view.dioptres]).astype(np.float16))


@written_by("training data")
def write_training_views(folder: Path, scenes: int) -> None:
    """Three views of each of `scenes` training scenes into `folder`; those there are kept."""
    for number in range(scenes):
        if (folder / f"{number:04d}_2.npy").is_file():
            continue
        rng = np.random.default_rng(number)
        near = float(rng.uniform(0.4, 0.8))
        table = bool(rng.random() < 0.35)
        far = min(near * float(rng.uniform(4.5, 14)), 4.0 if table else 8.0)
        settings = SceneSettings(
            seed=FIRST_TRAINING_SEED + number,
            layout="table_top" if table else "room",
            plain_walls=bool(rng.random() < 0.55),
            near_m=near,
            far_m=far,
            clutter=float(rng.uniform(0.6, 1.4)),
            texture_px=int(rng.choice([384, 512, 640])),
        )
        views = render_views(settings, 480, 360, float(rng.uniform(45, 65)), 24)
        for turn, view in enumerate(views):
            write_view(folder / f"{number:04d}_{turn}.npy", view)


if __name__ == "__main__":
    write_training_views(Path(sys.argv[1]), int(sys.argv[2]))
