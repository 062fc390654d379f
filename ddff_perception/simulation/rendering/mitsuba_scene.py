"""Meshes, cameras and renderings as Mitsuba wants them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optics.textures import Texture
from ...types import CameraModel, FloatArray, InputError
from .shapes import Mesh

_PATHS_AT_ONCE = 12_000_000  # about 1.5 GB in the LLVM variant
_SEED_STEP = 1_000_003


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


def centre_sensor(mi: Any, camera: CameraModel, pose: NDArray[np.float64]) -> Any:
    """A sensor with one ray through each pixel's centre."""
    sampler = {"type": "stratified", "sample_count": 1, "jitter": False}
    return mitsuba_sensor(mi, camera, pose, 1, sampler=sampler)


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
    """H x W x 3 float32 linear RGB radiance, by the scene's own integrator."""
    return render_channels(mi, scene, camera, pose, samples, seed, **lens)[..., :3]


def render_channels(
    mi: Any,
    scene: Any,
    camera: CameraModel,
    pose: NDArray[np.float64],
    samples: int,
    seed: int,
    *,
    integrator: Any = None,
    **lens: Any,
) -> FloatArray:
    """H x W x C float32, all that the integrator gives: the mean of as many passes as keep the
    paths that are traced at once in memory.
    """
    passes = math.ceil(samples * camera.width * camera.height / _PATHS_AT_ONCE)
    each = math.ceil(samples / passes)
    sensor = mitsuba_sensor(mi, camera, pose, each, **lens)
    images = (
        np.array(mi.render(scene, sensor=sensor, integrator=integrator, spp=each, seed=s % 2**32))
        for s in range(seed, seed + passes * _SEED_STEP, _SEED_STEP)
    )
    return (sum(images, np.zeros(1)) / passes).astype(np.float32)


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
