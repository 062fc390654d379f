"""What the generator of training samples does, and how often.

After P. Wieschollek, "Multi-frame, data-driven image and video methods", section 5.2.3. Two
pictures become the light from both sides of a surface: dynamic range (DR), abrupt reflections. The
surface is flat or curved (LCG), its two faces shift their reflections against each other. Things
move from one polarizer angle to the next (NRD). The polarizer weights both layers by Fresnel's
equations, and the camera adds noise, clips and counts. The true layers are what the camera would
see of either alone, averaged over all polarizer angles.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LightSettings:
    """`dynamic_range` (DR): brightness of the reflected layer over the transmitted one is drawn
    up to this factor and down to its inverse, on a logarithmic scale; 1 leaves both as they are.
    The paper draws beta in 1..K and scales by beta and 1 / beta: that is 1..K^2, the bright half
    of it. `abrupt`: share of samples of which one layer is zero where it is dim. `dark`: share
    in which one layer is almost nothing.
    """

    dynamic_range: float = 6.0
    abrupt: float = 0.15
    dark: float = 0.03


@dataclass(frozen=True, slots=True)
class SurfaceSettings:
    """`curved` (LCG): share of the samples whose surface is not flat. `incidence_deg`: range of
    the incidence in the middle. `face`: share with one face (water) in place of a pane of two.
    `ghost_px`: largest shift between the reflections of a pane's two faces. `bordered`: share of
    views past the border of the surface.
    """

    curved: float = 0.5
    incidence_deg: tuple[float, float] = (8.0, 80.0)
    face: float = 0.0
    ghost_px: float = 1.5
    bordered: float = 0.0


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """What the generator does; shares are of the samples.

    `size`: pixels of the square samples. `light`, `surface`: of their steps. `motion`: share in
    which the layers move between the angles (NRD). `four_angles`: share that a camera with four
    angles took, the others have three. `grey`: share of monochrome samples. `noise`: smallest and
    largest standard deviation of the camera's noise, of full range; None is a perfect camera,
    which does not clip or count either. `bits`: of the camera's values, drawn from these.
    `surface_grain`: share of surfaces that differ from pixel to pixel.
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
