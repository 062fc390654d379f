"""Meshes, cameras and renderings as Mitsuba wants them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optics.textures import Texture
from ...types import CameraModel, FloatArray, InputError
from .shapes import Mesh

_PATHS_AT_ONCE = 12_000_000  # about 1.5 GB in the LLVM variant
_SEED_STEP = 1_000_003
_AOVS = "position:position,normal:sh_normal,uv:uv,face:prim_index,hit:shape_index"


@dataclass(frozen=True, slots=True)
class Hits:
    """The first thing on each ray: `position` and `normal` H x W x 3, `uv` H x W x 2, `face` H x W
    int, -1 for none.
    """

    position: FloatArray
    normal: FloatArray
    uv: FloatArray
    face: NDArray[np.int64]

    def depth_and_normals(self, pose: NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
        """As the camera at `pose` has them: H x W float32 metres along the optical axis, +inf where
        nothing is; H x W x 3 float32 unit vectors towards it, 0 where nothing is.
        """
        ray = (self.position - pose[:3, 3]) @ pose[:3, :3]
        there = self.face >= 0
        normals = self.normal @ pose[:3, :3]
        away = np.einsum("hwc,hwc->hw", normals, ray) > 0
        normals = np.where(away[..., None], -normals, normals) * there[..., None]
        depth = np.where(there, ray[..., 2], np.inf)
        return depth.astype(np.float32), normals.astype(np.float32)


class SolidScene:
    """One mesh, without materials, for exact look-ups.

    The time of Mitsuba's integrator for positions, like that for albedo, grows with the number
    of shapes: at 70 a pixel's one ray took as long as 30 paths with their bounces.
    """

    def __init__(self, mi: Any, mesh: Mesh) -> None:
        self._mi = mi
        solid = mitsuba_mesh(mi, "solid", mesh, {})
        self._scene = mi.load_dict({"type": "scene", "solid": solid})
        self._aov = mi.load_dict({"type": "aov", "aovs": _AOVS})

    def hits(self, camera: CameraModel, pose: NDArray[np.float64]) -> Hits:
        """What the ray through each pixel's centre meets first."""
        sampler = {"type": "stratified", "sample_count": 1, "jitter": False}
        sensor = mitsuba_sensor(self._mi, camera, pose, 1, sampler=sampler)
        image = np.array(self._mi.render(self._scene, sensor=sensor, integrator=self._aov, spp=1))
        face = np.where(image[..., 9] > 0, np.rint(image[..., 8]), -1).astype(np.int64)
        return Hits(image[..., 0:3], image[..., 3:6], image[..., 6:8], face)


def mitsuba_mesh(mi: Any, name: str, mesh: Mesh, parts: dict[str, Any], tile_m: float = 1.0) -> Any:
    """`mesh` as a Mitsuba mesh; `parts` are its BSDF and emitter by their property's name."""
    properties = mi.Properties()
    for part, value in parts.items():
        properties[part] = value
    result = mi.Mesh(
        name,
        vertex_count=len(mesh.vertices),
        face_count=len(mesh.faces),
        has_vertex_normals=mesh.normals is not None,
        has_vertex_texcoords=True,
        props=properties,
    )
    values = mi.traverse(result)
    values["vertex_positions"] = np.ravel(mesh.vertices).astype(np.float32)
    values["faces"] = np.ravel(mesh.faces).astype(np.uint32)
    values["vertex_texcoords"] = np.ravel(mesh.uv / tile_m).astype(np.float32)
    if mesh.normals is not None:
        values["vertex_normals"] = np.ravel(mesh.normals).astype(np.float32)
    values.update()
    return result


def picture_texture(mi: Any, picture: Texture) -> dict[str, Any]:
    """`picture` (H, W, 3), linear RGB, its lower left corner at uv (0, 0), mirrored beyond 1."""
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(np.ascontiguousarray(picture[::-1])),
        "raw": True,
        "wrap_mode": "mirror",
        "filter_type": "bilinear",
    }


