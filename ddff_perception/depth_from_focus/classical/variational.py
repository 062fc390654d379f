"""Variational depth from focus: one smooth index map that explains the focus measures of a stack.

All methods here and in `total_variation.py` and `filtering.py` work on the slice index (0..S-1,
real-valued); `index_to_dioptres` turns it into inverse depth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray, InputError
from .difference_operators import (
    ScreenedPoisson,
    divergence,
    gradient,
    magnitude,
    shrink,
    total_variation,
    weighted_fill,
)
from .focus_measures import modified_laplacian, to_grey
from .peaks import peak_confidence, peak_contrast, refine_peak

Progress = Callable[[int, int], None]
"""Called with the number of iterations done and their total."""


@dataclass(frozen=True)
class VdffSettings(Settings):
    """Values of `vdff`; the defaults are the paper's."""

    alpha: float = parameter(
        6.0,
        "Weight of the focus measures against the total variation of the map",
        limits=(1e-3, 1e4),
    )
    denominator: float = parameter(
        0.3,
        "Contrast added to a pixel's largest before division by it: damps noise "
        "where there is little texture",
        "contrast of images in 0..1",
        (1e-6, 100.0),
    )
    degree: int = parameter(
        6,
        "Degree of the polynomial through a pixel's focus measures, at most slices - 1",
        limits=(2, 12),
    )
    iterations: int = parameter(400, "Iterations of the solver", limits=(1, 10000))
    step_factor: float = parameter(
        8.0, "Step of the gradient descent on the focus measures, times alpha", limits=(1e-3, 1e3)
    )
    lambda_start: float = parameter(
        1.0,
        "Weight of the coupling between the map's gradient and its sparse copy, at the start",
        limits=(1e-4, 1e4),
    )
    lambda_factor: float = parameter(
        1.02, "The coupling grows by this factor per iteration", limits=(1.0, 2.0)
    )
    start_window: int = parameter(
        15, "Side of the box that gathers the measures before the first argmax", "px", (1, 255)
    )
    index_window: int = parameter(
        21, "Side of the box that smooths the first index map", "px", (1, 255)
    )


VDFF_TUNED = VdffSettings(alpha=2.5, denominator=0.12)
"""Where a grid search on path-traced stacks (benchmarks/grid_search.py) improves on the paper's
values, which are the defaults."""


@dataclass(frozen=True)
class TvSettings(Settings):
    """Values of `tv_depth_from_focus` and of the weights of its peaks."""

    data_weight: float = parameter(
        10.0,
        "Weight of a certain pixel's peak against the total variation of the map",
        limits=(1e-4, 1e4),
    )
    data_term: str = parameter(
        "absolute",
        "Penalty of the distance to the peak: absolute (robust) or quadratic",
        choices=("absolute", "quadratic"),
    )
    full_contrast: float = parameter(
        0.3,
        "Contrast of a peak over the mean of its slices from which it counts fully",
        "0..1",
        (1e-3, 1.0),
    )
    weight_power: float = parameter(
        8.0,
        "A pixel's weight falls with its contrast to this power: noise has little",
        limits=(0.0, 16.0),
    )
    weight_denominator: float = parameter(
        80.0,
        "A peak of this height weighs half: what edges spill into flat parts is lower",
        "unit of the measure",
        (0.0, 1e6),
    )
    tv_iterations: int = parameter(150, "Iterations of the primal-dual solver", limits=(1, 10000))


_HALF_RANGE = 10.0  # the solver's coordinate runs from -10 (first slice) to 10 (last)
_ENERGY_EVERY = 10
_PRIMAL_STEP = 1.0  # slices; the steps' product is bounded by the gradient's norm, 1 / 8


@dataclass(frozen=True, slots=True)
class VdffResult:
    """`index_map`: H x W float32 in 0..S-1. `confidence`: H x W float32 in 0..1. `energy`: the
    functional at the start, after each tenth iteration, and at the end.
    """

    index_map: FloatArray
    confidence: FloatArray
    iterations: int
    energy: tuple[float, ...]


def contrast(image: ImageArray) -> FloatArray:
    """Modified Laplacian of one slice, H x W float32, of its grey image scaled to 0..1."""
    return modified_laplacian(to_grey(image)) / np.float32(255)


def contrast_volume(images: Sequence[ImageArray]) -> FloatArray:
    """`contrast` of each slice, S x H x W float32."""
    return np.stack([contrast(image) for image in images])


