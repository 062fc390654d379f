"""Trains the paper's ablation: both layers straight from the polarizer images."""

from __future__ import annotations

from ..networks.blending import DirectNetwork
from .encoder_decoder import PARAMETERS, PRESET_VALUES, PRESETS
from .separation import SeparationTraining

__all__ = ["PARAMETERS", "PRESETS", "PRESET_VALUES", "export", "job"]

_TRAINING = SeparationTraining(
    "direct",
    "Ablation of Wieschollek's encoder-decoder without canonical images",
    DirectNetwork,
    PRESETS,
    colour=True,
)
job = _TRAINING.job
export = _TRAINING.export
