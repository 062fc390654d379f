"""A focus sweep of a random scene, rendered: slices, truth and what else a test may want."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...optics.thin_lens import breathing_magnification, focus_distances_linear_in_dioptres
from ...types import CameraModel, FloatArray, FocalStack, FocusSlice, InputError, require_choice
from ..rendering.render import Renderer
from ..rendering.scenes import KINDS, SceneSettings, random_scene
from ..rendering.sensor import SensorSettings, expose, exposure_for

ORDERS = ("near_to_far", "far_to_near", "random")
Progress = Callable[[int, int], None]
"""Called with the number of images done and the number of all."""


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """Everything that a rendered sweep depends on: the same settings give the same images.

    `horizontal_fov_deg` is the field of view across the width, with the lens focused at infinity
    where it breathes. Focus distances are `focus_distances_m` or, where that is empty, `slices`
    steps linear in dioptres from `near_m` to `far_m`. `breathing` is the change of magnification
    per dioptre (see `optics.thin_lens.breathing_magnification`). `samples` are paths per pixel.
    `frame_interval_s` is the time between stamps.
    """

    scene: SceneSettings = field(default_factory=SceneSettings)
    width: int = 480
    height: int = 360
    horizontal_fov_deg: float = 55.0
    aperture_diameter_m: float = 0.010
    near_m: float = 0.5
    far_m: float = 7.0
    slices: int = 10
    focus_distances_m: tuple[float, ...] = ()
    samples: int = 64
    sensor: SensorSettings = field(default_factory=SensorSettings)
    breathing: float = 0.0
    order: str = "near_to_far"
    frame_interval_s: float = 1 / 30

    def __post_init__(self) -> None:
        if not 8 <= self.width <= 4096 or not 8 <= self.height <= 4096:
            raise InputError("the size of a rendered image must lie in 8 .. 4096 pixels")
        if not 5.0 <= self.horizontal_fov_deg <= 120.0:
            raise InputError("the field of view must lie in 5 .. 120 degrees")
        if not 0.0 < self.aperture_diameter_m <= 0.2:
            raise InputError("the aperture diameter must lie in 0 .. 0.2 m, over 0")
        require_choice("order", self.order, ORDERS)
        if not 1 <= self.samples <= 65536:
            raise InputError("samples per pixel must lie in 1 .. 65536")
        if not self.focus_distances_m and not 1 <= self.slices <= 1000:
            raise InputError("the number of slices must lie in 1 .. 1000")
        if not self.near_m <= self.far_m:
            raise InputError(
                f"the nearest focus distance, {self.near_m:g} m, must not be over the farthest, "
                f"{self.far_m:g} m"
            )
        if not all(distance > 0 for distance in (*self.focus_distances_m, self.near_m, self.far_m)):
            raise InputError("focus distances must be positive")

    @property
    def camera(self) -> CameraModel:
        """Pinhole model of the truth and of each slice (of one focused at infinity, where the
        lens breathes).
        """
        focal = self.width / (2 * math.tan(math.radians(self.horizontal_fov_deg) / 2))
        return CameraModel.centred(self.width, self.height, focal, self.aperture_diameter_m)

    def distances(self) -> NDArray[np.float64]:
        """Focus distances in metres in the order of the sweep."""
        if self.focus_distances_m:
            values = np.sort(np.asarray(self.focus_distances_m, dtype=np.float64))
        else:
            values = focus_distances_linear_in_dioptres(self.near_m, self.far_m, self.slices)
        if self.order == "far_to_near":
            return values[::-1]
        if self.order == "random":
            return np.random.default_rng(self.scene.seed).permutation(values)
        return values


@dataclass(frozen=True, slots=True)
class RenderedSweep:
    """`stack` as a camera would deliver it and what a camera does not say.

    `truth`: H x W float32 metres along the optical axis at the pixel centres, +inf where nothing
    is. `labels`: H x W uint8, class of `scenes.KINDS`. `objects`: H x W uint16, number of the
    object, 0 for none. `normals`: H x W x 3 float32 in the optical frame, towards the camera.
    `all_in_focus`: H x W x 3 uint8 BGR through a pinhole, without noise. `magnifications`: size
    of each slice's image relative to the truth's, 1 without breathing.
    """

    stack: FocalStack
    truth: FloatArray
    labels: NDArray[np.uint8]
    objects: NDArray[np.uint16]
    normals: FloatArray
    all_in_focus: NDArray[np.uint8]
    magnifications: tuple[float, ...]


def render_sweep(settings: SweepSettings, progress: Progress | None = None) -> RenderedSweep:
    """Path-trace the sweep that `settings` describe.

    Raises InputError where Mitsuba is not installed.
    """
    camera, distances = settings.camera, settings.distances()
    renderer = Renderer(random_scene(settings.scene))
    total = len(distances) + 1
    seed = settings.scene.seed * 4099 % 2**31
    report = progress or (lambda done, all_: None)
    sharp = renderer.pinhole(camera, settings.samples, seed)
    report(1, total)
    geometry = renderer.geometry(camera)
    lights = np.isin(geometry.labels, [KINDS.index("lamp"), KINDS.index("window")])
    exposure = exposure_for(sharp[~lights] if not lights.all() else sharp)
    rng = np.random.default_rng([settings.scene.seed, 77])
    magnifications = [breathing_magnification(d, settings.breathing) for d in distances]
    slices = []
    for number, (distance, scale) in enumerate(zip(distances, magnifications, strict=True)):
        seen = replace(camera, fx=camera.fx * scale, fy=camera.fy * scale)
        radiance = renderer.thin_lens(seen, float(distance), settings.samples, seed + 1 + number)
        image = expose(radiance, exposure, settings.sensor, rng)
        stamp = round(number * settings.frame_interval_s * 1e9)
        slices.append(FocusSlice(image, float(distance), stamp))
        report(number + 2, total)
    clean = replace(settings.sensor, noise=0.0)
    return RenderedSweep(
        stack=FocalStack(tuple(slices), camera),
        truth=geometry.depth,
        labels=geometry.labels,
        objects=geometry.objects,
        normals=geometry.normals,
        all_in_focus=expose(sharp, exposure, clean, rng),
        magnifications=tuple(magnifications),
    )
