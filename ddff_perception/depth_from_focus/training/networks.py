"""The networks for depth from focus that can be trained, by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...training.job import TrainingJob
from ...training.registry import NetworkPresets, export_weights, make_job

# Name -> module as `training/registry.py` describes it; one line each, imported when it is used.
_PAPERS = "ddff_perception.depth_from_focus.training.papers_presets"
NETWORKS: dict[str, str] = {
    "focus_stream": "ddff_perception.depth_from_focus.training.focus_stream",
    "ddffnet_upconv": f"{_PAPERS}:DDFFNET_UPCONV",
    "ddffnet_unpool": f"{_PAPERS}:DDFFNET_UNPOOL",
    "ddffnet_bl": f"{_PAPERS}:DDFFNET_BL",
    "ddffnet_cc1": f"{_PAPERS}:DDFFNET_CC1",
    "ddffnet_cc2": f"{_PAPERS}:DDFFNET_CC2",
    "ddffnet_cc3": f"{_PAPERS}:DDFFNET_CC3",
    "pspnet": f"{_PAPERS}:PSPNET",
    "dynamic_fusion": f"{_PAPERS}:DYNAMIC_FUSION",
}
PRESETS = NetworkPresets(NETWORKS)


def job(
    network: str, preset: str, overrides: Iterable[str] = (), data: Sequence[Path] = ()
) -> TrainingJob:
    """The job of a network with a preset; raises InputError on unknown names and bad values."""
    return make_job(NETWORKS, network, preset, overrides, data)


def export(checkpoint: Path, output: Path, precision: str) -> Sequence[Path]:
    """Exports final weights (.safetensors with their .json) to ONNX; returns the files."""
    return export_weights(NETWORKS, checkpoint, output, precision)
