"""The thin lens: dioptres, blur discs and focus breathing.

The relations are those of a thin lens with its centre of projection at the middle of the entrance
pupil (E. Hecht, Optics, section 5.2); distances are metres along the optical axis from there.
"""

from __future__ import annotations

from typing import overload

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@overload
def metres_to_dioptres(distance_m: float) -> float: ...
@overload
def metres_to_dioptres(distance_m: Array) -> Array: ...
def metres_to_dioptres(distance_m: float | Array) -> float | Array:
    """Inverse distance in 1/m: +inf becomes 0, NaN stays NaN, 0 becomes +inf."""
    with np.errstate(divide="ignore"):
        result: Array = np.divide(1.0, distance_m)
    return result if isinstance(distance_m, np.ndarray) else float(result)


@overload
def dioptres_to_metres(dioptres: float) -> float: ...
@overload
def dioptres_to_metres(dioptres: Array) -> Array: ...
def dioptres_to_metres(dioptres: float | Array) -> float | Array:
    """Distance in metres: 0 dioptres becomes +inf, NaN stays NaN."""
    return metres_to_dioptres(dioptres)


def circle_of_confusion_px(
    depth_m: float | Array,
    focus_distance_m: float | Array,
    aperture_diameter_m: float,
    focal_length_px: float,
) -> Array:
    """Diameter in pixels of the disc that a point at `depth_m` is blurred to.

    `focal_length_px` is `fx` of the pinhole camera that the image has with the lens focused at
    `focus_distance_m`; aperture diameter, focal length and dioptres multiply:
    `c = A * fx * |1/d_focus - 1/d|`. Both distances may be +inf. The arguments broadcast.
    """
    difference = np.abs(
        metres_to_dioptres(np.asarray(focus_distance_m, dtype=np.float64))
        - metres_to_dioptres(np.asarray(depth_m, dtype=np.float64))
    )
    return np.asarray(aperture_diameter_m * focal_length_px * difference)


def breathing_magnification(focus_distance_m: float, breathing: float) -> float:
    """Size of the image relative to that with the lens focused at infinity.

    `breathing` is the change of magnification per dioptre of focus. A lens that focuses by moving
    as a whole has `breathing` equal to its focal length in metres, since its image distance is
    `v = f d / (d - f)`, that is `v / f = 1 + f / d` to first order.
    """
    return 1.0 + breathing * metres_to_dioptres(focus_distance_m)


def focus_distances_linear_in_dioptres(
    near_m: float, far_m: float, slices: int
) -> NDArray[np.float64]:
    """`slices` focus distances from `near_m` to `far_m` (may be +inf), evenly spaced in 1/m.

    Even steps in dioptres are even steps of blur: neighbouring slices then differ by one and the
    same circle of confusion. Raises ValueError if `slices` < 1 or a distance is not positive.
    """
    if slices < 1 or not near_m > 0 or not far_m > 0:
        raise ValueError("focus distances need slices >= 1 and positive near and far limits")
    steps = np.linspace(metres_to_dioptres(near_m), metres_to_dioptres(far_m), slices)
    return np.asarray(dioptres_to_metres(steps), dtype=np.float64)


def signed_defocus_px(
    dioptres: float | Array, focus_dioptres: float | Array, blur_scale: float | Array
) -> Array:
    """Diameter in pixels of the disc of a point at `dioptres` (1/m), with a sign: positive behind
    the plane in focus, negative before it.

    `blur_scale`: diameter in pixels per dioptre, aperture diameter times focal length in pixels.
    """
    return np.asarray(np.subtract(focus_dioptres, dioptres) * blur_scale)


def dioptres_of_defocus(defocus_px: Array, focus_dioptres: float, blur_scale: float) -> Array:
    """The inverse distance (1/m) of what is blurred by `signed_defocus_px`; under 0 where no
    distance is blurred so, since it would lie beyond infinity.
    """
    return np.asarray(focus_dioptres - defocus_px / blur_scale)
