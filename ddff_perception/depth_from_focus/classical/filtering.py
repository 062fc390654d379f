"""Non-linear filtering of the focus volume before its peak is taken."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray, InputError
from .peaks import peak_confidence, refine_peak
from .variational import Progress


@dataclass(frozen=True)
class NonlinearSettings(Settings):
    """Values of `nonlinear_filter`."""

    volume_filter: str = parameter(
        "diffusion",
        "Filter of the focus volume: non-linear diffusion or median over neighbours and slices",
        choices=("diffusion", "median"),
    )
    filter_iterations: int = parameter(40, "How often the filter is repeated", limits=(0, 1000))
    conductance: float = parameter(
        0.1,
        "Diffusion stops at differences well above this share of a pixel's largest measure",
        "0..1",
        (1e-4, 10.0),
    )
    slice_diffusion: float = parameter(
        0.1,
        "Diffusion between slices relative to that between pixels; much of it flattens the "
        "peak of a short sweep",
        limits=(0.0, 1.0),
    )
    denominator: float = parameter(
        1.0,
        "Added to a pixel's largest measure before division by it: damps noise where there "
        "is little texture",
        "unit of the measure",
        (1e-6, 1e6),
    )


_TIME_STEP = 1 / 7  # explicit diffusion with six neighbours is stable below 1 / 6


def nonlinear_filter(
    volume: FloatArray,
    settings: NonlinearSettings | None = None,
    progress: Progress | None = None,
) -> FloatArray:
    """The focus volume with its noise smoothed and its steps kept: S x H x W, in 0..1.

    Each pixel's measures are divided by their largest plus `denominator`. Then either 'diffusion'
    (Perona and Malik, PAMI 1990, over the six neighbours in x, y and slice; for focus volumes:
    Mahmood and Choi, 'Nonlinear approach for enhancement of image focus volume in shape from
    focus', IEEE TIP 2012) or 'median' (5 x 5 in each slice, then over three slices).
    """
    if volume.ndim != 3:
        raise InputError(f"a focus volume must be S x H x W, not {volume.shape}")
    settings = settings or NonlinearSettings()
    iterations = settings.filter_iterations
    largest = volume.max(axis=0) + np.float32(settings.denominator)
    filtered: FloatArray = volume / largest
    for number in range(1, iterations + 1):
        if settings.volume_filter == "median":
            filtered = _median(filtered)
        else:
            filtered += _diffusion(filtered, settings.conductance, settings.slice_diffusion)
        if progress is not None:
            progress(number, iterations)
    return filtered


def solve_nonlinear(
    volume: FloatArray,
    settings: NonlinearSettings | None = None,
    progress: Progress | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Index map (0..S-1) and confidence (0..1), both H x W float32, of the filtered volume.

    `volume`: S x H x W focus measures, not negative, in the order of their positions.
    """
    filtered = nonlinear_filter(volume, settings, progress)
    index = np.argmax(filtered, axis=0)
    index_map = refine_peak(filtered, index, np.arange(volume.shape[0]))
    return index_map, peak_confidence(filtered, index_map)


def _diffusion(volume: FloatArray, conductance: float, slice_share: float) -> FloatArray:
    """Change of the volume in one explicit step."""
    change = np.zeros_like(volume)
    scale = np.float32(1 / conductance**2)
    for axis, share in ((0, slice_share), (1, 1.0), (2, 1.0)):
        along = np.moveaxis(volume, axis, 0)
        flow = along[1:] - along[:-1]
        flow *= np.float32(_TIME_STEP * share) / (1 + scale * np.square(flow))
        target = np.moveaxis(change, axis, 0)
        target[:-1] += flow
        target[1:] -= flow
    return change


def _median(volume: FloatArray) -> FloatArray:
    planes = np.stack([np.asarray(cv2.medianBlur(plane, 5), np.float32) for plane in volume])
    if planes.shape[0] < 3:
        return planes
    before, middle, after = planes[:-2], planes[1:-1], planes[2:]
    low, high = np.minimum(before, after), np.maximum(before, after)
    result = planes.copy()
    result[1:-1] = np.clip(middle, low, high)
    return result
