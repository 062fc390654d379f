"""How far matched frames lie from the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME_S = 1 / 30
"""Offsets are told in frames of a video of 30 Hz, as in section 4.4."""
NEAR, FAR = 4, 15
ABSENT = np.inf
"""A true time that is known to be none: the reference does not show the place."""


@dataclass(frozen=True, slots=True)
class OffsetScores:
    """Of `frames` that have a true place: shares `within_4` and `within_15` frames of it, what was
    not matched counting as outside, `matched` at all, and the median offset of those, in frames. Of
    `foreign` frames that have none: the share `false` that was matched all the same (NaN of none).
    Of what nothing is known nothing is told.
    """

    frames: int
    matched: float
    within_4: float
    within_15: float
    median_frames: float
    foreign: int
    false: float

    @classmethod
    def of(
        cls, found_s: NDArray[np.float64], true_s: NDArray[np.float64], frame_s: float = FRAME_S
    ) -> OffsetScores:
        """Scores of times in the reference (m,), NaN where there was no match, against the true
        ones (m,), `ABSENT` where the reference does not show the place, NaN where it is unknown.
        """
        there = np.isfinite(true_s)
        offset = np.abs(found_s[there] - true_s[there]) / frame_s
        # Half a step of rounding must not decide.
        near, far = (
            float(np.mean(offset <= n + 1e-6)) if len(offset) else np.nan for n in (NEAR, FAR)
        )
        known = offset[~np.isnan(offset)]
        foreign = found_s[true_s == ABSENT]
        return cls(
            frames=int(there.sum()),
            matched=float(np.mean(~np.isnan(offset))) if len(offset) else float("nan"),
            within_4=near,
            within_15=far,
            median_frames=float(np.median(known)) if len(known) else float("nan"),
            foreign=len(foreign),
            false=float(np.mean(~np.isnan(foreign))) if len(foreign) else float("nan"),
        )
