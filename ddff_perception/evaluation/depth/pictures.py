"""Pictures of a report with their scales: slices of a stack, depth, truth, error, confidence."""

from __future__ import annotations

import math

import numpy as np

from ...types import FloatArray, FocalStack
from ..reports.blocks import ColorScale, Picture
from ..reports.colours import CONFIDENCE_MAP, color_stops, colorize_confidence
from .figures import DEPTH_MAP, ERROR_MAP, colorize_depth, colorize_error, depth_range, depth_ticks
from .maps import best_constant, known

_SLICES_SHOWN = 3


def slice_pictures(stack: FocalStack, number: int = _SLICES_SHOWN) -> list[Picture]:
    """`number` slices of a stack, near to far, each with its focus distance."""
    distances = stack.focus_distances_m
    order = np.argsort(np.nan_to_num(distances, nan=0.0, posinf=np.inf), kind="stable")
    chosen = np.linspace(0, len(order) - 1, min(number, len(order))).round().astype(int)
    pictures = []
    for position in chosen:
        index = int(order[position])
        where = distances[index]
        caption = f"Slice {index + 1} of {len(order)}"
        if math.isinf(where):
            caption += ", focused at infinity"
        elif not math.isnan(where):
            caption += f", focused at {where:.3g} m"
        pictures.append(Picture(stack.slices[index].image, caption, photo=True))
    return pictures


def depth_pictures(
    depth: FloatArray,
    confidence: FloatArray | None = None,
    truth: FloatArray | None = None,
    *,
    relative: bool = False,
    error_span: float | None = None,
) -> list[Picture]:
    """Depth and, where given, truth, error in dioptres and confidence, each with its scale.

    `depth`, `truth`: H x W metres, shown on one scale; `confidence`: H x W, 0..1. With `relative`
    the depth is a position 0..1 and no truth is shown. The error is shown up to `error_span`
    dioptres; None takes half the median dioptre of the truth.
    """
    if relative:
        stops = color_stops(DEPTH_MAP)
        gaps = bool(np.isnan(depth).any())
        scale = ColorScale(stops, [(0.0, "first slice"), (1.0, "last slice")], gaps)
        picture = colorize_depth(depth, relative=True)
        pictures = [Picture(picture, "Position in the sweep", scale=scale)]
    else:
        pictures = _metric_pictures(depth, truth, error_span)
    if confidence is not None:
        scale = ColorScale(color_stops(CONFIDENCE_MAP), [(0.0, "0"), (0.5, "0.5"), (1.0, "1")])
        pictures.append(Picture(colorize_confidence(confidence), "Confidence", scale=scale))
    return pictures


def depth_scale(near: float, far: float, *, unknown: bool = False) -> ColorScale:
    """The colours of `figures.colorize_depth` with round metres under them, near at the left."""
    marks = [
        (1.0 - position, "∞" if math.isinf(metres) else f"{metres:.3g} m")
        for position, metres in depth_ticks(near, far, most=5)
    ]
    return ColorScale(color_stops(DEPTH_MAP)[::-1], marks, unknown)


def _metric_pictures(
    depth: FloatArray, truth: FloatArray | None, error_span: float | None
) -> list[Picture]:
    near, far = depth_range(depth if truth is None else truth)

    def picture(values: FloatArray, caption: str) -> Picture:
        scale = depth_scale(near, far, unknown=not known(values).all())
        return Picture(colorize_depth(values, near, far), caption, scale=scale)

    pictures = [picture(depth, "Depth")]
    if truth is not None:
        pictures.append(picture(truth, "True depth"))
        span = 0.5 / best_constant(truth) if error_span is None else error_span
        span = span if span > 0 else 1.0
        marks = [(0.0, "0"), (1.0, f"{span:.2g} 1/m and more")]
        gaps = not (known(depth) & known(truth)).all()
        scale = ColorScale(color_stops(ERROR_MAP), marks, gaps)
        error = colorize_error(depth, truth, span)
        pictures.append(Picture(error, "Error in dioptres", scale=scale))
    return pictures
