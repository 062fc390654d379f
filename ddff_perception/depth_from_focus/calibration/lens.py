"""Where a lens focuses at each of its positions, measured with a board at known distances.

Per board distance, the lens position where the board is sharpest; over the distances, a robust
monotone curve of dioptres against position; and from the spacing of the board's corners within
each sweep, how the image grows and shrinks with the position (focus breathing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

from ...optics.lens_table import LensTable
from ...types import ImageArray, InputError
from .charuco import BoardDetector, Corners
from .robust_fit import extended, huber, scaled_polynomial, select_polynomial

Floats = NDArray[np.float64]

LEAST_DISTANCES = 3
TABLE_ROWS = 13
# The table reaches beyond the sharpest positions by this share of their range at most.
EXTENSION = 0.25
_LONGEST_PX = 1600
_REFINEMENTS = 2


@dataclass(frozen=True, slots=True)
class FocusSweep:
    """Images of a board at `distance_m` metres, one per lens position, loaded when asked for."""

    name: str
    distance_m: float
    positions: tuple[float, ...]
    load: Callable[[int], ImageArray]


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What one sweep says.

    `sharpest`: lens position, NaN where it was not found, and then `problem` says why. `measures`:
    (N,) focus measure per position. `scales`: (M, 2) position and size of the board relative to
    the one at `reference`. `residual_dpt`: 1/m, measured less fitted; `used`: whether the fit
    rests on it.
    """

    name: str
    distance_m: float
    positions: Floats
    measures: Floats
    sharpest: float = float("nan")
    reference: float = float("nan")
    scales: Floats = field(default_factory=lambda: np.empty((0, 2)))
    problem: str = ""
    residual_dpt: float = float("nan")
    used: bool = False


@dataclass(frozen=True, slots=True)
class Calibration:
    """The table, the sweeps that it rests on, and how well they agree (1/m, root mean square)."""

    table: LensTable
    sweeps: tuple[SweepResult, ...]
    degree: int
    rms_dpt: float
    magnification_rms: float

    @property
    def measured_positions(self) -> tuple[float, float]:
        """First and last position where a board was sharp; the table extends beyond in a line."""
        used = [sweep.sharpest for sweep in self.sweeps if sweep.used]
        return min(used), max(used)


def analyse_sweep(
    sweep: FocusSweep, detector: BoardDetector, progress: Callable[[], None] | None = None
) -> SweepResult:
    """Where the board is sharpest in one sweep, and its size at each position.

    `progress` is called once per image. A sweep that cannot be used comes back with its `problem`.
    Raises InputError where an image cannot be read or has another size than the first.
    """
    order = np.argsort(sweep.positions, kind="stable")
    positions = np.asarray(sweep.positions, np.float64)[order]
    greys: list[NDArray[np.uint8]] = []
    for index in order:
        greys.append(_grey(sweep.load(int(index))))
        if greys[-1].shape != greys[0].shape:
            raise InputError(f"the images of {sweep.name} must all have one size")
        if progress is not None:
            progress()
    found = [detector.detect(grey) for grey in greys]
    result = SweepResult(sweep.name, sweep.distance_m, positions, np.zeros(len(positions)))
    best = int(np.argmax([len(corners) for corners in found])) if found else 0
    if not found or not len(found[best]):
        return replace(result, problem="the board was not found in any image")
    measures = np.array([board_sharpness(grey, found[best]) for grey in greys])
    result = replace(result, measures=measures)
    try:
        sharpest = sharpest_position(positions, measures)
    except InputError as error:
        return replace(result, problem=str(error))
    scales = np.array(
        [
            (position, scale)
            for position, corners in zip(positions, found, strict=True)
            if np.isfinite(scale := relative_size(found[best], corners))
        ]
    ).reshape(-1, 2)
    return replace(result, sharpest=sharpest, reference=float(positions[best]), scales=scales)


