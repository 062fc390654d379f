"""A wide view of a rendered room, for a camera that shakes before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...types import FloatArray
from ..assets.credits import credits_text
from ..assets.library import Library
from ..rendering.denoise import has_denoiser
from ..rendering.sensor import exposure_for
from ..rendering.world_renderer import WorldRenderer
from ..rgbd_camera.render import RoomTour
from ..world.scene import Scene

_LOOK_PX = (80, 60)


def room_view(tour: RoomTour, assets: Path | None) -> tuple[FloatArray, str]:
    """The first view of a tour as linear light, H x W x 3 BGR, middle grey in its middle, and the
    credits of what it shows. Raises InputError where Mitsuba is missing.
    """
    scene = Scene(Library("train", assets), tour.seed, 0, {tour.kind: 1.0})
    renderer = WorldRenderer(scene.world())
    for _ in range(tour.view + 1):
        viewpoint = scene.viewpoint(lambda v: renderer.quick_look(v.camera(*_LOOK_PX), v.pose))
    camera = viewpoint.camera(tour.width, tour.height)
    if has_denoiser():
        truth = renderer.truth(camera, viewpoint.pose)
        light = renderer.clean_radiance(camera, viewpoint.pose, tour.samples, 0, truth)
    else:
        light = renderer.radiance(camera, viewpoint.pose, tour.samples, 0)
    light = light * exposure_for(light)
    text = credits_text("this sequence", renderer.world.assets)
    text = text.replace("What this sequence learned from", "What this sequence shows")
    return np.ascontiguousarray(light[..., ::-1], np.float32), text
