"""Scenes through Mitsuba 3: thin-lens images, pinhole images, exact depth, labels, normals.

Mitsuba's `thinlens` sensor keeps the plane at `focus_distance` in place whatever the aperture, so
its image of that plane is the pinhole image of the same field of view: `fx`, `fy`, `cx`, `cy` hold
for every slice (without breathing), and the blur disc is that of `optics.thin_lens`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import CameraModel, FloatArray
from .mitsuba_scene import (
    Hits,
    SolidScene,
    finer_camera,
    lens_properties,
    mitsuba_mesh,
    picture_texture,
    render_radiance,
    surface_bsdf,
)
from .mitsuba_variant import load_mitsuba
from .reflectance import seen_reflectance
from .scene_types import KINDS, Material, Scene, SceneObject
from .shapes import merged

_MAX_DEPTH = 4  # direct light and two bounces
# Rays along each side of a pixel.
_REFLECTANCE_RAYS = 2


@dataclass(frozen=True, slots=True)
class Geometry:
    """What is seen at the pixel centres.

    `depth`: H x W float32 metres along the optical axis, +inf where the ray leaves the scene.
    `objects`: H x W uint16, 1 + index into the scene's objects, 0 for none. `labels`: H x W uint8,
    index into KINDS. `normals`: H x W x 3 float32 unit vectors in the camera's optical frame,
    towards the camera; 0 where nothing is.
    """

    depth: FloatArray
    objects: NDArray[np.uint16]
    labels: NDArray[np.uint8]
    normals: FloatArray


class Renderer:
    """A scene loaded once, for many images of it.

    Raises InputError where Mitsuba is not installed.
    """

    def __init__(self, scene: Scene) -> None:
        self._mi = load_mitsuba()
        self._scene = scene
        shapes = {str(i): self._shape(str(i), item) for i, item in enumerate(scene.objects)}
        self._loaded = self._mi.load_dict(
            {"type": "scene", **shapes, "integrator": {"type": "path", "max_depth": _MAX_DEPTH}}
        )
        self._solid: SolidScene | None = None

    def pinhole(self, camera: CameraModel, samples: int, seed: int = 0) -> FloatArray:
        """Everything in focus: H x W x 3 float32, linear RGB radiance."""
        return render_radiance(self._mi, self._loaded, camera, self._scene.pose, samples, seed)

    def thin_lens(
        self, camera: CameraModel, focus_distance_m: float, samples: int, seed: int = 0
    ) -> FloatArray:
        """Focused at `focus_distance_m` with the camera's aperture: H x W x 3 float32, linear
        RGB radiance. Raises InputError where the camera has no aperture diameter.
        """
        lens = lens_properties(camera, focus_distance_m)
        pose = self._scene.pose
        return render_radiance(self._mi, self._loaded, camera, pose, samples, seed, **lens)

    def reflectance(self, camera: CameraModel) -> FloatArray:
        """The diffuse reflectance that is seen: H x W x 3 float32, linear RGB, 0 where nothing
        is.
        """
        across = _REFLECTANCE_RAYS
        hits, objects = self._first_hits(finer_camera(camera, across))
        textures = [item.material.texture for item in self._scene.objects]
        return seen_reflectance(textures, objects, hits.uv, across)

    def geometry(self, camera: CameraModel) -> Geometry:
        """Depth, objects, labels and normals, one ray through each pixel's centre."""
        hits, objects = self._first_hits(camera)
        depth, normals = hits.depth_and_normals(self._scene.pose)
        kinds = np.array([0, *(KINDS.index(item.kind) for item in self._scene.objects)], np.uint8)
        return Geometry(depth, objects, kinds[objects], normals)

    def _first_hits(self, camera: CameraModel) -> tuple[Hits, NDArray[np.uint16]]:
        """What the ray through each pixel's centre meets first, and its object's number (1 +
        index, 0 for none).
        """
        objects = self._scene.objects
        if self._solid is None:
            parts = [(item.mesh, item.material.tile_m) for item in objects]
            self._solid = SolidScene(self._mi, merged(parts))
        hits = self._solid.hits(camera, self._scene.pose)
        ends = np.cumsum([len(item.mesh.faces) for item in objects])
        numbers = 1 + np.searchsorted(ends, hits.face, side="right")
        return hits, np.where(hits.face >= 0, numbers, 0).astype(np.uint16)

    def _shape(self, name: str, item: SceneObject) -> Any:
        parts = {"mesh_bsdf": self._mi.load_dict(_bsdf(self._mi, item.material))}
        if item.emission is not None:
            light = {"type": "area", "radiance": {"type": "rgb", "value": list(item.emission)}}
            parts["mesh_emitter"] = self._mi.load_dict(light)
        return mitsuba_mesh(self._mi, name, item.mesh, parts, item.material.tile_m)


def _bsdf(mi: Any, material: Material) -> dict[str, Any]:
    texture = material.texture
    if np.ptp(texture.reshape(-1, 3), axis=0).max() == 0:
        reflectance = {"type": "rgb", "value": [float(v) for v in texture[0, 0]]}
    else:
        reflectance = picture_texture(mi, texture)
    return surface_bsdf(reflectance, material.roughness)