def vdff(
    volume: FloatArray,
    settings: VdffSettings | None = None,
    progress: Progress | None = None,
) -> VdffResult:
    """The index map u that minimises alpha x sum E(u) + TV(u) over a focal stack.

    Moeller, Benning, Schönlieb and Cremers, 'Variational depth from focus reconstruction', IEEE
    TIP 2015: E is per pixel a polynomial through the negative contrasts, normalised over the
    stack; linearised ADMM with a growing coupling. `volume`: S x H x W float32, not negative,
    without aggregation, as `contrast_volume` gives it. Raises InputError on another shape.
    """
    if volume.ndim != 3 or volume.shape[0] < 1:
        raise InputError(f"a contrast volume must be S x H x W, not {volume.shape}")
    settings = settings or VdffSettings()
    slices = volume.shape[0]
    normalised = volume / (volume.max(axis=0) + np.float32(settings.denominator))
    gathered = _box_slices(normalised, settings.start_window)
    if slices == 1:
        flat = np.zeros(volume.shape[1:], np.float32)
        return VdffResult(flat, flat.copy(), 0, (0.0,))
    data = _DataTerm(normalised, settings.degree)
    start = _first_map(gathered, settings.index_window)
    solution, energy = _minimise(data, start, settings, progress)
    index_map = (solution / _HALF_RANGE + 1) * np.float32(0.5 * (slices - 1))
    confidence = peak_confidence(gathered, index_map)
    return VdffResult(index_map, confidence, settings.iterations, tuple(energy))


