"""What is known of a recorded route before the first live frame comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, InputError
from ..matching.costs import allowed_rank, common_structure, cost_matrix
from ..matching.pool import Places
from ..matching.tours import period_s

if TYPE_CHECKING:
    from typing import Self

_ANCHORS = 512


@dataclass(frozen=True)
class Route:
    """Unit descriptors (n, d) of a route's frames at times `seconds` (n,).

    `structure` (n, rank): what costs against the route have in common, learned from the costs of
    its frames against each other, which stand for live ones (section 4.3, step 1, as a filter has
    no whole matrix). `shift`: what makes the least of them 0. `typical`: their median.
    """

    descriptors: FloatArray
    seconds: NDArray[np.float64]
    structure: FloatArray
    shift: float
    typical: float
    places: Places

    @classmethod
    def of(cls, descriptors: FloatArray, seconds: NDArray[np.float64], rank: int = 5) -> Self:
        """The route of these frames; raises InputError where they are too few or do not go forward
        in time.
        """
        if len(descriptors) < 2:
            raise InputError(f"a route of {len(descriptors)} frames is none: record a longer one")
        period_s(seconds)
        anchors = np.linspace(0, len(descriptors) - 1, min(_ANCHORS, len(descriptors))).astype(int)
        costs = cost_matrix(descriptors, descriptors[anchors])
        basis = common_structure(costs, allowed_rank(rank, (len(descriptors), len(anchors))))
        left = costs - basis @ (basis.T @ costs)
        return cls(
            np.ascontiguousarray(descriptors, np.float32),
            np.asarray(seconds, np.float64),
            basis,
            float(-left.min()),
            float(np.median(left - left.min())),
            Places(descriptors),
        )

    @property
    def step_s(self) -> float:
        """Usual seconds from frame to frame."""
        return period_s(self.seconds)

    def costs(self, descriptor: FloatArray) -> FloatArray:
        """Costs (n,) of a live frame (d,) against every frame; none is negative."""
        column = cost_matrix(self.descriptors, descriptor[None])[:, 0]
        left = column - self.structure @ (self.structure.T @ column)
        return np.asarray(np.maximum(left + self.shift, 0.0), np.float32)
