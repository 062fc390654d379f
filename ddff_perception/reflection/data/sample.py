"""Polarizer images for training, mixed in the order of the photons; every step is a switch.

After P. Wieschollek, "Multi-frame, data-driven image and video methods", section 5.2.3. Two
pictures become the light from both sides of a surface (`data_light`): dynamic range, abrupt
reflections. The surface (`data_surface`) is flat or curved, its two faces shift their reflections
against each other. Things move from one polarizer angle to the next. The polarizer weights both
layers by Fresnel's equations, and the camera adds noise, clips and counts. The true layers are
what the camera would see of either alone, averaged over all polarizer angles: as the methods
without learning and the rendered judge have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.fresnel import mixing_coefficient, pane_reflectances, surface_reflectances
from ...optics.polarization import Stokes, stokes_from_images
from ...types import FloatArray, LayerPair
from .light import LightSettings, layers_of_light
from .motion import moved, random_motion
from .surface import Surface, SurfaceSettings, random_surface, shifted

Rng = np.random.Generator
# Incidence and axis are worked out per this many pixels.
_GRID_PX = 8
_ANGLES = ((0.0, 45.0, 90.0), (0.0, 45.0, 90.0, 135.0))


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """What the generator does; shares are of the samples.

    `size`: pixels of the square samples. `light`, `surface`: of their steps. `motion`: share in
    which the layers move between the angles (NRD). `four_angles`: share that a camera with four
    angles took, the others have three. `grey`: share of monochrome samples. `noise`: smallest and
    largest standard deviation of the camera's noise, of full range; None is a perfect camera,
    which does not clip or count either. `bits`: of the camera's values, drawn from these.
    `surface_grain`: share of surfaces that differ from pixel to pixel (`data_device_grain` alone).
    """

    size: int = 160
    light: LightSettings = field(default_factory=LightSettings)
    surface: SurfaceSettings = field(default_factory=SurfaceSettings)
    motion: float = 0.2
    four_angles: float = 0.4
    grey: float = 0.5
    noise: tuple[float, float] | None = (0.0005, 0.008)
    bits: tuple[int, ...] = (8, 8, 10, 12)
    surface_grain: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """`stokes`: what the polarizer images say. `truth`: the layers in them. Both size x size, or
    size x size x 3 in colour. `share`: size x size, of the light that is reflected, over all
    polarizations. All float32, in the camera's 0..1.
    """

    stokes: Stokes
    truth: LayerPair
    share: FloatArray


def ablated(settings: GeneratorSettings, *, motion: bool, curvature: bool) -> GeneratorSettings:
    """`settings` without motion or curvature: the steps of the paper's ablation (DR / + NRD /
    + LCG).
    """
    surface = settings.surface if curvature else replace(settings.surface, curved=0.0)
    return replace(settings, motion=settings.motion if motion else 0.0, surface=surface)


def random_sample(
    rng: Rng,
    pictures: Sequence[NDArray[np.generic]],
    settings: GeneratorSettings,
    grey: bool | None = None,
) -> Sample:
    """One sample of two of `pictures` (each H x W x 3, linear, RGB or BGR); `grey` or in colour
    where it is not to be left to chance.
    """
    size = settings.size
    grey = bool(rng.random() < settings.grey) if grey is None else grey
    light = layers_of_light(rng, pictures, size, grey, settings.light)
    surface = random_surface(rng, max(2, size // _GRID_PX), settings.surface)
    mixing = _Mixing(surface, size, grey)
    angles = _ANGLES[int(rng.random() < settings.four_angles)]
    moving = rng.random() < settings.motion
    images = []
    # The first image is where things are; the others show them moved.
    for number, angle in enumerate(angles):
        behind, before = light.transmission, light.reflection
        if moving and number:
            behind = moved(behind, random_motion(rng, size))
            before = moved(before, random_motion(rng, size))
        images.append(sum(mixing.seen(behind, before, angle)))
    transmission, reflection = mixing.seen(light.transmission, light.reflection, None)
    seen, exposure = _camera(rng, images, settings)  # type: ignore[arg-type]
    truth = LayerPair(exposure * transmission, exposure * reflection)
    return Sample(stokes_from_images(seen, angles), truth, mixing.share)


class _Mixing:
    """What a polarizer sees of either layer, with the reflections of both faces apart."""

    def __init__(self, surface: Surface, size: int, grey: bool) -> None:
        self._size, self._grey, self._ghost_px = size, grey, surface.ghost_px
        incidence, index = surface.geometry.incidence_deg, surface.refractive_index
        self._axis = surface.geometry.perpendicular_deg
        self._face = surface_reflectances(incidence, index)
        self._total = pane_reflectances(incidence, index) if surface.pane else self._face
        self.share = self._enlarged((self._total[0] + self._total[1]) / 2)

    def seen(
        self, behind: FloatArray, before: FloatArray, angle_deg: float | None
    ) -> tuple[FloatArray, FloatArray]:
        """Both layers behind the polarizer at `angle_deg`, None: over all angles."""
        total, first = (
            (shares[0] + shares[1]) / 2
            if angle_deg is None
            else mixing_coefficient(shares, self._axis, angle_deg)
            for shares in (self._total, self._face)
        )
        alpha, face = self._weight(total), self._weight(first)
        half = np.float32(0.5)
        reflected = face * before + (alpha - face) * shifted(before, self._ghost_px)
        return half * (1 - alpha) * behind, half * reflected

    def _weight(self, values: NDArray[np.floating]) -> FloatArray:
        full = self._enlarged(values)
        return full if self._grey else full[..., None]

    def _enlarged(self, values: NDArray[np.floating]) -> FloatArray:
        """These maps are smooth: a coarse grid of them is enough."""
        size = (self._size, self._size)
        full = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(full, np.float32)


def _camera(
    rng: Rng, images: list[FloatArray], settings: GeneratorSettings
) -> tuple[list[FloatArray], np.float32]:
    """Exposed, noisy, clipped and counted images, and the exposure."""
    brightest = max(float(np.quantile(image[::4, ::4], 0.998)) for image in images)
    exposure = np.float32(rng.uniform(0.4, 1.05) / max(brightest, 1e-6))
    if settings.noise is None:
        return [exposure * image for image in images], exposure
    low, high = np.log(settings.noise)
    read = np.float32(np.exp(rng.uniform(low, high)))
    shot = read * np.float32(rng.uniform(0, 1.5))
    top = np.float32(2.0 ** int(rng.choice(settings.bits)) - 1)
    seen = []
    for image in images:
        light = exposure * image
        noise = rng.standard_normal(light.shape, np.float32)
        noise *= np.sqrt(read * read + shot * shot * light)
        noise += light
        np.clip(noise, 0, 1, out=noise)
        seen.append(np.asarray(np.rint(noise * top) / top, np.float32))
    return seen, exposure
