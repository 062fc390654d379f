"""Defocus without learning: blur at edges, brought to every pixel, one side assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...parameters import Settings, parameter
from ...types import FloatArray, InputError
from ..solution import DefocusMap, Lens, Photograph, grey
from .propagation import propagated

# Of the error of a disc where edges are, in px and as a share of it; and where none reaches.
_SPREAD_PX, _SPREAD_SHARE, _SPREAD_FAR = 0.5, 0.2, 3.0
# That a disc which fits both sides lies behind the plane in focus.
_EITHER = 0.5
_SOFTENING_PX = 2.0


@dataclass(frozen=True)
class EdgeSettings(Settings):
    """Values of `edges`."""

    least_edges: int = parameter(
        100, "pixels on edges that an image must show to be judged", limits=(1, 10**6)
    )


def edges(photograph: Photograph, settings: EdgeSettings) -> DefocusMap:
    """Blur at edges by the ratio of two re-blurs (Zhuo and Sim 2011), brought to every pixel.

    Assumes: edges that are steps, and blur by defocus alone. One image does not tell the two sides
    of the plane in focus apart: `side` says which is assumed; with both, what is blurred more than
    infinity would be lies before it, all else behind, with half the confidence.
    Raises InputError where there are too few edges.
    """
    plane, found = grey(photograph.image), photograph.edges
    if len(found.rows) < settings.least_edges:
        raise InputError(
            f"the image shows {len(found.rows)} pixels on edges, which say too little of its blur: "
            "it is even, dark, noisy or blurred all over"
        )
    # Means of the inverse: an edge that looks soft is often shading, one that looks sharp is so.
    value = 1.0 / (found.disc_px + _SOFTENING_PX)
    inverse, known = propagated(found.rows, found.columns, value, found.weight, plane)
    size = np.maximum(1.0 / np.maximum(inverse, 1e-2) - _SOFTENING_PX, 0.0)
    spread = _SPREAD_PX + _SPREAD_SHARE * size + _SPREAD_FAR * np.square(1.0 - known)
    return with_side(size, np.asarray(spread, np.float32), photograph.lens, photograph.side)


def with_side(size: FloatArray, spread: FloatArray, lens: Lens, side: str) -> DefocusMap:
    """The map of discs of `size` where nothing but the lens tells the side."""
    if side != "both":
        sure = np.ones(size.shape, np.float32)
        return DefocusMap(size if side == "far" else -size, spread, sure)
    # Nothing behind the plane in focus is blurred more than infinity is.
    before = size > lens.farthest_px + spread
    sign = np.where(before, np.float32(0.95), np.float32(_EITHER))
    return DefocusMap(np.where(before, -size, size), spread, sign)
