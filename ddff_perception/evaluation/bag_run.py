"""One pass over a bag, for any pipeline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def stage_summary(stages_ms: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median and 95 % quantile per stage."""
    return {
        stage: {"median": float(np.median(times)), "p95": float(np.percentile(times, 95))}
        for stage, times in stages_ms.items()
        if times
    }
