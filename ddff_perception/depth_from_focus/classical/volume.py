"""Methods that keep a focus volume: one full-resolution focus measure per slice.

The focus measure with a peak fit, the yardstick, and the papers' baselines (VDFF, total variation,
non-linear filtering), which run over the whole volume again at each solution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...parameters import Parameter, ParameterTable, Value
from ...types import FloatArray, ImageArray
from ..solution import Solution
from .aggregation import AGGREGATION_PARAMETERS, aggregate
from .focus_measures import (
    FOCUS_MEASURE_PARAMETERS,
    FOCUS_MEASURES,
    focus_measure,
    to_grey,
    yardstick_slice,
)
from .peaks import PEAK_FITS, peak_confidence, refine_peak

Solver = Callable[[FloatArray, Mapping[str, Value]], tuple[FloatArray, FloatArray]]

MEASURE_CHOICE = ParameterTable(
    [
        Parameter(
            "measure",
            "sum_modified_laplacian",
            "focus measure",
            choices=tuple(FOCUS_MEASURES),
        )
    ]
)
PEAK_CHOICE = ParameterTable(
    [
        Parameter(
            "peak",
            "gaussian",
            "fit through the three slices around the sharpest",
            choices=("none", *PEAK_FITS),
        )
    ]
)
YARDSTICK_PARAMETERS = ParameterTable(
    [Parameter("window", 9, "side of the box window", unit="px", minimum=1, maximum=63)]
)


class VolumeMethod:
    """Keeps `measure(image)` per slot and hands the ordered volume to `finish`."""

    def __init__(
        self,
        measure: Callable[[ImageArray], FloatArray],
        finish: Callable[[FloatArray, NDArray[np.float64]], Solution],
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


def volume_parameters(kind: str) -> ParameterTable:
    """The parameter table of the method `kind`."""
    measures = MEASURE_CHOICE + FOCUS_MEASURE_PARAMETERS
    if kind == "yardstick":
        return YARDSTICK_PARAMETERS
    if kind == "focus_measure":
        return measures + AGGREGATION_PARAMETERS + PEAK_CHOICE
    if kind == "vdff":
        from .variational import VDFF_PARAMETERS

        # The recipe fixes its focus measure: the modified Laplacian with unit step.
        return VDFF_PARAMETERS
    if kind == "tv":
        from .variational import TV_PARAMETERS

        return measures + AGGREGATION_PARAMETERS + TV_PARAMETERS
    from .filtering import NONLINEAR_PARAMETERS

    return measures + AGGREGATION_PARAMETERS + NONLINEAR_PARAMETERS


def create_volume_method(kind: str, parameters: Mapping[str, Value]) -> VolumeMethod:
    """The method `kind`; `parameters` complete and checked."""
    if kind == "yardstick":
        window = int(parameters["window"])  # type: ignore[arg-type]
        return VolumeMethod(lambda image: yardstick_slice(image, window), _sharpest)
    if kind == "focus_measure":
        peak = str(parameters["peak"])
        return VolumeMethod(
            _aggregated_measure(parameters), lambda v, positions: _peak(v, positions, peak)
        )
    if kind == "vdff":
        from .variational import VDFF_PARAMETERS, contrast, solve_vdff

        return VolumeMethod(contrast, _solver(solve_vdff, VDFF_PARAMETERS, parameters))
    if kind == "tv":
        from .variational import TV_PARAMETERS, solve_tv

        finish = _solver(solve_tv, TV_PARAMETERS, parameters)
        return VolumeMethod(_aggregated_measure(parameters), finish)
    from .filtering import NONLINEAR_PARAMETERS, solve_nonlinear

    finish = _solver(solve_nonlinear, NONLINEAR_PARAMETERS, parameters)
    return VolumeMethod(_aggregated_measure(parameters), finish)


def _aggregated_measure(parameters: Mapping[str, Value]) -> Callable[[ImageArray], FloatArray]:
    name = str(parameters["measure"])
    settings = {p.name: parameters[p.name] for p in FOCUS_MEASURE_PARAMETERS}
    kind, radius = str(parameters["aggregation"]), int(parameters["radius"])  # type: ignore[arg-type]
    epsilon = float(parameters["guided_epsilon"])  # type: ignore[arg-type]

    def measure(image: ImageArray) -> FloatArray:
        grey = to_grey(image)
        return aggregate(focus_measure(grey, name, settings), grey, kind, radius, epsilon)

    return measure


def _sharpest(volume: FloatArray, positions: NDArray[np.float64]) -> Solution:
    index = np.argmax(volume, axis=0)
    confidence = peak_confidence(volume, index.astype(np.float32))
    return Solution(positions.astype(np.float32)[index], confidence)


def _peak(volume: FloatArray, positions: NDArray[np.float64], kind: str) -> Solution:
    index = np.argmax(volume, axis=0)
    confidence = peak_confidence(volume, index.astype(np.float32))
    return Solution(refine_peak(volume, index, positions, kind), confidence)


def _solver(
    solve: Solver, table: ParameterTable, parameters: Mapping[str, Value]
) -> Callable[[FloatArray, NDArray[np.float64]], Solution]:
    mine = {p.name: parameters[p.name] for p in table}

    def finish(volume: FloatArray, positions: NDArray[np.float64]) -> Solution:
        index_map, confidence = solve(volume, mine)
        slices = np.arange(len(positions), dtype=np.float64)
        position = np.interp(index_map, slices, positions).astype(np.float32)
        return Solution(position, confidence)

    return finish
