"""A world through Mitsuba's polarized path tracing: Stokes parameters, and the layers of panes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...optics.fresnel import pane_reflectances
from ...optics.pane_geometry import PaneGeometry
from ...types import CameraModel, FloatArray
from ..world.types import World
from .denoise import denoised
from .mitsuba_scene import render_channels
from .mitsuba_variant import polarized_mitsuba
from .polarized_plugins import PANE_INDEX, layer_integrator, register_plugins
from .shapes import Mesh
from .world_meshes import move_pane, rendered_shapes
from .world_renderer import BRIGHTEST, Truth, environment

# Of the path after the first pane: a pane before a camera and one in a window leave four.
_MAX_DEPTH = 6
LIKE_POLARIZED = _MAX_DEPTH + 1
"""`max_depth` of a `WorldRenderer` that shows the same light."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


@dataclass(frozen=True, slots=True)
class PolarizedLayers:
    """Linear Stokes parameters S0, S1, S2 of one colour, each H x W x 3 float32, linear radiance.

    `mirrored`: what a pane mirrors where it is the first thing on the ray, else 0; `through`: what
    comes through it, else all light. What the camera sees is the sum. Angles are measured across
    the ray, from the image's x axis towards y down, as in `optics.pane_geometry.surface_view`.
    """

    through: FloatArray
    mirrored: FloatArray

    @property
    def stokes(self) -> FloatArray:
        """Of all light, H x W x 3 float32."""
        return self.through + self.mirrored


class PolarizedRenderer:
    """A world loaded once in the polarized variant, for many views of it.

    Raises InputError as `polarized_mitsuba` does.
    """

    def __init__(self, world: World) -> None:
        with polarized_mitsuba() as mi:
            register_plugins(mi)
            sky = environment(mi, world.surroundings)
            self._scene = mi.load_dict({"type": "scene", **rendered_shapes(mi, world), "sky": sky})
            path = mi.load_dict({"type": "path", "max_depth": _MAX_DEPTH})
            self._tracing = layer_integrator(mi)(path, self._scene)

    def place_pane(self, pane: Mesh | None) -> None:
        """As `WorldRenderer.place_pane`."""
        with polarized_mitsuba() as mi:
            move_pane(mi, self._scene, pane)

    def layers(
        self, camera: CameraModel, pose: NDArray[np.float64], samples: int, seed: int = 0
    ) -> PolarizedLayers:
        """Everything in focus, with the grain of `samples` light paths per pixel."""
        with polarized_mitsuba() as mi:
            self._tracing.look(pose[:3, 0])
            image = render_channels(
                mi, self._scene, camera, pose, samples, seed, integrator=self._tracing
            )
        light = np.nan_to_num(image[..., -6:])
        return PolarizedLayers(_bounded(light[..., :3]), _bounded(light[..., 3:]))

    def clean_layers(
        self,
        camera: CameraModel,
        pose: NDArray[np.float64],
        samples: int,
        seed: int,
        truth: Truth,
    ) -> PolarizedLayers:
        """`layers` after denoising, with `truth` of the same view to tell edges from grain."""
        noisy = self.layers(camera, pose, samples, seed)
        albedo = np.repeat((truth.albedo @ _LUMINANCE)[..., None], 3, axis=2)
        bright = denoised(_grey(noisy.through), albedo, truth.normals)[..., :1]
        mirrored = denoised(_grey(noisy.mirrored))[..., :1]
        of_pane = _of_pane(truth.panes)
        return PolarizedLayers(
            _cleaned(noisy.through, bright, of_pane[0]),
            _cleaned(noisy.mirrored, mirrored, of_pane[1]),
        )


def _cleaned(noisy: FloatArray, bright: FloatArray, of_pane: FloatArray) -> FloatArray:
    """The layer with `bright` as S0. Its grain is in S1 and S2 as far as the pane polarized it,
    which is known; the rest of them, of glossy things, has hardly any and stays as it is.
    """
    linear = noisy[..., 1:] + of_pane * (bright - noisy[..., :1])
    return _bounded(np.concatenate([bright, linear], axis=-1))


def _of_pane(panes: PaneGeometry) -> tuple[FloatArray, FloatArray]:
    """S1 / S0 and S2 / S0, H x W x 2, of light without polarization after a pane let it through
    and after it mirrored it.
    """
    perpendicular, parallel = pane_reflectances(panes.incidence_deg, PANE_INDEX)
    half, mean = (perpendicular - parallel) / 2, (perpendicular + parallel) / 2
    double = np.radians(2 * panes.perpendicular_deg)
    axis = np.stack([np.cos(double), np.sin(double)], axis=-1)
    through, mirrored = (axis * d[..., None] for d in (-half / (1 - mean), half / mean))
    return through.astype(np.float32), mirrored.astype(np.float32)


def _grey(stokes: FloatArray) -> FloatArray:
    return np.repeat(stokes[..., :1], 3, axis=-1)


def _bounded(stokes: FloatArray) -> FloatArray:
    """Not brighter than what images hold, and not polarized by more than all."""
    bright = np.maximum(stokes[..., :1], 0)
    linear = np.linalg.norm(stokes[..., 1:], axis=-1, keepdims=True)
    shrink = np.minimum(1, bright / np.maximum(linear, 1e-12))
    fits = np.minimum(1, BRIGHTEST / np.maximum(bright, 1e-12))
    return np.concatenate([bright, shrink * stokes[..., 1:]], axis=-1) * fits
