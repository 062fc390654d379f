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
    centre_sensor,
    finer_camera,
    lens_properties,
    mitsuba_mesh,
    picture_texture,
    render_radiance,
)
from .mitsuba_variant import load_mitsuba
from .reflectance import seen_reflectance
from .scene_types import KINDS, Material, Scene, SceneObject
from .shapes import Mesh, corner_normals

_AOVS = "position:position,normal:sh_normal,uv:uv,face:prim_index,hit:shape_index"
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
        self._aov = self._mi.load_dict({"type": "aov", "aovs": _AOVS})
        self._solid: Any = None

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
        _, _, uv, objects = self._first_hits(finer_camera(camera, across))
        textures = [item.material.texture for item in self._scene.objects]
        return seen_reflectance(textures, objects, uv, across)

    def geometry(self, camera: CameraModel) -> Geometry:
        """Depth, objects, labels and normals, one ray through each pixel's centre."""
        position, normal, _, objects = self._first_hits(camera)
        rotation, origin = self._scene.pose[:3, :3], self._scene.pose[:3, 3]
        depth = np.where(objects > 0, (position - origin) @ rotation[:, 2], np.inf)
        normals = normal @ rotation
        away = np.einsum("hwc,hwc->hw", normals, (position - origin) @ rotation) > 0
        normals = np.where(away[..., None], -normals, normals) * (objects > 0)[..., None]
        kinds = np.array([0, *(KINDS.index(item.kind) for item in self._scene.objects)], np.uint8)
        return Geometry(
            depth.astype(np.float32), objects, kinds[objects], normals.astype(np.float32)
        )

    def _first_hits(
        self, camera: CameraModel
    ) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.uint16]]:
        """Position, normal, texture coordinates and object (1 + index, 0 for none) of the first
        thing on the ray through each pixel's centre.
        """
        if self._solid is None:
            self._solid = self._solid_scene()
        sensor = centre_sensor(self._mi, camera, self._scene.pose)
        image = np.array(self._mi.render(self._solid, sensor=sensor, integrator=self._aov, spp=1))
        position, normal, uv = image[..., 0:3], image[..., 3:6], image[..., 6:8]
        face, hit = image[..., 8], image[..., 9]
        objects = np.where(hit > 0, self._numbers(face), 0).astype(np.uint16)
        return position, normal, uv, objects

    def _solid_scene(self) -> Any:
        """All objects as one mesh, each triangle with corners and normals of its own.

        The time of Mitsuba's integrator for positions, like that for albedo, grows with the number
        of shapes: at 70 a pixel's one ray took as long as 30 paths with their bounces.
        """
        meshes = [item.mesh for item in self._scene.objects]
        corners = np.concatenate([mesh.vertices[mesh.faces] for mesh in meshes])
        normals = np.concatenate([corner_normals(mesh) for mesh in meshes])
        uv = np.concatenate(
            [(item.mesh.uv / item.material.tile_m)[item.mesh.faces] for item in self._scene.objects]
        )
        faces = np.arange(3 * len(corners)).reshape(-1, 3)
        solid = Mesh(corners.reshape(-1, 3), faces, uv.reshape(-1, 2), normals.reshape(-1, 3))
        loaded = mitsuba_mesh(self._mi, "solid", solid, {})
        return self._mi.load_dict({"type": "scene", "solid": loaded})

    def _numbers(self, faces: FloatArray) -> NDArray[np.intp]:
        """1 + index into the scene's objects of faces of the one mesh, by their numbers."""
        ends = np.cumsum([len(item.mesh.faces) for item in self._scene.objects])
        return 1 + np.searchsorted(ends, np.rint(faces), side="right")

    def _shape(self, name: str, item: SceneObject) -> Any:
        parts = {"mesh_bsdf": self._mi.load_dict(_bsdf(self._mi, item.material))}
        if item.emission is not None:
            light = {"type": "area", "radiance": {"type": "rgb", "value": list(item.emission)}}
            parts["mesh_emitter"] = self._mi.load_dict(light)
        return mitsuba_mesh(self._mi, name, item.mesh, parts, item.material.tile_m)


def _reflectance(mi: Any, material: Material) -> dict[str, Any]:
    texture = material.texture
    if np.ptp(texture.reshape(-1, 3), axis=0).max() == 0:
        return {"type": "rgb", "value": [float(v) for v in texture[0, 0]]}
    return picture_texture(mi, texture)


def _bsdf(mi: Any, material: Material) -> dict[str, Any]:
    reflectance = _reflectance(mi, material)
    if material.roughness is None:
        inner: dict[str, Any] = {"type": "diffuse", "reflectance": reflectance}
    else:
        inner = {
            "type": "roughplastic",
            "diffuse_reflectance": reflectance,
            "alpha": material.roughness,
        }
    return {"type": "twosided", "bsdf": inner}