def board_sharpness(grey: NDArray[np.uint8], corners: Corners) -> float:
    """Mean energy of the Laplacian of Gaussian (1 pixel) over the hull of the board's corners."""
    mask = np.zeros(grey.shape, np.uint8)
    hull = cv2.convexHull(np.asarray(corners.points.round(), np.int32))
    cv2.fillConvexPoly(mask, hull, 255)
    laplacian = cv2.Laplacian(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0), cv2.CV_32F)
    return float(cv2.mean(laplacian * laplacian, mask)[0])


def sharpest_position(positions: Floats, measures: Floats) -> float:
    """The peak of a focus curve between the positions.

    `positions`: (N,) ascending, or the dioptres there, in which the curve is more symmetric. An
    edge blurred by sigma has a Laplacian-of-Gaussian energy that goes with (1 + sigma^2)^(-3/2),
    and sigma with the distance from focus: energy^(-2/3) is a parabola, fitted to the samples
    around the largest, as many on either side, that reach 40 % of it. Raises InputError where the
    largest is the first or the last (the peak may lie outside the sweep) or there is no peak.
    """
    if len(positions) < 3:
        raise InputError("a sweep needs at least three lens positions")
    top = int(np.argmax(measures))
    if top in (0, len(positions) - 1):
        raise InputError("the board is sharpest at the end of the sweep: sweep farther")
    reach = 1
    while (
        top - reach > 0
        and top + reach < len(positions) - 1
        and min(measures[top - reach - 1], measures[top + reach + 1]) >= 0.4 * measures[top]
    ):
        reach += 1
    low, high = top - reach, top + reach
    x = positions[low : high + 1] - positions[top]
    width = float(np.abs(x).max())
    blur = np.power(np.maximum(measures[low : high + 1] / measures[top], 1e-9), -2.0 / 3.0)
    a, b, _ = np.polyfit(x / width, blur, 2, w=1.0 / blur)
    if a <= 0 or measures.min() > 0.7 * measures[top]:
        raise InputError("the sharpness of the board has no peak")
    peak = float(positions[top] - b / (2 * a) * width)
    return float(np.clip(peak, positions[top - 1], positions[top + 1]))


def relative_size(reference: Corners, corners: Corners) -> float:
    """Size of the board in `corners` against `reference`, by the corners seen in both; NaN if
    they share fewer than six.
    """
    _, here, there = np.intersect1d(reference.ids, corners.ids, return_indices=True)
    if len(here) < 6:
        return float("nan")
    spread = [
        np.linalg.norm(points - points.mean(axis=0))
        for points in (reference.points[here], corners.points[there])
    ]
    return float(spread[1] / spread[0]) if spread[0] > 0 else float("nan")


def fit_lens(sweeps: Sequence[SweepResult], unit: str, name: str = "") -> Calibration:
    """The lens table of sweeps at three or more distances.

    Dioptres over position: the polynomial of degree 1 to 3 that predicts a left-out distance best,
    monotone, by Huber's weights; distances that disagree with it are left out and it is fitted
    again. Raises InputError where too few sweeps can be used or no monotone curve fits them.
    """
    usable = [sweep for sweep in sweeps if not sweep.problem]
    if len({sweep.distance_m for sweep in usable}) < LEAST_DISTANCES:
        problems = "; ".join(f"{s.name}: {s.problem}" for s in sweeps if s.problem)
        raise InputError(
            f"a lens calibration needs at least {LEAST_DISTANCES} board distances, and "
            f"{len(usable)} can be used" + (f" ({problems})" if problems else "")
        )
    positions = np.array([sweep.sharpest for sweep in usable])
    dioptres = np.array([1.0 / sweep.distance_m for sweep in usable])
    curve, inliers = select_polynomial(positions, dioptres)
    for _ in range(_REFINEMENTS):
        positions = np.array([_sharpest_along(curve, sweep) for sweep in usable])
        curve, inliers = select_polynomial(positions, dioptres)
    if inliers.sum() < LEAST_DISTANCES:
        raise InputError(
            "the sharpest lens positions do not follow the board distances: check the distances"
        )
    residuals = dioptres - curve(positions)
    judged = iter(zip(positions, residuals, inliers, strict=True))
    results = [sweep if sweep.problem else _judged(sweep, *next(judged)) for sweep in sweeps]
    magnification, magnification_rms = _fit_magnification(results)
    table = _table(curve, magnification, positions[inliers], results, unit, name)
    rms = float(np.sqrt(np.mean(residuals[inliers] ** 2)))
    return Calibration(table, tuple(results), curve.degree(), rms, magnification_rms)


