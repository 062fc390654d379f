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


# Readings that are further apart, in shares of the sweep, say nothing together.
_LARGEST_DISAGREEMENT = 0.1


def either_way(forwards: Solution, backwards: Solution) -> Solution:
    """What a sweep of unknown direction says, from its solutions read both ways (positions 0..1).

    Positions are the mean, weighted by confidence; confidence is the mean, less where the two
    disagree. The same sweep the other way round gives 1 - position and the same confidence: what
    a method knows of near and far alone (trained networks, ties, tolerances) cannot tip it.
    """
    turned = np.float32(1.0) - backwards.position
    total = forwards.confidence + backwards.confidence
    ahead = np.maximum(forwards.confidence, np.float32(1e-6))
    behind = np.maximum(backwards.confidence, np.float32(1e-6))
    position = (ahead * forwards.position + behind * turned) / (ahead + behind)
    apart = np.abs(forwards.position - turned) * np.float32(1.0 / _LARGEST_DISAGREEMENT)
    agreement = np.maximum(np.float32(1.0) - np.square(apart), np.float32(0.0))
    return Solution(position, np.float32(0.5) * total * agreement)


class SweepMethod(Protocol):
    """Keeps what it needs of each slice and finds the position of best focus per pixel."""

    def add(self, slot: int, image: ImageArray) -> None:
        """Takes the slice of `slot` in, replacing an earlier one."""

    def remove(self, slot: int) -> None:
        """Forgets the slice of `slot`."""

    def solve(self, order: list[int], positions: NDArray[np.float64]) -> Solution:
        """The solution over the slots in `order`, at ascending `positions` (S,)."""
