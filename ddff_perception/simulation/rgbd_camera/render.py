"""A camera that looks around in a rendered room: colour, depth and labels, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files.atomic import make_folder, write_bytes
from ...files.rgbd_folder import RgbdFolder, RgbdImages, rgbd_files, write_rgbd
from ...optics.srgb import srgb_bytes
from ...types import InputError
from ..assets.credits import credits_text
from ..assets.library import Library
from ..classes import to_13
from ..rendering.denoise import has_denoiser
from ..rendering.sensor import exposure_for
from ..rendering.world_renderer import WorldRenderer
from ..world.cameras import Viewpoint
from ..world.rooms import ROOMS
from ..world.scene import Scene
from ..world.solids import turn
from .depth_sensor import sensed_depth

CREDITS = "CREDITS.md"
_LOOK_PX = (80, 60)


@dataclass(frozen=True, slots=True)
class RoomTour:
    """What is rendered: a room of `kind` and `seed`, seen `frames` times from a camera that turns
    by `turn_deg` to the right while it moves there by `sway_m`, and back again.
    """

    kind: str = "living"
    seed: int = 0
    view: int = 0
    frames: int = 24
    width: int = 320
    height: int = 240
    samples: int = 32
    turn_deg: float = 30.0
    sway_m: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in ROOMS:
            raise InputError(f"kinds of rooms are {', '.join(ROOMS)}; {self.kind!r} is none")
        if not 1 <= self.frames <= 1000 or not 1 <= self.samples <= 65536:
            raise InputError("frames must lie in 1 .. 1000, samples in 1 .. 65536")
        if not (16 <= self.width <= 4096 and 16 <= self.height <= 4096):
            raise InputError("width and height must lie in 16 .. 4096 pixels")


def render_tour(
    folder: Path, tour: RoomTour, assets: Path | None, progress: Callable[[int], None]
) -> None:
    """Renders the tour into an RGB-D folder with its credits.

    Raises InputError where Mitsuba is missing or the folder cannot be written, the latter before
    any time is spent.
    """
    make_folder(folder, [*rgbd_files(tour.frames), CREDITS])
    scene = Scene(Library("train", assets), tour.seed, 0, {tour.kind: 1.0})
    renderer = WorldRenderer(scene.world())
    for _ in range(tour.view + 1):
        viewpoint = scene.viewpoint(lambda v: renderer.quick_look(v.camera(*_LOOK_PX), v.pose))
    camera = viewpoint.camera(tour.width, tour.height)
    rng = np.random.default_rng([tour.seed, 7])
    images: list[RgbdImages] = []
    exposure = 0.0
    for number, pose in enumerate(_poses(viewpoint, tour)):
        truth = renderer.truth(camera, pose)
        if has_denoiser():
            light = renderer.clean_radiance(camera, pose, tour.samples, number, truth)
        else:
            light = renderer.radiance(camera, pose, tour.samples, number)
        exposure = exposure or exposure_for(light)
        depth = sensed_depth(truth.depth, truth.glass | truth.mirror, camera.fx, rng)
        down = pose[:3, :3].T @ [0.0, 0.0, -1.0]
        gravity = (float(down[0]), float(down[1]), float(down[2]))
        images.append(
            RgbdImages(
                srgb_bytes(light[..., ::-1] * exposure), depth, to_13(truth.classes), gravity
            )
        )
        progress(number + 1)
    write_rgbd(folder, RgbdFolder(folder, (), camera=camera), images)
    text = credits_text("this sequence", renderer.world.assets)
    text = text.replace("What this sequence learned from", "What this sequence shows")
    write_bytes(folder / CREDITS, text.encode())


def _poses(viewpoint: Viewpoint, tour: RoomTour) -> list[NDArray[np.float64]]:
    poses = []
    for number in range(tour.frames):
        share = (1 - np.cos(2 * np.pi * number / tour.frames)) / 2
        pose = viewpoint.pose.copy()
        yaw = np.radians(tour.turn_deg) * share
        pose[:3, 3] += pose[:3, 0] * tour.sway_m * share
        pose[:3, :3] = turn(np.array([0.0, 0.0, 1.0]), -yaw) @ pose[:3, :3]
        poses.append(pose)
    return poses
