"""How much a lens blurs per dioptre, from images of a flat chart at known distances.

All images are taken with one focus and one aperture. The blur of a chart's edges is the median of
what `classical/edge_blur.py` measures in the middle of each image; the thin lens says

    disc^2 = residual^2 + (scale (1/focus - 1/distance))^2

which is fitted for the scale, the residual blur and, where it is not known, the focus.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ...types import ImageArray, InputError
from ..classical.edge_blur import edge_blur
from ..solution import grey

_MIDDLE = 0.5
_LEAST_EDGES = 30
_TRIALS = 12
# Discs are measured to so many px.
_PRECISION_PX = 0.2
# Shots of one lens lie as near to what is fitted, in px and as a share of the discs' range.
_OFF_PX, _OFF_SHARE = 0.5, 0.1


@dataclass(frozen=True, slots=True)
class Shot:
    """One image of the chart: `disc_px` is the median over `edges` pixels on edges."""

    distance_m: float
    disc_px: float
    edges: int


@dataclass(frozen=True, slots=True)
class BlurCalibration:
    """What was fitted, and `off_px`: what each shot's disc is off by; `doubtful`: the shots that
    are off by far more than a measurement is.
    """

    blur_per_dioptre_px: float
    focus_distance_m: float
    residual_px: float
    shots: tuple[Shot, ...]
    off_px: tuple[float, ...]

    @property
    def rms_px(self) -> float:
        """Root mean square of `off_px`."""
        return float(np.sqrt(np.mean(np.square(self.off_px))))

    @property
    def doubtful(self) -> tuple[Shot, ...]:
        """See the class."""
        pairs = zip(self.shots, self.off_px, strict=True)
        return tuple(shot for shot, off in pairs if abs(off) > 2.0 * _tolerance(self.shots))


def chart_blur(image: ImageArray, distance_m: float) -> Shot:
    """The blur of a chart that fills the middle of `image`; raises InputError without edges."""
    height, width = image.shape[:2]
    top, left = (round(side * (1 - _MIDDLE) / 2) for side in (height, width))
    middle = grey(image)[top : height - top, left : width - left]
    found = edge_blur(np.ascontiguousarray(middle))
    # The strongest edges are the chart's own.
    strong = found.weight >= 0.5 * np.max(found.weight, initial=0.0)
    if np.count_nonzero(strong) < _LEAST_EDGES:
        raise InputError(
            f"the image at {distance_m:g} m shows no chart in its middle: it needs clear edges"
        )
    return Shot(distance_m, float(np.median(found.disc_px[strong])), int(strong.sum()))


def calibrate_blur(shots: Sequence[Shot], focus_distance_m: float | None = None) -> BlurCalibration:
    """The lens of which the `shots` were taken; raises InputError where they say too little, or
    more than a third of them are not of one lens.
    """
    unknown = 2 if focus_distance_m is not None else 3
    distances = {shot.distance_m for shot in shots}
    if len(distances) < unknown:
        raise InputError(
            f"{len(distances)} distances do not tell a lens: give {unknown} or more, better eight "
            "on both sides of the plane in focus"
        )
    dioptres = np.array([1.0 / shot.distance_m for shot in shots])
    discs = np.array([shot.disc_px for shot in shots])
    if np.ptp(discs) < 1.0:
        raise InputError(
            "the chart is as sharp at every distance: open the aperture, or go nearer and farther"
        )
    given = None if focus_distance_m is None else 1.0 / focus_distance_m
    best = _fitted(dioptres, discs, given)
    scale, residual, focus = best
    off = discs - _disc(dioptres, scale, residual, focus)
    if np.quantile(np.abs(off), 2 / 3) > _tolerance(shots):
        listed = ", ".join(f"{shot.disc_px:.1f} px at {shot.distance_m:g} m" for shot in shots)
        raise InputError(
            f"no lens blurs like this ({listed}): are the distances in the images' order, in metres"
            f"{'' if given is None else ', the focus distance right'}, focus and aperture fixed?"
        )
    distance = 1.0 / focus if focus > 0 else math.inf
    return BlurCalibration(scale, distance, residual, tuple(shots), tuple(float(v) for v in off))


def _tolerance(shots: Sequence[Shot]) -> float:
    discs = [shot.disc_px for shot in shots]
    return max(_OFF_PX, _OFF_SHARE * (max(discs) - min(discs)))


def _disc(
    dioptres: NDArray[np.float64], scale: float, residual: float, focus: float
) -> NDArray[np.float64]:
    return np.asarray(np.hypot(residual, scale * (focus - dioptres)))


def _fitted(
    dioptres: NDArray[np.float64], discs: NDArray[np.float64], focus: float | None
) -> tuple[float, float, float]:
    """Scale, residual and focus; from several beginnings, since the focus may lie anywhere."""
    span = float(np.ptp(dioptres))
    low, high = float(dioptres.min()), float(dioptres.max())
    starts = (
        [focus] if focus is not None else np.linspace(max(0.0, low - span), high + span, _TRIALS)
    )
    best: tuple[float, tuple[float, float, float]] | None = None
    for start in starts:
        away = float(np.abs(dioptres - start).max())
        first = [float(discs.max()) / max(away, 1e-3), float(discs.min()), float(start)]
        free = first[:2] if focus is not None else first

        def error(values: NDArray[np.float64]) -> NDArray[np.float64]:
            place = focus if focus is not None else float(values[2])
            return (_disc(dioptres, values[0], values[1], place) - discs) / _PRECISION_PX

        bounds = ([0.0, 0.0, 0.0][: len(free)], [np.inf, np.inf, high + 2 * span][: len(free)])
        found = least_squares(error, free, bounds=bounds, loss="soft_l1")
        place = focus if focus is not None else float(found.x[2])
        if best is None or found.cost < best[0]:
            best = (float(found.cost), (float(found.x[0]), float(found.x[1]), place))
    assert best is not None
    return best[1]
