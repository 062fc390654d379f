"""One incidence for the whole image: the one that makes the layers most independent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...parameters import Parameter, ParameterTable, Value
from ...types import InputError, LayerPair, PolarizedImages
from .independence import normalised_mutual_information
from .layers import (
    ANALYSIS_PARAMETERS,
    SURFACE_PARAMETERS,
    Light,
    axis_deg,
    compared_parameters,
    number,
    reduced_light,
    reflectances,
    samples,
    transmission_gains,
    unmixed,
    unseparated,
)

_COARSE_STEP_DEG = 3.0
_FINE_STEP_DEG = 0.5
# Normalised mutual information from which on one layer is a copy of the other.
_ALL_DEPENDENT = 0.999

INCIDENCE_PARAMETERS = ParameterTable(
    [
        Parameter(
            "min_incidence",
            10.0,
            "Smallest angle of incidence considered",
            "deg",
            minimum=1.0,
            maximum=89.0,
        ),
        Parameter(
            "max_incidence",
            80.0,
            "Largest angle of incidence considered",
            "deg",
            minimum=1.0,
            maximum=89.0,
        ),
    ]
)
SCHECHNER_PARAMETERS = (
    SURFACE_PARAMETERS
    + INCIDENCE_PARAMETERS
    + ANALYSIS_PARAMETERS
    + compared_parameters("gradients")
)


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the light meets the surface.

    `incidence_deg`: angle of incidence. `perpendicular_deg`: φ⊥, the polarizer angle that passes
    most of the reflection. `dependence`: normalised mutual information left between the layers,
    0..1.
    """

    incidence_deg: float
    perpendicular_deg: float
    dependence: float


def schechner(images: PolarizedImages, values: Mapping[str, Value]) -> LayerPair:
    """Layers of a flat pane far away, with one incidence θ for all pixels.

    Source: Schechner, Shamir, Kiryati, "Polarization and statistical analysis of scenes
    containing a semireflector", JOSA A 17 (2000): θ minimises the normalised mutual information
    of the two layers that it gives. `compared` decides whether of their intensities (the paper)
    or of their gradients.

    Assumes: layers of independent content, unpolarized light on both sides, a lossless surface
    of known index, registered linear images. Curved or near panes break it (see `kong`).
    Ambiguity: none in scale or sign, since the reflectances are known. The polarization shows two
    axes 90 degrees apart along which the surface may reflect; `plane` names one, or "search" tries
    both (the wrong one mixes the layers anew). The layers would come out swapped only where
    the surface reflects more than it lets through: a pane beyond 79 degrees.
    Confidence: what the noise leaves; 0 where saturated, and all over where nothing tells θ: the
    plain input is then taken for the transmission.
    Cost at 640 x 512: 20 ms grey, 26 ms colour, most of it the search (two cores of a server).
    """
    light = reduced_light(images, values)
    axis = axis_deg(images, light, values["plane"])
    geometry = find_geometry(light, axis, values) if light.polarized else None
    if geometry is None:
        return unseparated(images)
    a, b = reflectances(geometry.incidence_deg, values)
    shares = (float(a), float(b))
    return unmixed(images, geometry.perpendicular_deg, shares, number(values, "noise"))


def find_geometry(light: Light, axis: float, values: Mapping[str, Value]) -> Geometry | None:
    """Incidence, and φ⊥ along or (plane "search") across `axis` in degrees, that make the layers
    of `light` most independent; None where the layers are copies of each other for all of
    them (nothing to see in one). `values`: the complete SCHECHNER_PARAMETERS.

    A coarse search over all incidences, then a fine one around the best.
    """
    low, high = incidence_range(values)
    mean, difference = samples(light, axis, values["compared"])

    def dependence(theta_deg: float, side: int) -> float:
        g, h = transmission_gains(*reflectances(theta_deg, values))
        transmission = np.float32(g) * mean - np.float32(side * h) * difference
        return normalised_mutual_information(transmission, mean - transmission)

    sides = (1, -1) if values["plane"] == "search" else (1,)
    coarse = np.arange(low, high + 1e-9, _COARSE_STEP_DEG)
    _, start, side = min((dependence(t, s), float(t), s) for t in coarse for s in sides)
    fine = start + np.arange(-_COARSE_STEP_DEG, _COARSE_STEP_DEG + 1e-9, _FINE_STEP_DEG)
    least, best = min((dependence(t, side), float(t)) for t in fine if low <= t <= high)
    if least >= _ALL_DEPENDENT:
        return None
    return Geometry(best, axis if side > 0 else axis + 90.0, least)


def incidence_range(values: Mapping[str, Value]) -> tuple[float, float]:
    """(min_incidence, max_incidence) in degrees; raises InputError where they are swapped."""
    low, high = number(values, "min_incidence"), number(values, "max_incidence")
    if low > high:
        raise InputError(f"min_incidence {low:g} must not exceed max_incidence {high:g}")
    return low, high
