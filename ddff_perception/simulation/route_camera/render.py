"""Drives along one route, rendered into folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...files.atomic import make_folder, write_bytes
from ...files.drive_folder import drive_files, write_drive
from ...optics.srgb import srgb_bytes
from ...types import ImageArray, InputError
from ..assets.credits import credits_text
from ..assets.library import Library
from ..rendering.denoise import has_denoiser
from ..rendering.sensor import exposure_for
from ..rendering.world_renderer import WorldRenderer
from ..world.maker import Maker
from ..world.rooms import ROOMS, make_room
from .other_day import another_day, with_way_free
from .route import RouteThroughRoom, drive_places

CREDITS = "CREDITS.md"
_SPEED_M_S = 1.0
_SWAY_M, _SWAY_RAD = 0.06, 0.03


@dataclass(frozen=True, slots=True)
class DriveSettings:
    """A drive: the route through the room of `kind` and `seed`, on the day `day` (0: as it was
    furnished), its first `metres` alone where that is not 0. `use`: whose assets, train or judge.
    """

    kind: str = "hall"
    seed: int = 0
    day: int = 0
    frames: int = 100
    width: int = 160
    height: int = 120
    samples: int = 8
    use: str = "train"
    metres: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ROOMS:
            raise InputError(f"kinds of rooms are {', '.join(ROOMS)}; {self.kind!r} is none")
        if not 8 <= self.frames <= 2000 or not 1 <= self.samples <= 65536:
            raise InputError("frames must lie in 8 .. 2000, samples in 1 .. 65536")
        if not (16 <= self.width <= 4096 and 16 <= self.height <= 4096):
            raise InputError("width and height must lie in 16 .. 4096 pixels")
        if self.use not in ("train", "judge"):
            raise InputError(f"use is train or judge, not {self.use!r}")


def render_drive(
    folder: Path, drive: DriveSettings, assets: Path | None, progress: Callable[[int], None]
) -> None:
    """Renders the drive into a folder with its credits.

    Raises InputError where Mitsuba is missing or the folder cannot be written, the latter before
    any time is spent.
    """
    make_folder(folder, [*drive_files(drive.frames), CREDITS])
    library = Library(drive.use, assets)
    maker = Maker(library, drive.seed)
    plan = make_room(maker, drive.kind)
    route = RouteThroughRoom(plan.width, plan.depth)
    world = maker.world(drive.kind)
    if drive.day:
        number = drive.seed * 1000 + drive.day
        world = another_day(world, library, route.points(), (plan.width, plan.depth), number)
    world = with_way_free(world, route.points())
    renderer = WorldRenderer(world)
    rng = np.random.default_rng([drive.seed, drive.day, 11])
    length = min(route.length, drive.metres) if drive.metres else route.length
    places = drive_places(length, drive.frames, rng)
    sway = np.cumsum(rng.normal(0, 1, (drive.frames, 2)), axis=0)
    sway = np.clip(sway / np.sqrt(drive.frames), -2, 2) * [_SWAY_M, _SWAY_RAD]
    images: list[ImageArray] = []
    exposure = 0.0
    for number, place in enumerate(places):
        viewpoint = route.viewpoint(float(place), (float(sway[number, 0]), float(sway[number, 1])))
        camera = viewpoint.camera(drive.width, drive.height)
        if has_denoiser():
            truth = renderer.truth(camera, viewpoint.pose)
            light = renderer.clean_radiance(camera, viewpoint.pose, drive.samples, number, truth)
        else:
            light = renderer.radiance(camera, viewpoint.pose, drive.samples, number)
        # As cameras do: slowly.
        wanted = exposure_for(light)
        exposure = wanted if not exposure else 0.8 * exposure + 0.2 * wanted
        images.append(np.ascontiguousarray(srgb_bytes(light * exposure)[:, :, ::-1]))
        progress(number + 1)
    seconds = np.arange(drive.frames) * length / drive.frames / _SPEED_M_S
    name = f"{drive.use} {drive.kind} {drive.seed}"
    keys = list(world.assets)
    facts = {"route": name, "day": drive.day, "use": drive.use, "assets": keys}
    write_drive(folder, images, seconds, places, facts)
    write_bytes(folder / CREDITS, credits_text(folder.name, keys).encode())