def surface_bsdf(reflectance: dict[str, Any], roughness: float | None) -> dict[str, Any]:
    """Both sides of a matt surface, or with `roughness` of one that shines like plastic."""
    inner: dict[str, Any] = {"type": "diffuse", "reflectance": reflectance}
    if roughness is not None:
        inner = {"type": "roughplastic", "diffuse_reflectance": reflectance, "alpha": roughness}
    return {"type": "twosided", "bsdf": inner}


def mitsuba_sensor(
    mi: Any, camera: CameraModel, pose: NDArray[np.float64], samples: int, **extra: Any
) -> Any:
    """A sensor at `pose` (4, 4: the camera's optical frame to the world); `extra` properties
    replace those of a pinhole camera. Raises InputError as `check_camera` does.
    """
    check_camera(camera)
    # Mitsuba's camera looks along +z with y up and x to the left.
    to_world = pose @ np.diag([-1.0, -1.0, 1.0, 1.0])
    return mi.load_dict(
        {
            "type": "perspective",
            "fov": math.degrees(2 * math.atan(camera.width / (2 * camera.fx))),
            "fov_axis": "x",
            "near_clip": 1e-3,
            "far_clip": 1e3,
            "to_world": mi.ScalarTransform4f(to_world),
            "film": {
                "type": "hdrfilm",
                "width": camera.width,
                "height": camera.height,
                "rfilter": {"type": "box"},
                "pixel_format": "rgb",
                "component_format": "float32",
            },
            "sampler": {"type": "multijitter", "sample_count": samples},
            **extra,
        }
    )


def lens_properties(camera: CameraModel, focus_distance_m: float) -> dict[str, Any]:
    """The sensor properties of a thin lens with the camera's aperture, focused at that distance.

    Raises InputError where the camera has no aperture diameter.
    """
    if not camera.aperture_diameter_m or camera.aperture_diameter_m <= 0:
        raise InputError("a thin-lens image needs a camera with an aperture diameter over 0")
    return {
        "type": "thinlens",
        "aperture_radius": camera.aperture_diameter_m / 2,
        # Beyond 10 km the blur differs from that of infinity by far less than a pixel.
        "focus_distance": min(focus_distance_m, 1e4),
    }


def render_radiance(
    mi: Any,
    scene: Any,
    camera: CameraModel,
    pose: NDArray[np.float64],
    samples: int,
    seed: int,
    **lens: Any,
) -> FloatArray:
    """H x W x 3 float32 linear RGB: the mean of as many passes as keep the paths that are traced
    at once in memory.
    """
    return render_channels(mi, scene, camera, pose, samples, seed, **lens)[..., :3]


def render_channels(
    mi: Any,
    scene: Any,
    camera: CameraModel,
    pose: NDArray[np.float64],
    samples: int,
    seed: int,
    integrator: Any = None,
    **lens: Any,
) -> FloatArray:
    """Everything that `integrator` (None: the scene's own) finds, H x W x C float32, the colours
    first; otherwise as `render_radiance`.
    """
    passes = math.ceil(samples * camera.width * camera.height / _PATHS_AT_ONCE)
    each = math.ceil(samples / passes)
    sensor = mitsuba_sensor(mi, camera, pose, each, **lens)
    more = {} if integrator is None else {"integrator": integrator}
    total: Any = 0.0
    for number in range(passes):
        pass_seed = (seed + number * _SEED_STEP) % 2**32
        total = total + np.array(mi.render(scene, sensor=sensor, spp=each, seed=pass_seed, **more))
    return np.asarray(total / passes, np.float32)


def check_camera(camera: CameraModel) -> None:
    """InputError unless Mitsuba's sensors can have these intrinsics: square pixels, principal
    point in the middle of the image.
    """
    middle = ((camera.width - 1) / 2, (camera.height - 1) / 2)
    centred = np.allclose((camera.cx, camera.cy), middle, atol=1e-6)
    if not centred or not math.isclose(camera.fx, camera.fy, rel_tol=1e-9):
        raise InputError(
            "the simulated camera needs fx = fy and its principal point in the middle: "
            f"cx, cy = {middle[0]:g}, {middle[1]:g}"
        )


def finer_camera(camera: CameraModel, across: int) -> CameraModel:
    """The same view with `across` x `across` pixels for each."""
    return CameraModel.centred(across * camera.width, across * camera.height, across * camera.fx)