def solve_vdff(
    volume: FloatArray,
    settings: VdffSettings | None = None,
    progress: Progress | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Index map (0..S-1) and confidence (0..1), both H x W float32, by `vdff`.

    `volume`: S x H x W contrasts of images in 0..1, in the order of their positions.
    """
    result = vdff(volume, settings, progress)
    return result.index_map, result.confidence


def index_to_dioptres(index_map: FloatArray, dioptres: ArrayLike) -> FloatArray:
    """Inverse depth of a real-valued index map, float32 1/m, linear between the slices.

    `dioptres`: S inverse focus distances in the order of the slices. Indices outside 0..S-1 are
    held at the ends; NaN stays NaN.
    """
    places = np.asarray(dioptres, dtype=np.float64)
    return np.interp(index_map, np.arange(places.size), places).astype(np.float32)


class _DataTerm:
    """A polynomial per pixel through the negative contrasts, over t in -10..10.

    Fitted in t / 10: in -1..1 the powers stay comparable, which a single-precision solution
    of degree 6 needs.
    """

    def __init__(self, contrast: FloatArray, degree: int) -> None:
        slices = contrast.shape[0]
        degree = min(degree, slices - 1)
        places = np.linspace(-1.0, 1.0, slices)
        inverse = np.linalg.pinv(np.vander(places, degree + 1, increasing=True))
        flat = contrast.reshape(slices, -1)
        coefficients = -(inverse.astype(np.float32) @ flat)
        self._powers = coefficients.reshape(degree + 1, *contrast.shape[1:])
        orders = np.arange(1, degree + 1, dtype=np.float32) / np.float32(_HALF_RANGE)
        self._slope_powers = self._powers[1:] * orders[:, None, None]

    def energy(self, place: FloatArray) -> float:
        """Sum of the data term over all pixels at t = `place` (H x W)."""
        return float(_horner(self._powers, place).sum(dtype=np.float64))

    def slope(self, place: FloatArray) -> FloatArray:
        """Derivative by t at t = `place`, H x W."""
        return _horner(self._slope_powers, place)


def _horner(powers: FloatArray, place: FloatArray) -> FloatArray:
    scaled = place * np.float32(1 / _HALF_RANGE)
    result: FloatArray = powers[-1].copy()
    for power in powers[-2::-1]:
        result *= scaled
        result += power
    return result


def _first_map(gathered: FloatArray, window: int) -> FloatArray:
    """Smoothed argmax of the window means, mapped to -10..10."""
    index = np.argmax(gathered, axis=0).astype(np.float32)
    smooth: FloatArray = _box_slices(index[None], window)[0]
    smooth *= np.float32(2 * _HALF_RANGE / (gathered.shape[0] - 1))
    smooth -= np.float32(_HALF_RANGE)
    return smooth


def _minimise(
    data: _DataTerm,
    start: FloatArray,
    settings: VdffSettings,
    progress: Progress | None,
) -> tuple[FloatArray, list[float]]:
    alpha = settings.alpha
    step = settings.step_factor / alpha
    coupling = settings.lambda_start
    factor = settings.lambda_factor
    iterations = settings.iterations
    poisson = ScreenedPoisson(*start.shape)
    place = start
    sparse = gradient(place)
    residual = np.zeros_like(sparse)
    energy = [alpha * data.energy(place) + total_variation(place)]
    for number in range(1, iterations + 1):
        # Held within the sweep before the smoothing: at the ends the polynomial falls steeply, and
        # a step beyond them would drag the whole map along.
        right = place - np.float32(step * alpha) * data.slope(place)
        np.clip(right, -_HALF_RANGE, _HALF_RANGE, out=right)
        right -= np.float32(coupling) * divergence(sparse - residual)
        place = np.clip(poisson.solve(right, coupling), -_HALF_RANGE, _HALF_RANGE)
        slopes = gradient(place)
        residual += slopes
        sparse = shrink(residual, step / coupling)
        residual -= sparse
        coupling *= factor
        residual *= np.float32(1 / factor)
        if number % _ENERGY_EVERY == 0 or number == iterations:
            energy.append(alpha * data.energy(place) + total_variation(place))
        if progress is not None:
            progress(number, iterations)
    return place, energy


def _box_slices(volume: FloatArray, window: int) -> FloatArray:
    border, size = cv2.BORDER_REPLICATE, (window, window)
    planes = [cv2.boxFilter(plane, cv2.CV_32F, size, borderType=border) for plane in volume]
    return np.asarray(np.stack(planes), dtype=np.float32)


def tv_depth_from_focus(
    peaks: FloatArray,
    weights: FloatArray,
    settings: TvSettings | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """The map u that minimises sum weights x |u - peaks| + TV(u); a convex problem.

    Primal-dual algorithm of Chambolle and Pock, 'A first-order primal-dual algorithm for convex
    problems', JMIV 2011, algorithm 1, from a smooth fill of the weighted peaks. `peaks`: H x W
    float32, slice index; `weights`: H x W float32 in 0..1. Half squares instead of the absolute
    distance by the parameter data_term. Returns H x W float32.
    """
    settings = settings or TvSettings()
    iterations = settings.tv_iterations
    quadratic = settings.data_term == "quadratic"
    place = weighted_fill(peaks, weights)
    leading = place
    dual = np.zeros((2, *peaks.shape), np.float32)
    primal_step, dual_step = np.float32(_PRIMAL_STEP), np.float32(1 / (8 * _PRIMAL_STEP))
    pull = primal_step * np.float32(settings.data_weight) * weights
    for number in range(1, iterations + 1):
        dual += dual_step * gradient(leading)
        dual /= np.maximum(np.float32(1), magnitude(dual))
        moved = place + primal_step * divergence(dual)
        if quadratic:
            moved = (moved + pull * peaks) / (1 + pull)
        else:
            moved += np.clip(peaks - moved, -pull, pull)
        leading = 2 * moved - place
        place = moved
        if progress is not None:
            progress(number, iterations)
    return place


def solve_tv(
    volume: FloatArray,
    settings: TvSettings | None = None,
    progress: Progress | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Index map (0..S-1) and confidence (0..1), both H x W float32, by `tv_depth_from_focus`.

    `volume`: S x H x W aggregated focus measures, in the order of their positions. The peaks are
    refined between the slices, and weigh by their contrast and height.
    """
    settings = settings or TvSettings()
    index = np.argmax(volume, axis=0)
    peaks = refine_peak(volume, index, np.arange(volume.shape[0]))
    weights = _peak_weights(volume, peaks, settings)
    index_map = tv_depth_from_focus(peaks, weights, settings, progress)
    index_map = np.clip(index_map, 0, volume.shape[0] - 1)
    return index_map, peak_confidence(volume, index_map)


def _peak_weights(volume: FloatArray, peaks: FloatArray, settings: TvSettings) -> FloatArray:
    """Weight of each pixel's peak, H x W in 0..1: its contrast to a power, times its height."""
    share = peak_contrast(volume, peaks) / np.float32(settings.full_contrast)
    height = volume.max(axis=0)
    denominator = np.float32(settings.weight_denominator)
    weights = np.minimum(share, np.float32(1)) ** np.float32(settings.weight_power)
    weights *= height / np.maximum(height + denominator, np.finfo(np.float32).tiny)
    return np.asarray(weights, dtype=np.float32)
