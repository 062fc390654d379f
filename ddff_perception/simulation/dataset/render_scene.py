"""One scene rendered into the bytes of its file: what every worker does."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optics.srgb import srgb_bytes
from ...types import FloatArray, InputError
from ..assets.library import Library
from ..classes import NYU13, NYU40, UNLABELLED, to_13
from ..rendering.denoise import has_denoiser
from ..rendering.polarized_renderer import LIKE_POLARIZED, PolarizedRenderer
from ..rendering.world_renderer import Truth, WorldRenderer
from ..world.cameras import Viewpoint
from ..world.scene import Scene
from ..world.solids import turn
from ..world.types import World
from .files import FORMAT, packed
from .made_with import MadeWith
from .polarized_view import place_pane, polarization
from .settings import DatasetSettings

_LOOK_PX = (80, 60)
_LOOK_SAMPLES, _LOOK_CELL, _LOOK_TRIES = 4, 10, 5
# Radiance that less than a quarter of a view reaches within a closed thing; a dark room at night
# has a hundred times as much.
_DARK = 1e-7
_MIDDLE_GREY = 0.35
_CLIP = 60.0  # of exposed radiance, well within float16
_LENS_SAMPLES = 8
_SPEED_M_S, _TURN_RAD_S = 0.4, 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """The scene `number` of a data set that was begun with `known`; `assets` is its folder, None
    the default.
    """

    settings: DatasetSettings
    number: int
    known: MadeWith
    assets: Path | None = None


@functools.lru_cache(maxsize=2)
def open_library(use: str, folder: Path | None) -> Library:
    """The library of a worker, opened once."""
    return Library(use, folder)


def render_scene(job: Job) -> bytes:
    """The scene's file. The same job gives the same bytes on machines of one kind.

    Raises InputError where Mitsuba is missing, or where the scene would be made with something
    else than the data set was begun with.
    """
    settings = job.settings
    library = open_library(settings.use, job.assets)
    if other := job.known.difference(MadeWith.here(settings, library)):
        raise InputError(f"a worker would render otherwise than the data set was begun: {other}")
    scene = Scene(
        library, settings.seed, job.number, settings.shares, settings.moving, settings.wet
    )
    renderer, polarized = _renderers(scene.world(), settings)
    arrays: dict[str, NDArray[Any]] = {}
    views = []
    for view in range(settings.views_per_scene):
        viewpoint = _lit_viewpoint(scene, renderer)
        rng = np.random.default_rng([settings.seed, job.number, view])
        pane: dict[str, Any] = {}
        if polarized is not None:
            pane = place_pane((renderer, polarized), viewpoint, settings, rng)
        facts, truth = _render_view(renderer, viewpoint, settings, rng, view, arrays)
        if polarized is not None:
            exposed = (facts["exposure"], _CLIP)
            seed = int(rng.integers(1 << 31))
            layers = polarization(polarized, viewpoint, settings, truth, exposed, seed)
            arrays |= {f"{name}_{view}": value for name, value in layers.items()}
            renderer.place_pane(None)
        views.append(facts | pane)
    # What was used is known at the end: viewpoints use nothing.
    about = {
        "format": FORMAT,
        "scene": job.number,
        "kind": scene.kind,
        "assets": list(renderer.world.assets),
        "settings": settings.to_dict(),
        "denoised": settings.denoise and has_denoiser(),
        "views": views,
    }
    return packed(arrays, about)


def _lit_viewpoint(scene: Scene, renderer: WorldRenderer) -> Viewpoint:
    """The scene's next viewpoint that is not within a closed thing, where no light comes."""
    for _ in range(_LOOK_TRIES):
        found = scene.viewpoint(lambda v: renderer.quick_look(v.camera(*_LOOK_PX), v.pose))
        seen = renderer.radiance(found.camera(*_LOOK_PX), found.pose, _LOOK_SAMPLES, 0).mean(axis=2)
        cells = seen.reshape(
            _LOOK_PX[1] // _LOOK_CELL, _LOOK_CELL, _LOOK_PX[0] // _LOOK_CELL, _LOOK_CELL
        )
        if np.percentile(cells.mean(axis=(1, 3)), 75) >= _DARK:
            break
    return found


def _renderers(
    world: World, settings: DatasetSettings
) -> tuple[WorldRenderer, PolarizedRenderer | None]:
    if not settings.polarized:
        return WorldRenderer(world), None
    # The latter first: it needs more of the machine, and says so at once.
    polarized = PolarizedRenderer(world)
    return WorldRenderer(world, LIKE_POLARIZED), polarized


