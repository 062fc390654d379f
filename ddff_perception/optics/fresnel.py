"""Light at a semi-reflecting surface: Fresnel reflectances, and what a polarizer sees of them.

After P. Wieschollek, "Multi-frame, data-driven image and video methods", section 5.2.1. Angles are
degrees; a polarizer's angle is that of its transmission axis in the image. Arrays keep the dtype
of the angle of incidence (float32 in, float32 out).

Erratum of the paper: it names the direction `phi_perp` "p-polarization" and then says that the
light reflected at Brewster's angle is polarized along it, perpendicular to the plane of incidence.
The latter holds: perpendicular is s, parallel is p.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

GLASS = 1.5


def surface_reflectances(
    incidence_deg: float | Array, refractive_index: float = GLASS
) -> tuple[Array, Array]:
    """Share of the light's power that one face reflects: perpendicular and parallel, 0..1.

    `incidence_deg`: 0..90, any shape; light comes from air onto a dielectric of
    `refractive_index`. Fresnel's equations. Raises ValueError where `refractive_index` < 1.
    """
    if not refractive_index >= 1.0:
        raise ValueError(f"the refractive index must be 1 or more, not {refractive_index:g}")
    incidence = np.deg2rad(np.asarray(incidence_deg))
    cosine = np.cos(incidence)
    refracted = np.sqrt(1.0 - np.square(np.sin(incidence) / refractive_index))
    perpendicular = (cosine - refractive_index * refracted) / (
        cosine + refractive_index * refracted
    )
    parallel = (refractive_index * cosine - refracted) / (refractive_index * cosine + refracted)
    return np.asarray(np.square(perpendicular)), np.asarray(np.square(parallel))


def pane_reflectances(
    incidence_deg: float | Array, refractive_index: float = GLASS
) -> tuple[Array, Array]:
    """Share of the light's power that a pane reflects: perpendicular and parallel, 0..1.

    Both faces with all reflections between them, incoherent and without absorption:
    `R' = 2 R / (1 + R)` of the face's `R`. Arguments as for `surface_reflectances`.
    """
    perpendicular, parallel = surface_reflectances(incidence_deg, refractive_index)
    return (
        np.asarray(2.0 * perpendicular / (1.0 + perpendicular)),
        np.asarray(2.0 * parallel / (1.0 + parallel)),
    )


def mixing_coefficient(
    reflectances: tuple[float | Array, float | Array],
    perpendicular_deg: float | Array,
    polarizer_deg: float,
) -> Array:
    """The weight alpha of the reflected layer behind a polarizer (equation 5.2), 0..1.

    `alpha = R_perp cos^2(phi - phi_perp) + R_par sin^2(phi - phi_perp)`, which the paper leaves
    out and which follows from Fresnel's equations with `T = 1 - R`. `reflectances`:
    perpendicular and parallel, of a face or a pane. `perpendicular_deg`: image angle of the
    direction perpendicular to the plane of incidence. The arguments broadcast.
    """
    perpendicular, parallel = reflectances
    double = np.deg2rad(2.0 * (polarizer_deg - np.asarray(perpendicular_deg)))
    mean = 0.5 * (np.asarray(perpendicular) + np.asarray(parallel))
    half_difference = 0.5 * (np.asarray(perpendicular) - np.asarray(parallel))
    return np.asarray(mean + half_difference * np.cos(double))
