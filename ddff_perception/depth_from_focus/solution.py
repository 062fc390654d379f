"""What a method finds, and what every method over a sweep offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray, ImageArray


@dataclass(frozen=True, slots=True)
class Solution:
    """What a method finds. `position`: H x W float32, in the unit of the positions given
    (dioptres, or 0..1 along the sweep); `confidence`: H x W float32, 0..1.
    """

    position: FloatArray
    confidence: FloatArray


class SweepMethod(Protocol):
    """Keeps what it needs of each slice and finds the position of best focus per pixel."""

    def add(self, slot: int, image: ImageArray) -> None:
        """Takes the slice of `slot` in, replacing an earlier one."""

    def remove(self, slot: int) -> None:
        """Forgets the slice of `slot`."""

    def solve(self, order: list[int], positions: NDArray[np.float64]) -> Solution:
        """The solution over the slots in `order`, at ascending `positions` (S,)."""
