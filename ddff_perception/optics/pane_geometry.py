"""How a surface stands to every ray of a camera: angle of incidence and its plane, pixel by pixel.

`pane_view` is a pinhole camera before a flat or bent pane. `parabola_incidence_deg` is the "local
curvature" of P. Wieschollek, "Multi-frame, data-driven image and video methods", section 5.2.3: a
camera before the profile `y = x^2`. Erratum: the formula printed there is not the angle between the
ray and the normal; the one here is, and `printed=True` gives the other for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray

Array = NDArray[np.floating]
# Beyond, a pane reflects more than it lets through, and rays miss a bent one.
_MOST_DEG = 85.0


@dataclass(frozen=True, slots=True)
class PaneGeometry:
    """`incidence_deg` 0..85 and `perpendicular_deg` (image angle of the direction perpendicular to
    the plane of incidence, within 90 of what it is in the middle), each H x W float32.
    """

    incidence_deg: FloatArray
    perpendicular_deg: FloatArray


def pane_view(
    size: tuple[int, int],
    field_of_view_deg: float,
    incidence_deg: float,
    perpendicular_deg: float,
    bend_deg: float = 0.0,
) -> PaneGeometry:
    """A pane that the central ray of a pinhole camera meets at `incidence_deg`.

    `size`: (height, width) in pixels; `field_of_view_deg` over the width; `perpendicular_deg`: as
    in `PaneGeometry`, at the centre. `bend_deg`: the normals turn by this from the centre to the
    border of the image, about the direction perpendicular to the plane of incidence; 0 is flat.
    """
    height, width = size
    reach = np.tan(np.radians(field_of_view_deg / 2)) / (width / 2)
    x = (np.arange(width) - (width - 1) / 2) * reach
    y = (np.arange(height) - (height - 1) / 2) * reach
    rays = np.stack(np.broadcast_arrays(x[None], y[:, None], 1.0), axis=-1)
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    along, _, normal = pane_frame(incidence_deg, perpendicular_deg).T
    forward = np.array([0.0, 0.0, 1.0])
    # Where the ray meets the tangent plane; past the horizon of a near pane it does not.
    depth = normal[2] / np.maximum(rays @ normal, np.cos(np.radians(_MOST_DEG)))
    place = (rays * depth[..., None] - forward) @ along
    turn = np.radians(bend_deg) * place / max(float(np.abs(place).max()), 1e-9)
    normals = np.cos(turn)[..., None] * normal - np.sin(turn)[..., None] * along
    cosine = np.sum(rays * normals, axis=-1)
    sideways = np.cross(rays, normals)
    axes = np.degrees(np.arctan2(sideways[..., 1], sideways[..., 0])) - perpendicular_deg
    axes = perpendicular_deg + (axes + 90) % 180 - 90
    return PaneGeometry(
        np.minimum(np.degrees(np.arccos(np.clip(cosine, -1, 1))), _MOST_DEG).astype(np.float32),
        axes.astype(np.float32),
    )


def pane_frame(incidence_deg: float, perpendicular_deg: float) -> NDArray[np.float64]:
    """How a pane stands that the central ray meets at `incidence_deg`, in the camera's optical
    frame. Columns: along the plane of incidence, across it, and the normal away from the camera.
    """
    axis, incidence = np.radians([perpendicular_deg, incidence_deg])
    across = np.array([np.cos(axis), np.sin(axis), 0.0])
    sideways = np.cross(across, [0.0, 0.0, 1.0])
    normal = np.array([0.0, 0.0, np.cos(incidence)]) + np.sin(incidence) * sideways
    return np.stack([np.cross(across, normal), across, normal], axis=1)


def surface_view(rays: Array, normals: Array) -> PaneGeometry:
    """How surfaces stand to rays, both N x 3 or H x W x 3 vectors of any length in the camera's
    optical frame; 0 and 0 where a normal is 0.

    `incidence_deg` 0..90. `perpendicular_deg` 0..180 is measured across each ray, from the image's
    x axis (made perpendicular to the ray) towards y down: in the middle of the image it is the
    image angle of `pane_view`, at its rim up to some degrees off it, as cameras see polarization
    along rays and not along their image plane.
    """
    ray, normal = (
        vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
        for vectors in (np.asarray(rays, np.float64), np.asarray(normals, np.float64))
    )
    there = np.any(normal != 0, axis=-1)
    cosine = np.minimum(np.abs(np.sum(ray * normal, axis=-1)), 1)
    right = np.array([1.0, 0.0, 0.0]) - ray[..., :1] * ray
    across = np.cross(ray, normal)
    angle = np.arctan2(
        np.sum(across * np.cross(ray, right), axis=-1), np.sum(across * right, axis=-1)
    )
    return PaneGeometry(
        np.where(there, np.degrees(np.arccos(cosine)), 0).astype(np.float32),
        np.where(there, np.degrees(angle) % 180, 0).astype(np.float32),
    )


def parabola_incidence_deg(
    camera: tuple[float, float], x: float | Array, printed: bool = False
) -> Array:
    """Angle of incidence, degrees 0..90, of the ray from `camera` to (x, x^2) on the parabola.

    The angle between the ray and the normal (-2x, 1), which the surface has on both sides.
    `printed`: by the formula of the paper instead, which is another angle.
    """
    xc, yc = camera
    xp = np.asarray(x, dtype=np.float64)
    if printed:
        above, below = 2 * xc * xp + xp**2 - yc, 4 * xc * xp**2 - 4 * xp**3 + xc - xp
    else:
        above = (xc - xp) + 2 * xp * (yc - xp**2)
        below = (yc - xp**2) - 2 * xp * (xc - xp)
    return np.asarray(np.degrees(np.arctan2(np.abs(above), np.abs(below))))
