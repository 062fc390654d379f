"""Defocus without learning: blur at edges against what scenes have, one side or both assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...parameters import Settings, parameter
from ...types import InputError
from ..solution import DefocusMap, Photograph, grey
from .blur_posterior import blur_posterior, disc_states, lens_states


@dataclass(frozen=True)
class EdgeSettings(Settings):
    """Values of `edges`."""

    least_edges: int = parameter(
        100, "pixels on edges that an image must show to be judged", limits=(1, 10**6)
    )
    strength: float = parameter(
        3.0,
        "how much edges count against what is usual: as so many that say the same; 0 for nothing",
        limits=(0.0, 100.0),
    )
    usual_distance_m: float = parameter(
        2.5, "median distance of what the camera sees, before it is looked at", "m", (0.01, 1000.0)
    )


def edges(photograph: Photograph, settings: EdgeSettings) -> DefocusMap:
    """Blur at edges by the ratio of two re-blurs (Zhuo and Sim 2011), weighed against the distances
    that scenes have (`blur_posterior.py`): the median of what both say, at every pixel.

    Assumes: edges that are steps, and blur by defocus alone. One image does not tell the two sides
    of the plane in focus apart: `side` says which is assumed; with both, what is blurred more than
    infinity would be lies before it, and for the rest the usual distances decide.
    Raises InputError where there are too few edges.
    """
    found, lens, side = photograph.edges, photograph.lens, photograph.side
    if len(found.rows) < settings.least_edges:
        raise InputError(
            f"the image shows {len(found.rows)} pixels on edges, which say too little of its blur: "
            "it is even, dark, noisy or blurred all over"
        )
    known = lens.complete and (side != "far" or lens.focus_dioptres > 0)
    usual = 1.0 / settings.usual_distance_m
    states = disc_states()
    if known:
        states = lens_states(lens.blur_scale, lens.focus_dioptres, side, usual)
    blur = blur_posterior(found, grey(photograph.image), states, settings.strength)
    defocus, sign = blur.defocus, np.ones(blur.defocus.shape, np.float32)
    if not known and side == "near":
        defocus = -defocus
    if side == "both":
        right = np.where(defocus >= 0, blur.behind, 1.0 - blur.behind)
        sign = np.clip(right, 0.5, 1.0) if known else np.full_like(sign, 0.5)
    return DefocusMap(defocus, np.maximum(blur.spread, np.float32(0.1)), sign.astype(np.float32))
