"""Path-traced views through a pinhole with their depth: what training stacks are blurred from.

A pinhole view costs a tenth of a sweep and serves many lenses and sweeps. Its noise must go first:
blurred with the view it would look like texture that a lens can focus on. The albedo is exact
and the light on it is smooth, so only the light is filtered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..files.atomic import make_folder
from ..files.stack_folder import write_array
from ..types import CameraModel, FloatArray
from .render import Renderer
from .scenes import KINDS, SceneSettings, random_scene
from .sensor import exposure_for

FIRST_TRAINING_SEED = 100_000
"""Scenes of training have seeds from here on; no stack that anything is judged on has."""
_LIGHT_WINDOW_PX = 9
_LIGHT_STEP = 0.25
# What is left then are stains of low contrast.
_STAIN_WINDOW_PX = 21
_STAIN_STEP = 0.08
_DARKEST_ALBEDO = 0.01


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
    """The scene of `settings` through a pinhole, and turned aside twice; `samples` are paths per
    pixel.
    """
    focal = width / (2 * np.tan(np.radians(fov_deg) / 2))
    camera = CameraModel(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
    scene = random_scene(settings)
    renderer = Renderer(scene)
    rng = np.random.default_rng([settings.seed, 5])
    pose = scene.pose.copy()
    for number, yaw in enumerate((0.0, rng.uniform(0.25, 0.6), -rng.uniform(0.25, 0.6))):
        turn = cv2.Rodrigues(np.array([rng.normal(0, 0.05), yaw, 0.0]) * min(number, 1))[0]
        scene.pose[:3, :3] = pose[:3, :3] @ turn
        yield _view(renderer, camera, samples, settings.seed + number)


def _view(renderer: Renderer, camera: CameraModel, samples: int, seed: int) -> SharpView:
    radiance, albedo = renderer.radiance_and_albedo(camera, samples, seed)
    geometry = renderer.geometry(camera)
    lights = np.isin(geometry.labels, [KINDS.index("lamp"), KINDS.index("window")])
    clean = smooth_light(radiance, albedo, lights)
    exposure = exposure_for(clean[~lights] if not lights.all() else clean)
    with np.errstate(divide="ignore"):
        dioptres = np.where(np.isfinite(geometry.depth), 1.0 / geometry.depth, 0.0)
    image = np.ascontiguousarray(clean[..., ::-1] * exposure, dtype=np.float32)
    return SharpView(image, dioptres.astype(np.float32))


def smooth_light(radiance: FloatArray, albedo: FloatArray, lights: FloatArray) -> FloatArray:
    """`radiance` with the light that falls on `albedo` (both H x W x 3, linear) freed of noise by
    a bilateral filter over its logarithm; pixels of `lights` (H x W bool) stay as they are.
    """
    reflectance = np.maximum(albedo, _DARKEST_ALBEDO)
    light = np.log(np.maximum(radiance, 1e-4) / reflectance).astype(np.float32)
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
        views = render_views(settings, 480, 360, float(rng.uniform(45, 65)), 16)
        for turn, view in enumerate(views):
            write_view(folder / f"{number:04d}_{turn}.npy", view)


if __name__ == "__main__":
    write_training_views(Path(sys.argv[1]), int(sys.argv[2]))
