"""A camera behind a polarizer looks through a glass pane: polarized path tracing by Mitsuba 3.

Two luminous pictures, one behind the pane and one in front of it where the pane mirrors it to the
camera. The pane is two dielectric faces, flat or curved, and all light in it is traced with its
polarization; none of the light of `optics` is used, so that this can judge what is built on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optics.pane_geometry import pane_frame
from ...optics.textures import dead_leaves
from ...types import FloatArray, InputError, LayerPair, PolarizedImages
from ..rendering.mitsuba_variant import polarized_mitsuba

_PANE_AT_M = 2.0
_PICTURE_BEHIND_PANE_M = 2.0
_MARGIN = 1.2
_STRIPES = 128  # of a curved face
_MAX_DEPTH = 10
_MAX_INCIDENCE_DEG = 76.0


@dataclass(frozen=True, slots=True)
class PaneSettings:
    """One view through a pane.

    `incidence_deg`: angle of incidence of the central ray, 1..76. `plane_deg`: image angle of the
    direction perpendicular to the plane of incidence, in which reflected light is polarized.
    `curvature`: 1/m, of a pane bent about that direction, positive where it bulges towards the
    camera; 0 is flat.
    `ratio`: radiance of the mirrored picture over that of the one behind, at equal reflectance.
    `angles_deg`: polarizer angles from the image's x axis towards its y axis (down).
    """

    seed: int = 0
    width: int = 240
    height: int = 180
    field_of_view_deg: float = 10.0
    incidence_deg: float = 50.0
    plane_deg: float = 90.0
    curvature: float = 0.0
    ratio: float = 1.0
    refractive_index: float = 1.5
    thickness_m: float = 0.004
    angles_deg: tuple[float, ...] = (0.0, 45.0, 90.0)
    samples: int = 64


@dataclass(frozen=True, slots=True)
class PaneView:
    """`images` behind the polarizer, and the true layers in them: the same view with only one
    picture shining, averaged over the polarizer's angles. All H x W float32, linear, brightest
    value 1.
    """

    images: PolarizedImages
    truth: LayerPair


def render_pane(settings: PaneSettings) -> PaneView:
    """Renders one view; the same settings give the same view.

    Raises InputError where Mitsuba or its polarized LLVM variant is missing, or where the incidence
    is outside 1..76 degrees (beyond, the pictures would stand in each other's way).
    """
    if not 1 <= settings.incidence_deg <= _MAX_INCIDENCE_DEG:
        raise InputError(
            f"the incidence must lie in 1 .. {_MAX_INCIDENCE_DEG:g} deg, "
            f"not {settings.incidence_deg:g}"
        )
    rng = np.random.default_rng(settings.seed)
    pictures = [dead_leaves(rng, 512)[..., 1:2] for _ in range(2)]
    pictures[1] *= settings.ratio
    dark = np.zeros((2, 2, 1), np.float32)
    shown = ((pictures[0], dark), (dark, pictures[1]))
    with polarized_mitsuba() as mi:
        # Light adds up: the images are the sums of what either picture alone gives.
        layers = [
            np.stack([_rendered(mi, settings, pair, a) for a in settings.angles_deg])
            for pair in shown
        ]
    images = layers[0] + layers[1]
    brightest = np.float32(max(float(images.max()), 1e-9))
    transmission, reflection = (_mean_over_angles(settings, part) / brightest for part in layers)
    return PaneView(
        PolarizedImages(tuple(images / brightest), settings.angles_deg),
        LayerPair(transmission, reflection),
    )


def _rendered(
    mi: Any, settings: PaneSettings, pictures: tuple[FloatArray, FloatArray], angle_deg: float
) -> FloatArray:
    scene = mi.load_dict(_scene(mi, settings, pictures, angle_deg))
    image = np.array(mi.render(scene, spp=settings.samples, seed=settings.seed))
    return np.asarray(image.reshape(settings.height, settings.width, -1)[..., 0], np.float32)


def _mean_over_angles(settings: PaneSettings, images: FloatArray) -> FloatArray:
    """The mean of the sinusoid through `images` (N, H, W), as all polarizer angles would give."""
    double = np.radians(2 * np.asarray(settings.angles_deg))
    curve = np.stack([np.ones_like(double), np.cos(double), np.sin(double)], axis=1)
    weights = np.linalg.pinv(curve)[0].astype(np.float32)
    return np.asarray(np.tensordot(weights, images, axes=1), np.float32)


def _scene(
    mi: Any, settings: PaneSettings, pictures: tuple[FloatArray, FloatArray], polarizer_deg: float
) -> dict[str, Any]:
    """The scene in the camera's optical frame: x right, y down, z forward."""
    glass = {"type": "dielectric", "int_ior": settings.refractive_index, "ext_ior": 1.0}
    half_view = np.radians(settings.field_of_view_deg / 2)
    frame = pane_frame(settings.incidence_deg, settings.plane_deg)
    normal = frame[:, 2]
    forward = np.array([0.0, 0.0, 1.0])
    bounced = forward - 2 * (forward @ normal) * normal
    pane_centre = _PANE_AT_M * forward
    reach = _MARGIN * (_PANE_AT_M + _PICTURE_BEHIND_PANE_M) * np.tan(half_view)
    # A curved pane turns its normals by this to both sides, and mirrors twice as far.
    turn = abs(settings.curvature) * _half_length(settings)
    wide = reach + _PICTURE_BEHIND_PANE_M * np.tan(min(2 * turn, 1.0))
    camera = {
        "type": "perspective",
        "fov": settings.field_of_view_deg,
        "fov_axis": "x",
        "near_clip": 1e-3,
        "to_world": mi.ScalarTransform4f(np.diag([-1.0, -1.0, 1.0, 1.0])),
        "film": {
            "type": "hdrfilm",
            "width": settings.width,
            "height": settings.height,
            "rfilter": {"type": "box"},
            "pixel_format": "luminance",
            "component_format": "float32",
        },
        "sampler": {"type": "independent", "sample_count": settings.samples},
    }
    return {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": _MAX_DEPTH, "rr_depth": 100},
        "sensor": camera,
        "near_face": _face(mi, settings, frame, glass, near=True),
        "far_face": _face(mi, settings, frame, glass, near=False),
        "polarizer": _polarizer(mi, polarizer_deg),
        "behind": _picture(
            mi, pictures[0], pane_centre + _PICTURE_BEHIND_PANE_M * forward, forward, reach
        ),
        "mirrored": _picture(
            mi, pictures[1], pane_centre + _PICTURE_BEHIND_PANE_M * bounced, bounced, wide
        ),
    }


def _half_length(settings: PaneSettings) -> float:
    """Half of what the camera sees of the pane along the plane of incidence, metres."""
    half_view = (
        np.radians(settings.field_of_view_deg / 2)
        * _MARGIN
        * np.hypot(1, settings.height / settings.width)
    )
    left = np.radians(90 - settings.incidence_deg) - half_view
    return float(_PANE_AT_M * np.sin(half_view) / max(np.sin(left), 0.02))


def _face(
    mi: Any, settings: PaneSettings, frame: NDArray[np.float64], glass: dict[str, Any], near: bool
) -> Any:
    """One face as stripes across the plane of incidence with smooth normals out of the glass."""
    half = _half_length(settings)
    along = np.linspace(-half, half, _STRIPES + 1)
    bend = settings.curvature
    normals = np.stack([-bend * along, np.zeros_like(along), np.ones_like(along)], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    points = np.stack([along, np.zeros_like(along), bend * along**2 / 2], axis=1)
    points += normals * (0.0 if near else settings.thickness_m)
    normals = -normals if near else normals
    edge = np.array([0.0, half, 0.0])
    vertices = np.concatenate([points - edge, points + edge]) @ frame.T
    vertices += [0, 0, _PANE_AT_M]
    first = np.arange(_STRIPES)
    second = first + _STRIPES + 1
    faces = np.concatenate(
        [
            np.stack([first, first + 1, second], axis=1),
            np.stack([first + 1, second + 1, second], axis=1),
        ]
    )
    faces = faces[:, ::-1] if near else faces
    properties = mi.Properties()
    properties["mesh_bsdf"] = mi.load_dict(glass)
    mesh = mi.Mesh("face", len(vertices), len(faces), has_vertex_normals=True, props=properties)
    values = mi.traverse(mesh)
    values["vertex_positions"] = np.ravel(vertices).astype(np.float32)
    values["vertex_normals"] = np.ravel(np.tile(normals @ frame.T, (2, 1))).astype(np.float32)
    values["faces"] = np.ravel(faces).astype(np.uint32)
    values.update()
    return mesh


def _polarizer(mi: Any, angle_deg: float) -> dict[str, Any]:
    """An ideal polarizer right before the camera, its axis at `angle_deg` in the image."""
    transform = mi.ScalarTransform4f
    place = transform().translate([0, 0, 0.05]).rotate([0, 0, 1], angle_deg)
    return {
        "type": "rectangle",
        "to_world": place.scale(0.2),
        "bsdf": {"type": "polarizer"},
    }


def _picture(
    mi: Any,
    picture: FloatArray,
    centre: NDArray[np.float64],
    direction: NDArray[np.float64],
    half_size: float,
) -> dict[str, Any]:
    """A luminous square at `centre` that faces against `direction`, black itself."""
    place = mi.ScalarTransform4f().look_at(
        origin=[float(v) for v in centre],
        target=[float(v) for v in centre - direction],
        up=[0, -1, 0],
    )
    radiance = {
        "type": "bitmap",
        "bitmap": mi.Bitmap(np.ascontiguousarray(picture, dtype=np.float32)),
        "raw": True,
        "filter_type": "bilinear",
    }
    return {
        "type": "rectangle",
        "to_world": place.scale([half_size, half_size, 1]),
        "bsdf": {"type": "diffuse", "reflectance": {"type": "uniform", "value": 0.0}},
        "emitter": {"type": "area", "radiance": radiance},
    }
