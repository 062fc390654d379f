"""One incidence for the whole image: the one that makes the layers most independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...parameters import Settings, parameter
from ...types import InputError, LayerPair, PolarizedImages
from .independence import normalised_mutual_information
from .layers import (
    ComparedSettings,
    Light,
    SurfaceSettings,
    axis_deg,
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


@dataclass(frozen=True)
class IncidenceSettings(Settings):
    """Which angles of incidence are considered."""

    min_incidence: float = parameter(
        10.0, "Smallest angle of incidence considered", "deg", (1.0, 89.0)
    )
    max_incidence: float = parameter(
        80.0, "Largest angle of incidence considered", "deg", (1.0, 89.0)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_incidence > self.max_incidence:
            low, high = self.min_incidence, self.max_incidence
            raise InputError(f"min_incidence {low:g} must not exceed max_incidence {high:g}")


@dataclass(frozen=True)
class SchechnerSettings(ComparedSettings, IncidenceSettings, SurfaceSettings):
    """Values of `schechner`."""


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


def schechner(images: PolarizedImages, settings: SchechnerSettings) -> LayerPair:
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
    light = reduced_light(images, settings)
    axis = axis_deg(images, light, settings.plane)
    geometry = find_geometry(light, axis, settings) if light.polarized else None
    if geometry is None:
        return unseparated(images)
    a, b = reflectances(geometry.incidence_deg, settings)
    shares = (float(a), float(b))
    return unmixed(images, geometry.perpendicular_deg, shares, settings.noise)


def find_geometry(light: Light, axis: float, settings: SchechnerSettings) -> Geometry | None:
    """Incidence, and φ⊥ along or (plane "search") across `axis` in degrees, that make the layers
    of `light` most independent; None where the layers are copies of each other for all of
    them (nothing to see in one).

    A coarse search over all incidences, then a fine one around the best.
    """
    low, high = settings.min_incidence, settings.max_incidence
    mean, difference = samples(light, axis, settings.compared)

    def dependence(theta_deg: float, side: int) -> float:
        g, h = transmission_gains(*reflectances(theta_deg, settings))
        transmission = np.float32(g) * mean - np.float32(side * h) * difference
        return normalised_mutual_information(transmission, mean - transmission)

    sides = (1, -1) if settings.plane == "search" else (1,)
    coarse = np.arange(low, high + 1e-9, _COARSE_STEP_DEG)
    _, start, side = min((dependence(t, s), float(t), s) for t in coarse for s in sides)
    fine = start + np.arange(-_COARSE_STEP_DEG, _COARSE_STEP_DEG + 1e-9, _FINE_STEP_DEG)
    least, best = min((dependence(t, side), float(t)) for t in fine if low <= t <= high)
    if least >= _ALL_DEPENDENT:
        return None
    return Geometry(best, axis if side > 0 else axis + 90.0, least)
