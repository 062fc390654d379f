"""The networks for reflection separation that can be trained, by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...training.job import TrainingJob
from ...training.registry import NetworkPresets, export_weights, make_job

# Name -> module as `training/registry.py` describes it; one line each, imported when it is used.
NETWORKS: dict[str, str] = {
    "surface": "ddff_perception.reflection.training.surface",
    "encoder_decoder": "ddff_perception.reflection.training.encoder_decoder",
    "direct": "ddff_perception.reflection.training.direct",
}
PRESETS = NetworkPresets(NETWORKS)
_NAMES = {"float32": "32", "float16": "16"}


def job(
    network: str, preset: str, overrides: Iterable[str] = (), data: Sequence[Path] = ()
) -> TrainingJob:
    """The job of a network with a preset; raises InputError on unknown names and bad values."""
    return make_job(NETWORKS, network, preset, overrides, data)


def export(checkpoint: Path, output: Path, precision: str) -> Sequence[Path]:
    """Exports final weights (.safetensors with their .json) to ONNX; returns the files."""
    return export_weights(NETWORKS, checkpoint, output, _NAMES.get(precision, precision))
