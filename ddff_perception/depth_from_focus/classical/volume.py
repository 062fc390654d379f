"""Methods that keep a focus volume: one full-resolution focus measure per slice.

The focus measure with a peak fit, the yardstick, and the papers' baselines (VDFF, total variation,
non-linear filtering), which run over the whole volume again at each solution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..solution import Solution
from .aggregation import AggregationSettings, aggregate
from .filtering import NonlinearSettings, solve_nonlinear
from .focus_measures import (
    FOCUS_MEASURES,
    MeasureSettings,
    focus_measure,
    to_grey,
    yardstick_slice,
)
from .peaks import PEAK_FITS, peak_confidence, refine_peak
from .variational import TvSettings, VdffSettings, contrast, solve_tv, solve_vdff

Finish = Callable[[FloatArray, NDArray[np.float64]], Solution]


@dataclass(frozen=True)
class MeasureChoice(Settings):
    """Which focus measure."""

    measure: str = parameter(
        "sum_modified_laplacian", "focus measure", choices=tuple(FOCUS_MEASURES)
    )


# A dataclass has the fields of its last base first.
@dataclass(frozen=True)
class GatheredMeasureSettings(AggregationSettings, MeasureSettings, MeasureChoice):
    """A focus measure, gathered over a neighbourhood."""


@dataclass(frozen=True)
class FocusMeasureSettings(GatheredMeasureSettings):
    """Values of the method `focus_measure`."""

    peak: str = parameter(
        "gaussian", "fit through the three slices around the sharpest", choices=("none", *PEAK_FITS)
    )


@dataclass(frozen=True)
class TvMethodSettings(TvSettings, GatheredMeasureSettings):
    """Values of the method `tv`."""


@dataclass(frozen=True)
class NonlinearMethodSettings(NonlinearSettings, GatheredMeasureSettings):
    """Values of the method `nonlinear`."""


@dataclass(frozen=True)
class YardstickSettings(Settings):
    """Values of the method `yardstick`."""

    window: int = parameter(9, "side of the box window", "px", (1, 63))


class VolumeMethod:
    """Keeps `measure(image)` per slot and hands the ordered volume to `finish`."""

    def __init__(
        self,
        measure: Callable[[ImageArray], FloatArray],
        finish: Finish,
    ) -> None:
        self._measure = measure
        self._finish = finish
        self._measures: dict[int, FloatArray] = {}

    def add(self, slot: int, image: ImageArray) -> None:
        self._measures[slot] = self._measure(image)

    def remove(self, slot: int) -> None:
        self._measures.pop(slot, None)

    def solve(self, order: list[int], positions: NDArray[np.float64]) -> Solution:
        volume = np.stack([self._measures[slot] for slot in order])
        if len(order) == 1:
            still = np.full(volume.shape[1:], positions[0], np.float32)
            return Solution(still, np.zeros_like(still))
        return self._finish(volume, positions)


def focus_measure_method(settings: FocusMeasureSettings) -> VolumeMethod:
    """One focus measure, gathered, and the peak over the slices."""
    return VolumeMethod(_gathered(settings), partial(_peak, kind=settings.peak))


def yardstick_method(settings: YardstickSettings) -> VolumeMethod:
    """The sum modified Laplacian as everyone writes it, and the sharpest slice."""
    return VolumeMethod(lambda image: yardstick_slice(image, settings.window), _sharpest)


def vdff_method(settings: VdffSettings) -> VolumeMethod:
    """Variational depth from focus; the recipe fixes its measure: the modified Laplacian."""
    return VolumeMethod(contrast, _at_index(lambda volume: solve_vdff(volume, settings)))


def tv_method(settings: TvMethodSettings) -> VolumeMethod:
    """Total variation over the peaks of a gathered focus measure."""
    return VolumeMethod(_gathered(settings), _at_index(lambda volume: solve_tv(volume, settings)))


def nonlinear_method(settings: NonlinearMethodSettings) -> VolumeMethod:
    """Non-linear filtering of the volume of a gathered focus measure."""
    finish = _at_index(lambda volume: solve_nonlinear(volume, settings))
    return VolumeMethod(_gathered(settings), finish)


def _gathered(settings: GatheredMeasureSettings) -> Callable[[ImageArray], FloatArray]:
    def measure(image: ImageArray) -> FloatArray:
        grey = to_grey(image)
        sharpness = focus_measure(grey, settings.measure, settings)
        return aggregate(
            sharpness, grey, settings.aggregation, settings.radius, settings.guided_epsilon
        )

    return measure


def _sharpest(volume: FloatArray, positions: NDArray[np.float64]) -> Solution:
    index = np.argmax(volume, axis=0)
    confidence = peak_confidence(volume, index.astype(np.float32))
    return Solution(positions.astype(np.float32)[index], confidence)


def _peak(volume: FloatArray, positions: NDArray[np.float64], kind: str) -> Solution:
    index = np.argmax(volume, axis=0)
    confidence = peak_confidence(volume, index.astype(np.float32))
    return Solution(refine_peak(volume, index, positions, kind), confidence)


def _at_index(solve: Callable[[FloatArray], tuple[FloatArray, FloatArray]]) -> Finish:
    """The solution of what finds a map of slice indices and its confidence."""

    def finish(volume: FloatArray, positions: NDArray[np.float64]) -> Solution:
        index_map, confidence = solve(volume)
        slices = np.arange(len(positions), dtype=np.float64)
        position = np.interp(index_map, slices, positions).astype(np.float32)
        return Solution(position, confidence)

    return finish
