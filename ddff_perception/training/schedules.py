"""How the learning rate changes: functions of the step alone (and of a time limit)."""

from __future__ import annotations

import math

from .presets import FitSettings

RANGE = 1e-7
"""Share of the learning rate that schedule `range` begins with."""


def rate_factor(
    settings: FitSettings,
    step: int,
    total_steps: int,
    epoch_steps: float,
    elapsed_s: float = 0.0,
    lowered: int = 0,
) -> float:
    """Share of `learning_rate` for the step number `step`, counted from 0.

    `total_steps` is 0 where only time limits the run. The cosine follows whichever of steps and
    minutes has run further, so that it ends at the end; `step` counts epochs of `epoch_steps`,
    `plateau` how often it was `lowered`. `range` rises exponentially over all steps (Smith, WACV
    2017, section 3.3).
    """
    if settings.schedule == "range":
        return float(RANGE ** (1.0 - (step + 1) / total_steps))
    warm_up = settings.warm_up_steps
    rise = min(1.0, (step + 1) / warm_up) if warm_up else 1.0
    if settings.schedule == "step":
        epoch = int(step / epoch_steps)
        return rise * settings.decay_factor ** (epoch // settings.decay_epochs)
    if settings.schedule == "plateau":
        return rise * settings.decay_factor**lowered
    if settings.schedule == "constant":
        return rise
    done = 0.0
    if total_steps > warm_up:
        done = max(0.0, (step - warm_up) / (total_steps - warm_up))
    if settings.minutes:
        done = max(done, elapsed_s / (60.0 * settings.minutes))
    fall = 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0)))
    return rise * (settings.final_factor + (1.0 - settings.final_factor) * fall)
