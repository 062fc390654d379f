"""Trains and exports the papers' networks: presets, jobs, cards.

Presets: `paper`, the settings that the papers name; `light`, a network of a fraction of the size
that trains on one core of a processor in 50 minutes, as the comparison in docs/benchmarks.md uses
it; `smoke`, a few steps without any data.

The papers' networks are for one camera whose sweep never changes. So the stacks that `light` makes
are of sweeps and lenses such as those of the comparison (`SWEEPS`), where FocusStream learns from
any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from ...parameters import ParameterTable, Settings, Value, parameter
from ...training.job import Batch, TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ...types import ImageArray, InputError
from ..data.generated.making import make_stacks
from ..data.generated.stacks import StackSettings
from ..data.sources import open_source
from ..networks.common import LEAST_SPAN, FocusNetwork, sharpest_composite
from .losses import dynamic_fusion_losses, masked_squares
from .papers_onnx import stack_file

LOSSES = ("squares", "mean_squares", "dynamic_fusion")
Make = Callable[[Any], FocusNetwork]
"""From the network's own settings."""

# Even sweeps of about ten slices whose ends are 5 to 14 px of blur apart: 0.5 to 7 m through
# apertures of 6 to 12 mm at 480 or 640 pixels across.
SWEEPS = StackSettings(
    widest_px=(4.5, 14.0), irregular=0.0, moving=0.0, breathing=0.0, slice_counts=(8, 9, 10, 11, 12)
)
_OF_MADE = (
    "even sweeps of 8 to 12 slices, 4.5 to 14 px of blur wide, over path-traced rooms and table "
    "tops (seeds from 100000) and procedural scenes, with noise and JPEG"
)


@dataclass(frozen=True)
class PaperSettings(Settings):
    """What all of them share; each network adds its own."""

    slices: int = parameter(10, "slices that the network sees", limits=(2, 64))
    crop: int = parameter(224, "side of the training crops", "px", (32, 1024))
    loss: str = parameter("squares", "which loss", choices=LOSSES)
    planes: float = parameter(
        0.0, "share of batches that are textured planes made on the spot", limits=(0.0, 1.0)
    )
    noise: float = parameter(
        1.0, "of training stacks, a share of what FocusStream sees", limits=(0.0, 1.0)
    )
    stacks: int = parameter(
        0, "training stacks to make where no --data is given", limits=(0, 10**6)
    )
    views: int = parameter(64, "path-traced scenes to make them from", limits=(0, 10**5))
    stacks_folder: str = parameter("out/even_stacks", "where they are made, or are already")
    along_sweep: bool = parameter(
        True,
        "learn where along the sweep a pixel is sharp; false is dioptres, for a sweep that never "
        "changes",
    )


@dataclass(frozen=True)
class PaperNetwork:
    """What trains one network, as `training/registry.py` describes it."""

    name: str
    description: str
    make: Make
    own: type[PaperSettings]
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802  as the registry names it
        return self.own.table()

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job on `data`, one file or folder as `data/sources.py` knows them; else on
        `stacks` training stacks, made where they are not there, or on planes made on the spot.

        Raises InputError on more than one, on what is none, and on settings that make no network.
        """
        if len(data) > 1:
            raise InputError("these networks train on one folder or file: give --data once")
        torch.manual_seed(settings.seed)
        # With this layout a step on a processor takes 0.6 of the time.
        own = self.own.of(values)
        network = self.make(own).to(memory_format=torch.channels_last)
        made = None if data else _made(own)
        drawn = (own.slices, own.crop, own.planes, own.noise)
        source = open_source(data[0] if data else made, settings, *drawn)
        description = source.description if made is None else f"{source.description}; {_OF_MADE}"
        return TrainingJob(
            network,
            make_loss(own.loss, own.along_sweep),
            source.train,
            settings,
            validation=source.validation,
            pictures=picture,
            record={"data_source": description},
        )

    def network(self, values: Mapping[str, Value]) -> FocusNetwork:
        """The network as `job` makes it, but for the weights that it is to begin with."""
        given = {n: v for n, v in values.items() if n not in ("vgg16", "pretrained")}
        return self.make(self.own.of(given))

    def onnx_files(
        self, network: FocusNetwork, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The one file of the network."""
        slices = int(record["network_parameters"]["slices"])
        return [stack_file(network, self.name, self.description, slices, precision)]


def _made(own: PaperSettings) -> Path | None:
    """The folder of training stacks that is asked for, made where it is not complete."""
    if not own.stacks:
        return None
    return make_stacks(Path(own.stacks_folder), own.stacks, own.views, SWEEPS)


def make_loss(kind: str, along_sweep: bool) -> Callable[[nn.Module, Batch], Mapping[str, Tensor]]:
    """Network and batch to losses; `along_sweep` compares positions in the sweep, 0..1."""

    def loss(network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        found = network(batch["images"], batch["dioptres"], batch.get("image"))
        truth, valid = batch["truth"], batch["valid"]
        prediction = found["disparity"]
        if along_sweep:
            prediction, truth = found["position"], sweep_position(truth, batch["dioptres"])
        error = torch.where(valid, (prediction - truth).abs(), 0.0).detach()
        logged = {"absolute": error.sum() / valid.sum().clamp_min(1)}
        if kind == "dynamic_fusion":
            return {**dynamic_fusion_losses(prediction, truth, valid), **logged}
        reduction = "sum" if kind == "squares" else "mean"
        return {"loss": masked_squares(prediction, truth, valid, reduction), **logged}

    return loss


def sweep_position(truth: Tensor, dioptres: Tensor) -> Tensor:
    """Where in the sweep (0 farthest, 1 nearest focus) `truth`, B x H x W in 1/m, is sharp."""
    lowest = dioptres.amin(dim=1)[:, None, None]
    span = (dioptres.amax(dim=1)[:, None, None] - lowest).clamp_min(LEAST_SPAN)
    return ((truth - lowest) / span).clamp(0.0, 1.0)


def picture(network: nn.Module, batch: Batch) -> ImageArray:
    """Up to four stacks under each other: the scene, the truth, what the network finds."""
    shown = {name: values[:4] for name, values in batch.items()}
    found = network(shown["images"], shown["dioptres"], shown.get("image"))["position"]
    truth = sweep_position(shown["truth"], shown["dioptres"])
    scenes = sharpest_composite(shown["images"]).permute(0, 2, 3, 1)
    rows = []
    for scene, true, position, valid in zip(scenes, truth, found, shown["valid"], strict=True):
        maps = [_coloured(true * valid), _coloured(position)]
        rows.append(np.hstack([_bytes(scene), *maps]))
    return np.vstack(rows)


def _coloured(position: Tensor) -> Any:
    return cv2.applyColorMap(_bytes(position), cv2.COLORMAP_TURBO)


def _bytes(values: Tensor) -> Any:
    return (values.float().clamp(0, 1) * 255).round().byte().cpu().numpy()
