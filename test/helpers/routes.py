"""Routes for tests: descriptors along a way, and drives along it whose time map is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ddff_perception.types import FloatArray

DIMENSIONS = 64


class DescribedRoute:
    """Places 0 .. `length` with descriptors that change over about `reach` of them; all routes have
    something in common, as all corridors do.
    """

    def __init__(self, seed: int, length: int = 300, reach: float = 4.0) -> None:
        draw = np.random.default_rng(seed)
        rough = gaussian_filter1d(draw.standard_normal((length + 1, DIMENSIONS)), reach, axis=0)
        self._at = rough / rough.std() + np.random.default_rng(999).standard_normal(DIMENSIONS)
        self.length = length

    def frames(self, places: NDArray[np.float64], noise: float = 0.3, seed: int = 0) -> FloatArray:
        """Unit vectors (n, 64) from the places (n,)."""
        low = np.clip(np.floor(places).astype(int), 0, self.length - 1)
        share = (places - low)[:, None]
        seen = (1 - share) * self._at[low] + share * self._at[low + 1]
        seen = seen + noise * np.random.default_rng([seed, 5]).standard_normal(seen.shape)
        return (seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float32)


def warped_places(first: float, last: float, count: int) -> NDArray[np.float64]:
    """Places (count,) from `first` to `last` at a speed that changes by a factor of six."""
    speed = 1.0 + 0.7 * np.sin(np.arange(count) / count * 4 * np.pi)
    way = np.concatenate([[0.0], np.cumsum(speed[:-1])])
    return first + (last - first) * way / way[-1]
