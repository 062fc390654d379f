"""Trains the paper's encoder-decoder (appendix B), which blends with the canonical images.

Presets: `paper` has its optimiser (Adam, rate 5e-3, l2); batch, size and steps are not given there
and are ours. `cpu` is what two cores do in an hour, `gpu` makes its samples on the graphics card.
`smoke`: a few steps for a test.
"""

from __future__ import annotations

from dataclasses import replace

from ...training.presets import FitSettings
from ..networks.blending import PaperNetwork
from .separation import GPU, SeparationTraining, parameters

PRESETS = {
    "paper": FitSettings(
        steps=200_000, batch=16, workers=12, optimizer="adam", learning_rate=5e-3, weight_decay=0.0
    ),
    "cpu": FitSettings(
        steps=0,
        minutes=60.0,
        batch=4,
        optimizer="adam",
        learning_rate=2e-3,
        weight_decay=0.0,
        gradient_clip=1.0,
        ema=0.995,
    ),
    "gpu": replace(GPU, optimizer="adam", learning_rate=2e-3, weight_decay=0.0),
    "smoke": FitSettings(
        steps=2, batch=2, precision="32", log_every=1, picture_every=2, checkpoint_every=2
    ),
}
PARAMETERS = parameters("l2")
PRESET_VALUES = {
    "smoke": {"size": 32, "pictures": 3},
    "cpu": {"size": 96},
    "gpu": {"size": 128, "pictures": 192, "motion": 0.0, "grey": 0.5, "generator": "batched"},
}
_TRAINING = SeparationTraining(
    "encoder_decoder",
    "The encoder-decoder of Wieschollek's thesis: layers blended with the canonical images",
    PaperNetwork,
    PRESETS,
    colour=True,
)
job = _TRAINING.job
export = _TRAINING.export
