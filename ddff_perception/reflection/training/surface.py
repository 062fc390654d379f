"""Trains the network that ships: it estimates how the surface mixes the layers.

Presets: `gpu` makes its samples on the graphics card, larger and of more variety, and takes panes
that stand still; `cpu` is for two cores, `refine` goes on from trained weights on two cores with
such samples (`--start`), `smoke` is a few steps for a test.
"""

from __future__ import annotations

from dataclasses import replace

from ...parameters import Value
from ...training.presets import FitSettings
from ..networks.blending import SurfaceNetwork
from .separation import GPU, SeparationTraining, parameters

_CPU = FitSettings(
    steps=3000,
    minutes=20.0,
    batch=8,
    precision="32",
    learning_rate=1.5e-3,
    weight_decay=1e-4,
    warm_up_steps=50,
    final_factor=0.02,
    gradient_clip=1.0,
    ema=0.995,
    log_every=20,
    picture_every=500,
    checkpoint_every=100,
)
PRESETS = {
    "cpu": _CPU,
    "gpu": GPU,
    "refine": replace(_CPU, steps=0, minutes=25.0, batch=16, learning_rate=7e-4),
    "smoke": FitSettings(
        steps=3, batch=2, precision="32", log_every=1, picture_every=3, checkpoint_every=3
    ),
}
PARAMETERS = parameters("logarithmic")
_LARGE: dict[str, Value] = {
    "size": 160,
    "pictures": 192,
    "motion": 0.0,
    "generator": "batched",
}
PRESET_VALUES: dict[str, dict[str, Value]] = {
    "gpu": _LARGE,
    "refine": {**_LARGE, "surface_grain": 0.6, "bordered": 0.15},
    "smoke": {"size": 64, "pictures": 3},
}
_TRAINING = SeparationTraining(
    "surface",
    "Separates what a pane of glass reflects from what lies behind it, from three or more "
    "polarizer angles",
    SurfaceNetwork,
    PRESETS,
    colour=False,
)
job = _TRAINING.job
export = _TRAINING.export
