"""Which slices of a sweep a network of fixed size gets to see."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...types import InputError


def choose_slices(positions: ArrayLike, count: int) -> NDArray[np.intp]:
    """Indices of the `count` slices nearest to evenly spaced positions, highest position first.

    `positions`: ... x S, dioptres or any other linear coordinate, in any order. Returns ... x
    `count`. A sweep with fewer slices, or with gaps, gives some of them more than once: then what
    the network sees lies where it expects it. The nearest and the farthest focus are always in.

    Raises InputError on fewer than two slices or a position that is not finite.
    """
    places = np.asarray(positions, dtype=np.float64)
    if count < 2:
        raise InputError(f"a network needs at least two slices, not {count}")
    if places.ndim == 0 or places.shape[-1] < 2 or not np.isfinite(places).all():
        raise InputError("slices are chosen from two or more with finite positions")
    low, high = places.min(axis=-1), places.max(axis=-1)
    wanted = np.linspace(high, low, count, axis=-1)
    distance = np.abs(wanted[..., :, None] - places[..., None, :])
    return np.asarray(distance.argmin(axis=-1), np.intp)
