"""Judges rendered: sweeps through a thin lens, and light fields as a grid of cameras takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...optics.thin_lens import focus_distances_linear_in_dioptres
from ...types import (
    FloatArray,
    FocalStack,
    FocusSlice,
    LightField,
    LightFieldCalibration,
)
from ..assets.library import Library
from ..rendering.sensor import SensorSettings, expose, exposure_for
from ..rendering.world_renderer import WorldRenderer
from .catalogue import Judge
from .stage import Stage

VIEWS_ACROSS = 7
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Shots:
    """What was taken of a judge: `stack` through a lens or `light_field`, the other is None.

    `truth`: H x W float32 metres along the optical axis, +inf where nothing is. `all_in_focus`:
    H x W x 3 uint8 BGR without noise, of a light field the centre view as it is. `assets`: keys of
    all held-out assets in the scene.
    """

    stack: FocalStack | None
    light_field: LightField | None
    truth: FloatArray
    all_in_focus: NDArray[np.uint8]
    assets: tuple[str, ...]


def shoot(judge: Judge, library: Library, progress: Progress = lambda done, total: None) -> Shots:
    """Renders `judge`. `progress` gets images done and in all.

    Raises InputError where assets, Mitsuba or the denoiser are missing.
    """
    stage = Stage(library, judge.name)
    judge.compose(stage)
    world = stage.world()
    renderer = WorldRenderer(world)
    truth, _ = renderer.quick_look(judge.camera, judge.pose)
    sharp = renderer.clean_image(judge.camera, judge.pose, judge.samples, 1)
    exposure = exposure_for(sharp[np.isfinite(truth)])
    sensor = SensorSettings(noise=judge.noise, vignetting=judge.vignetting)
    rng = np.random.default_rng(list(f"sensor {judge.name}".encode()))
    clean = expose(sharp, exposure, SensorSettings(noise=0.0), rng)

    def image(radiance: FloatArray) -> NDArray[np.uint8]:
        return expose(radiance, exposure, sensor, rng)

    if judge.family == "light_fields":
        field = _light_field(judge, renderer, image, progress)
        return Shots(None, field, truth, clean, world.assets)
    return Shots(_sweep(judge, renderer, image, progress), None, truth, clean, world.assets)


def _sweep(
    judge: Judge,
    renderer: WorldRenderer,
    image: Callable[[FloatArray], NDArray[np.uint8]],
    progress: Progress,
) -> FocalStack:
    """With one seed for all slices: what the denoiser leaves on plain surfaces then stays the same
    from slice to slice (0.3 levels of 255 instead of 1.6), and nothing seems to come into focus.
    """
    slices = []
    for number, distance in enumerate(
        focus_distances_linear_in_dioptres(*judge.ends_m, judge.slices)
    ):
        radiance = renderer.clean_image(judge.camera, judge.pose, judge.samples, 2, float(distance))
        slices.append(FocusSlice(image(radiance), float(distance)))
        progress(number + 1, judge.slices)
    return FocalStack(tuple(slices), judge.camera)


def _light_field(
    judge: Judge,
    renderer: WorldRenderer,
    image: Callable[[FloatArray], NDArray[np.uint8]],
    progress: Progress,
) -> LightField:
    """Parallel cameras around the judge's pose, its aperture from the first to the last, each with
    a seed of its own: what the denoiser leaves averages out, and seems to be at no distance.
    """
    baseline = judge.aperture_m / (VIEWS_ACROSS - 1)
    middle = (VIEWS_ACROSS - 1) / 2
    views = np.empty((VIEWS_ACROSS, VIEWS_ACROSS, judge.height, judge.width, 3), np.uint8)
    for number in range(VIEWS_ACROSS**2):
        row, column = divmod(number, VIEWS_ACROSS)
        pose = judge.pose
        aside = baseline * np.array([column - middle, row - middle, 0.0])
        pose[:3, 3] += pose[:3, :3] @ aside
        views[row, column] = image(
            renderer.clean_image(judge.camera, pose, judge.samples, 2 + number)
        )
        progress(number + 1, VIEWS_ACROSS**2)
    camera = replace(judge.camera, aperture_diameter_m=None)
    return LightField(views, LightFieldCalibration(baseline, camera))
