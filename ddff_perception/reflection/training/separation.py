"""What training and export of all networks for reflection separation share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...parameters import ParameterTable, Settings, Value, parameter
from ...training.fit import uses_gpu
from ...training.job import TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ..data.batches import GeneratedBatches
from ..data.pictures import Pictures, photographs, procedural_pictures
from ..data.settings import GeneratorSettings
from .losses import LOSSES, layer_losses, picture
from .onnx_file import separation_file


@dataclass(frozen=True)
class DataSettings(Settings):
    """What can be set about the data and the loss."""

    loss: str = parameter("logarithmic", "what is minimised over both layers", choices=LOSSES)
    size: int = parameter(128, "side of the samples, a multiple of 8", "px", (32, 1024))
    pictures: int = parameter(96, "procedural pictures that are mixed", limits=(2, 100_000))
    dynamic_range: float = parameter(
        6.0, "reflections up to this factor brighter or darker (DR); 1 is off", limits=(1.0, 100.0)
    )
    abrupt: float = parameter(0.15, "share of samples with abrupt reflections", limits=(0.0, 1.0))
    motion: float = parameter(0.1, "share that moves between angles (NRD)", limits=(0.0, 1.0))
    curved: float = parameter(0.5, "share of curved surfaces (LCG)", limits=(0.0, 1.0))
    ghost_px: float = parameter(1.5, "shift between a pane's two faces", "px", (0.0, 50.0))
    bordered: float = parameter(
        0.0, "share of views past the border of the surface", limits=(0.0, 1.0)
    )
    surface_grain: float = parameter(
        0.0,
        "share of surfaces that differ from pixel to pixel, as dust does",
        limits=(0.0, 1.0),
    )
    noisy: bool = parameter(True, "a camera with noise, limits and levels")
    grey: float = parameter(0.85, "share of monochrome batches", limits=(0.0, 1.0))

    def generator_settings(self) -> GeneratorSettings:
        """The generator that they describe."""
        default = GeneratorSettings()
        return replace(
            default,
            size=self.size,
            light=replace(default.light, dynamic_range=self.dynamic_range, abrupt=self.abrupt),
            surface=replace(
                default.surface,
                curved=self.curved,
                ghost_px=self.ghost_px,
                bordered=self.bordered,
            ),
            motion=self.motion,
            surface_grain=self.surface_grain,
            grey=self.grey,
            noise=default.noise if self.noisy else None,
        )


@dataclass(frozen=True)
class SquaredDataSettings(DataSettings):
    """The same with the loss of the paper."""

    loss: str = parameter("l2", DataSettings.table()["loss"].description, choices=LOSSES)


@dataclass(frozen=True)
class SeparationTraining:
    """What trains one network, as `training/registry.py` describes it.

    `colour`: the network takes three channels only, so that grey samples come as three.
    """

    name: str
    description: str
    make: Callable[[], nn.Module]
    colour: bool
    own: type[DataSettings]
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802  as the registry names it
        return self.own.table()

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job that mixes the photographs in `data`, or procedural pictures without it."""
        own = self.own.of(values)
        pictures: Pictures
        if data:
            pictures = [image for folder in data for image in photographs(folder)]
        else:
            pictures = procedural_pictures(own.pictures)
        source = "the user's photographs" if data else f"{len(pictures)} procedural pictures"
        return TrainingJob(
            self.make(),
            layer_losses(own.loss),
            self._batches(pictures, own, settings),
            settings,
            pictures=picture,
            record={"data_source": f"{source}, mixed by the generator"},
        )

    def _batches(
        self, pictures: Pictures, own: DataSettings, settings: FitSettings
    ) -> GeneratedBatches:
        generator = own.generator_settings()
        on_gpu = uses_gpu(settings)
        if on_gpu and settings.precision == "32":
            # What tells incidences apart are small differences of large sums: TF32 loses them.
            torch.backends.cudnn.allow_tf32 = False
        device = "cuda" if on_gpu else "cpu"
        return GeneratedBatches(pictures, generator, settings.batch, self.colour, device=device)

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network; no parameter changes it."""
        return self.make()

    def onnx_files(
        self, network: nn.Module, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The one file of the network."""
        channels = 3 if self.colour else None
        return [separation_file(network, self.name, self.description, channels, precision, record)]