def _sharpest_along(curve: Polynomial, sweep: SweepResult) -> float:
    """The sharpest position, its peak found in dioptres along `curve`, where it is symmetric."""
    along = extended(curve, sweep.positions, *curve.domain)
    rising = along[-1] > along[0]
    direction = 1 if rising else -1
    if not (np.diff(along) * direction > 0).all():
        return sweep.sharpest
    peak = sharpest_position(along[::direction], sweep.measures[::direction])
    return float(np.interp(peak, along[::direction], sweep.positions[::direction]))


def _judged(sweep: SweepResult, position: float, residual: float, used: bool) -> SweepResult:
    problem = "" if used else f"off by {residual:+.3f} 1/m, left out"
    return replace(
        sweep,
        sharpest=float(position),
        residual_dpt=float(residual),
        used=bool(used),
        problem=problem,
    )


def _fit_magnification(sweeps: Sequence[SweepResult]) -> tuple[Polynomial, float]:
    """Logarithm of the magnification over position, up to a constant, and its residual (rms).

    Every sweep gives differences to its own reference: the board is at another distance in each.
    """
    rows = [
        (position, sweep.reference, np.log(scale))
        for sweep in sweeps
        if sweep.used
        for position, scale in sweep.scales
        if position != sweep.reference
    ]
    flat = Polynomial([0.0])
    if len(rows) < 4:
        return flat, float("nan")
    x, reference, logarithm = np.array(rows).T
    centre, half = (x.max() + x.min()) / 2, max((x.max() - x.min()) / 2, 1e-12)
    u, v = (x - centre) / half, (reference - centre) / half
    degree = 2 if len(np.unique(x)) > 4 else 1
    design = np.stack([u**power - v**power for power in range(1, degree + 1)], axis=1)
    coefficients = huber(design, logarithm)
    residual = logarithm - design @ coefficients
    polynomial = scaled_polynomial(np.concatenate([[0.0], coefficients]), centre, half)
    return polynomial, float(np.sqrt(np.mean(residual**2)))


def _table(
    curve: Polynomial,
    magnification: Polynomial,
    sharpest: Floats,
    sweeps: Sequence[SweepResult],
    unit: str,
    name: str,
) -> LensTable:
    first, last = float(sharpest.min()), float(sharpest.max())
    swept = np.concatenate([sweep.positions for sweep in sweeps if sweep.used])
    reach = EXTENSION * (last - first)
    low, high = max(first - reach, float(swept.min())), min(last + reach, float(swept.max()))
    inside = np.linspace(first, last, TABLE_ROWS)
    positions = np.unique(np.concatenate([[low], inside, [high]]))
    dioptres = extended(curve, positions, first, last)
    beyond = dioptres < 0
    if beyond.any():  # the lens reaches infinity: end the table there
        ends = positions[~beyond]
        edge = float(ends[0] if beyond[0] else ends[-1])
        slope = float(curve.deriv()(np.clip(edge, first, last)))
        value = float(extended(curve, np.array([edge]), first, last)[0])
        infinity = edge - value / slope
        positions, dioptres = positions[~beyond], dioptres[~beyond]
        if value > 0:
            where = 0 if infinity < positions[0] else len(positions)
            positions = np.insert(positions, where, infinity)
            dioptres = np.insert(dioptres, where, 0.0)
    logarithm = magnification(positions)
    factors = np.exp(logarithm - logarithm[int(np.argmin(dioptres))])
    return LensTable(positions, dioptres, factors, unit, name)


def _grey(image: ImageArray) -> NDArray[np.uint8]:
    """8-bit grey, shrunken to what corner detection needs."""
    if image.dtype == np.uint16:
        top = max(int(image.max()), 1)
        image = np.multiply(image, 255.0 / top).astype(np.uint8)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    scale = min(1.0, _LONGEST_PX / max(grey.shape))
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)
