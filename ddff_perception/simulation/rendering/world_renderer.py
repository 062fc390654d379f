"""A world through Mitsuba 3: radiance as a camera sees it, and everything true about the view."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optics.pane_geometry import PaneGeometry, surface_view
from ...types import CameraModel, FloatArray
from ..classes import UNLABELLED
from ..world.types import Surroundings, World
from .denoise import denoised
from .mitsuba_scene import (
    Hits,
    SolidScene,
    finer_camera,
    lens_properties,
    render_channels,
    render_radiance,
)
from .mitsuba_variant import load_mitsuba
from .reflectance import seen_reflectance
from .shapes import Mesh
from .world_meshes import Solid, move_pane, rendered_shapes, solid

_GUIDES = "albedo:albedo,normal:sh_normal"
_MAX_DEPTH = 5  # direct light and three bounces
_RAYS_ACROSS = 2  # for what is averaged over a pixel, along each of its sides
# A few paths find a lamp by chance and would leave dots; nothing that is seen is so bright.
BRIGHTEST = 200.0


@dataclass(frozen=True, slots=True)
class Truth:
    """What is seen at the pixel centres.

    Of the first surface that is not of glass: `depth`, H x W float32 metres along the optical axis,
    +inf where a ray leaves the scene; `normals`, H x W x 3 float32 unit vectors in the camera's
    optical frame, towards the camera, 0 where nothing is; `albedo`, H x W x 3 float32, linear RGB,
    averaged over the pixel. A mirror is a surface, what it shows is not.

    Of the first surface, panes of glass included: `classes`, H x W uint8, index into NYU40 or
    UNLABELLED; `instances`, H x W uint16, 1 + index into the world's things, 0 for none (the pane
    of `place_pane` is looked through). `glass` and `mirror`, H x W bool; `panes`, how glass stands
    to the ray, each H x W float32 degrees, 0 where none is.
    """

    depth: FloatArray
    normals: FloatArray
    albedo: FloatArray
    classes: NDArray[np.uint8]
    instances: NDArray[np.uint16]
    glass: NDArray[np.bool_]
    mirror: NDArray[np.bool_]
    panes: PaneGeometry


class WorldRenderer:
    """A world loaded once, for many views of it. Light is followed over `max_depth` surfaces, panes
    counted.

    Raises InputError where Mitsuba is not installed.
    """

    def __init__(self, world: World, max_depth: int = _MAX_DEPTH) -> None:
        self._mi = load_mitsuba()
        self.world = world
        scene: dict[str, Any] = {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": max_depth},
        }
        shapes = rendered_shapes(self._mi, world)
        self._loaded = self._mi.load_dict(
            {**scene, **shapes, "sky": environment(self._mi, world.surroundings)}
        )
        guided = {"type": "aov", "aovs": _GUIDES, "image": scene["integrator"]}
        self._guided = self._mi.load_dict(guided)
        self._pane_scene: SolidScene | None = None
        self._opaque = solid(world, glass=False)
        self._opaque_scene = SolidScene(self._mi, self._opaque.mesh)
        surfaces = [piece.surface for thing in world.things for piece in thing.pieces]
        self._whole, self._whole_scene = self._opaque, self._opaque_scene
        if any(surface.finish == "glass" for surface in surfaces):
            self._whole = solid(world, glass=True)
            self._whole_scene = SolidScene(self._mi, self._whole.mesh)

    def place_pane(self, pane: Mesh | None) -> None:
        """Puts a pane of glass, of two triangles like NO_PANE, into the scene, or takes it away."""
        move_pane(self._mi, self._loaded, pane)
        self._pane_scene = None
        if pane is not None:
            self._pane_scene = SolidScene(self._mi, pane)

    def radiance(
        self, camera: CameraModel, pose: NDArray[np.float64], samples: int, seed: int = 0
    ) -> FloatArray:
        """Everything in focus: H x W x 3 float32, linear RGB radiance."""
        image = render_radiance(self._mi, self._loaded, camera, pose, samples, seed)
        return np.minimum(np.nan_to_num(image), BRIGHTEST)

    def clean_radiance(
        self,
        camera: CameraModel,
        pose: NDArray[np.float64],
        samples: int,
        seed: int,
        truth: Truth,
    ) -> FloatArray:
        """`radiance` after denoising, with `truth` of the same view to tell edges from grain."""
        noisy = self.radiance(camera, pose, samples, seed)
        return denoised(noisy, truth.albedo, truth.normals)

    def thin_lens(
        self,
        camera: CameraModel,
        pose: NDArray[np.float64],
        focus_distance_m: float,
        samples: int,
        seed: int = 0,
    ) -> FloatArray:
        """Focused at that distance with the camera's aperture: H x W x 3 float32, linear RGB.

        Raises InputError where the camera has no aperture diameter.
        """
        lens = lens_properties(camera, focus_distance_m)
        image = render_radiance(self._mi, self._loaded, camera, pose, samples, seed, **lens)
        return np.minimum(np.nan_to_num(image), BRIGHTEST)

    def clean_image(
        self,
        camera: CameraModel,
        pose: NDArray[np.float64],
        samples: int,
        seed: int,
        focus_distance_m: float | None = None,
    ) -> FloatArray:
        """The image through a lens that is focused at that distance (None: through a pinhole),
        denoised: H x W x 3 float32, linear RGB.

        The albedo and the normals that guide the denoiser are seen through the same lens by the
        same rays, as sharp or blurred as the image. Raises InputError as `thin_lens` does, and
        where the denoiser is not installed.
        """
        lens = {} if focus_distance_m is None else lens_properties(camera, focus_distance_m)
        seen = render_channels(
            self._mi, self._loaded, camera, pose, samples, seed, self._guided, **lens
        )
        image = np.clip(np.nan_to_num(seen[..., :3]), 0, BRIGHTEST)
        guides = np.nan_to_num(seen[..., 3:9])
        return denoised(image, np.clip(guides[..., :3], 0, 1), np.clip(guides[..., 3:], -1, 1))

    def truth(self, camera: CameraModel, pose: NDArray[np.float64]) -> Truth:
        """Depth, normals, classes, instances, albedo and masks of one view."""
        hits = first = self._opaque_scene.hits(camera, pose)
        if self._whole_scene is not self._opaque_scene:
            first = self._whole_scene.hits(camera, pose)
        depth, normals = hits.depth_and_normals(pose)
        finer = self._opaque_scene.hits(finer_camera(camera, _RAYS_ACROSS), pose)
        things = _of_faces(self._whole.things, first.face, 0)
        finishes = _of_faces(_finishes(self._whole), first.face, "")
        glass = finishes == "glass"
        pane = self._pane_hits(camera, pose, first)
        before, rotation = pane.face[..., None] >= 0, pose[:3, :3]
        places = np.where(before, pane.position, first.position) - pose[:3, 3]
        across = np.where(before, pane.normal, first.normal * glass[..., None])
        return Truth(
            depth=depth,
            normals=normals,
            albedo=self._albedo(finer),
            classes=_label_table(self.world)[things],
            instances=things.astype(np.uint16),
            glass=glass | (pane.face >= 0),
            mirror=finishes == "mirror",
            panes=surface_view(places @ rotation, across @ rotation),
        )

    def quick_look(self, camera: CameraModel, pose: NDArray[np.float64]) -> tuple[Any, Any]:
        """Depth and classes as in `Truth`, where nothing else is wanted (glass is no surface)."""
        hits = self._opaque_scene.hits(camera, pose)
        things = _of_faces(self._opaque.things, hits.face, 0)
        return hits.depth_and_normals(pose)[0], _label_table(self.world)[things]

    def _albedo(self, hits: Hits) -> FloatArray:
        surfaces = self._opaque.surfaces
        numbers = 1 + _of_faces(self._opaque.surface_numbers, hits.face, -1)
        plain = np.array([[0.0] * 3, *(s.colour for s in surfaces)], np.float32)
        pictured = [0, *(s.picture is not None for s in surfaces)]
        textures = [_texture(s.colour) if s.picture is None else s.picture for s in surfaces]
        with_picture = np.where(np.array(pictured, bool)[numbers], numbers, 0)
        looked_up = seen_reflectance(
            textures, with_picture.astype(np.uint16), hits.uv, _RAYS_ACROSS
        )
        flat = np.where(with_picture[..., None] > 0, 0, plain[numbers])
        height, width = flat.shape[0] // _RAYS_ACROSS, flat.shape[1] // _RAYS_ACROSS
        blocks = flat.reshape(height, _RAYS_ACROSS, width, _RAYS_ACROSS, 3)
        return np.asarray(looked_up + blocks.mean(axis=(1, 3)), np.float32)

    def _pane_hits(self, camera: CameraModel, pose: NDArray[np.float64], first: Hits) -> Hits:
        """Of the placed pane where it is before the `first` thing, face -1 elsewhere."""
        if self._pane_scene is None:
            return replace(first, face=np.full_like(first.face, -1))
        hits = self._pane_scene.hits(camera, pose)
        near, far = (np.linalg.norm(h.position - pose[:3, 3], axis=2) for h in (hits, first))
        seen = (hits.face >= 0) & ((first.face < 0) | (near < far))
        return replace(hits, face=np.where(seen, hits.face, -1))


def _of_faces(values: NDArray[Any], faces: NDArray[np.int64], outside: Any) -> NDArray[Any]:
    """`values` of each face, `outside` where there is none."""
    extended = np.append(values, np.asarray([outside], values.dtype))
    return np.asarray(extended[faces])


def _finishes(part: Solid) -> NDArray[np.str_]:
    return np.array([surface.finish for surface in part.surfaces])[part.surface_numbers]


def _label_table(world: World) -> NDArray[np.uint8]:
    labels = [UNLABELLED if t.label_index is None else t.label_index for t in world.things]
    return np.array([UNLABELLED, *labels], np.uint8)


def _texture(colour: tuple[float, float, float]) -> FloatArray:
    return np.asarray([[colour]], np.float32)


def environment(mi: Any, surroundings: Surroundings) -> dict[str, Any]:
    """The light around: always an environment map, so that all scenes run the same code."""
    if surroundings.file is not None:
        bitmap = mi.Bitmap(surroundings.file)
    else:
        bitmap = mi.Bitmap(np.tile(np.asarray(surroundings.colour, np.float32), (8, 16, 1)))
    turn = mi.ScalarTransform4f().rotate([0, 0, 1], math.degrees(surroundings.turn))
    upright = turn.rotate([1, 0, 0], 90)
    scale = surroundings.scale
    return {"type": "envmap", "bitmap": bitmap, "scale": scale, "to_world": upright}
