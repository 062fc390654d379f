"""What training and export of all networks for reflection separation share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...parameters import Parameter, ParameterTable, Value
from ...training.fit import uses_gpu
from ...training.job import TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ..data.batches import GeneratedBatches
from ..data.pictures import Pictures, photographs, procedural_pictures
from ..data.sample import GeneratorSettings
from ..data.sample_batches import MixedBatches
from .losses import LOSSES, layer_losses, picture
from .onnx_file import separation_file

GENERATORS = ("single", "batched")


def parameters(loss: str) -> ParameterTable:
    """What can be set about the data and the loss (default `loss`)."""
    return ParameterTable(
        [
            Parameter("loss", loss, "what is minimised over both layers", choices=LOSSES),
            Parameter("size", 128, "side of the samples, a multiple of 8", "px", 32, 1024),
            Parameter("pictures", 96, "procedural pictures that are mixed", "", 2, 100_000),
            Parameter(
                "dynamic_range",
                6.0,
                "reflections up to this factor brighter or darker (DR); 1 is off",
                "",
                1.0,
                100.0,
            ),
            Parameter("abrupt", 0.15, "share of samples with abrupt reflections", "", 0.0, 1.0),
            Parameter("motion", 0.1, "share that moves between angles (NRD)", "", 0.0, 1.0),
            Parameter("curved", 0.5, "share of curved surfaces (LCG)", "", 0.0, 1.0),
            Parameter("ghost_px", 1.5, "shift between a pane's two faces", "px", 0.0, 50.0),
            Parameter(
                "bordered",
                0.0,
                "share of views past the border of the surface (generator batched)",
                "",
                0.0,
                1.0,
            ),
            Parameter(
                "surface_grain",
                0.0,
                "share of surfaces that differ from pixel to pixel, as dust does (generator "
                "batched)",
                "",
                0.0,
                1.0,
            ),
            Parameter("noisy", True, "a camera with noise, limits and levels"),
            Parameter("grey", 0.85, "share of monochrome batches", "", 0.0, 1.0),
            Parameter(
                "generator",
                "single",
                "samples made one at a time by the processor, or whole batches on the device that "
                "trains, with more variety",
                choices=GENERATORS,
            ),
        ]
    )


def generator_settings(values: Mapping[str, Value]) -> GeneratorSettings:
    """The generator that the values of `parameters` describe."""
    number = {n: float(v) for n, v in values.items() if isinstance(v, int | float)}
    default = GeneratorSettings()
    return replace(
        default,
        size=int(number["size"]),
        light=replace(
            default.light, dynamic_range=number["dynamic_range"], abrupt=number["abrupt"]
        ),
        surface=replace(
            default.surface,
            curved=number["curved"],
            ghost_px=number["ghost_px"],
            bordered=number["bordered"],
        ),
        motion=number["motion"],
        surface_grain=number["surface_grain"],
        grey=number["grey"],
        noise=default.noise if values["noisy"] else None,
    )


@dataclass(frozen=True)
class SeparationTraining:
    """What trains one network, as `training/registry.py` describes it.

    `colour`: the network takes three channels only, so that grey samples come as three.
    """

    name: str
    description: str
    make: Callable[[], nn.Module]
    colour: bool
    PARAMETERS: ParameterTable
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job that mixes the photographs in `data`, or procedural pictures without it."""
        generator = generator_settings(values)
        pictures: Pictures
        if data:
            pictures = [image for folder in data for image in photographs(folder)]
        else:
            pictures = procedural_pictures(int(values["pictures"]))  # type: ignore[arg-type]
        source = "the user's photographs" if data else f"{len(pictures)} procedural pictures"
        kind = str(values["generator"])
        return TrainingJob(
            self.make(),
            layer_losses(str(values["loss"])),
            self._batches(pictures, generator, settings, kind),
            settings,
            pictures=picture,
            record={"data_source": f"{source}, mixed by the generator {kind}"},
        )

    def _batches(
        self,
        pictures: Pictures,
        generator: GeneratorSettings,
        settings: FitSettings,
        kind: str,
    ) -> MixedBatches | GeneratedBatches:
        if kind == "single":
            return MixedBatches(pictures, generator, settings.batch, self.colour)
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