def _render_view(
    renderer: WorldRenderer,
    viewpoint: Viewpoint,
    settings: DatasetSettings,
    rng: np.random.Generator,
    view: int,
    arrays: dict[str, NDArray[Any]],
) -> tuple[dict[str, Any], Truth]:
    """Adds the arrays of one view; what the index says of it, and the truth."""
    camera = viewpoint.camera(settings.width, settings.height)
    times = _times(settings)
    poses = _path(viewpoint.pose, times, rng)
    seeds = rng.integers(1 << 31, size=settings.frames)
    images = []
    for seconds, pose, seed in zip(times, poses, seeds, strict=True):
        moved = renderer
        if settings.moving and seconds:
            moved = WorldRenderer(renderer.world.at(float(seconds)))
        truth = moved.truth(camera, pose)
        if settings.denoise and has_denoiser():
            image = moved.clean_radiance(camera, pose, settings.samples, int(seed), truth)
        else:
            image = moved.radiance(camera, pose, settings.samples, int(seed))
        images.append(image)
    truth = renderer.truth(camera, viewpoint.pose)
    exposure = _exposure(images[len(images) // 2])
    stack = np.minimum(np.stack(images) * exposure, _CLIP)
    arrays[f"radiance_{view}"] = stack.astype(np.float16)
    for name, value in _stored(truth).items():
        arrays[f"{name}_{view}"] = value
    about = {
        "carrier": viewpoint.carrier,
        "fov_deg": viewpoint.fov_deg,
        "focal_px": camera.fx,
        "pose": viewpoint.pose.tolist(),
        "times_s": times.tolist(),
        "poses": poses.tolist(),
        "exposure": exposure,
        "depth_m": _range(truth.depth),
        "classes": _shares(truth.classes),
    }
    if settings.focus_slices:
        about |= _focus(renderer, viewpoint, settings, truth, (view, exposure), arrays)
    return about, truth


def _times(settings: DatasetSettings) -> NDArray[np.float64]:
    """Seconds of each frame: even steps about the middle one, which is at 0 as the truth is."""
    steps = np.arange(settings.frames) - settings.frames // 2
    return np.asarray(steps / max(settings.frames - 1, 1) * settings.span_s, np.float64)


def _focus(
    renderer: WorldRenderer,
    viewpoint: Viewpoint,
    settings: DatasetSettings,
    truth: Truth,
    view: tuple[int, float],
    arrays: dict[str, NDArray[Any]],
) -> dict[str, Any]:
    """Adds images through a thin lens, focused in even steps of dioptres over the depth seen."""
    camera = viewpoint.camera(settings.width, settings.height, settings.aperture_m)
    number, exposure = view
    near, far = _range(truth.depth) or (1.0, 2.0)
    distances = 1 / np.linspace(1 / near, 1 / far, settings.focus_slices)
    samples = settings.samples * _LENS_SAMPLES
    slices = [
        renderer.thin_lens(camera, viewpoint.pose, float(d), samples, number) for d in distances
    ]
    stack = np.minimum(np.stack(slices) * exposure, _CLIP)
    arrays[f"slices_{number}"] = stack.astype(np.float16)
    return {"focus_distances_m": distances.tolist(), "aperture_m": settings.aperture_m}


def _path(
    pose: NDArray[np.float64], times: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Poses (N, 4, 4) of a camera that passes `pose` at 0 s, moving and turning evenly."""
    velocity = rng.normal(0, _SPEED_M_S, 3)
    axis = rng.standard_normal(3) + 1e-9
    rate = float(rng.normal(0, _TURN_RAD_S))
    poses = np.tile(pose, (len(times), 1, 1))
    for number, seconds in enumerate(times):
        poses[number, :3, :3] = turn(axis, rate * seconds) @ pose[:3, :3]
        poses[number, :3, 3] = pose[:3, 3] + velocity * seconds
    return poses


def _stored(truth: Truth) -> dict[str, NDArray[Any]]:
    """As in the file: few bits where few are needed."""
    return {
        "depth": truth.depth,
        "normals": np.rint(truth.normals * 127).astype(np.int8),
        "albedo": srgb_bytes(truth.albedo),
        "classes": truth.classes,
        "instances": truth.instances,
        "glass": np.packbits(truth.glass),
        "mirror": np.packbits(truth.mirror),
    }


def _exposure(image: FloatArray) -> float:
    """The factor that brings a view to the middle of a display's range."""
    light = image.mean(axis=2)
    level = float(np.median(light)) + 0.3 * float(light.mean())
    return float(np.float32(_MIDDLE_GREY / (level + 1e-4)))


def _range(depth: FloatArray) -> list[float] | None:
    there = depth[np.isfinite(depth)]
    return [float(v) for v in np.percentile(there, [1, 99])] if there.size else None


def _shares(classes: NDArray[np.uint8]) -> dict[str, dict[str, float]]:
    """Share of the pixels of every class that is seen, of the 40 and of the 13."""
    result = {}
    for title, names, values in (("nyu40", NYU40, classes), ("nyu13", NYU13, to_13(classes))):
        share = np.bincount(values.ravel(), minlength=256)[:UNLABELLED] / values.size
        result[title] = {n: round(float(s), 5) for n, s in zip(names, share, strict=False) if s}
    return result
