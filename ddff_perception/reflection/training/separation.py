"""What training and export of all networks for reflection separation share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ...files.images import read_json
from ...parameters import Parameter, ParameterTable, Value
from ...training.fit import uses_gpu
from ...training.job import TrainingJob
from ...training.presets import FitSettings
from ...training.weights import load_weights
from ..data.batches import GeneratedBatches
from ..data.pictures import Pictures, photographs, procedural_pictures
from ..data.sample import GeneratorSettings
from ..data.sample_batches import MixedBatches
from ..networks.export import export_onnx
from .card import write_separation_card
from .losses import LOSSES, layer_losses, picture

# Half an hour on one NVIDIA GPU, where the samples are made, too.
GPU = FitSettings(
    steps=0,
    minutes=30.0,
    batch=32,
    precision="32",
    learning_rate=1.5e-3,
    weight_decay=1e-4,
    warm_up_steps=200,
    final_factor=0.01,
    gradient_clip=1.0,
    ema=0.999,
    log_every=100,
    picture_every=5000,
    checkpoint_every=2000,
)
_FILES = {"single": "data.py", "batched": "data_device.py"}
GENERATORS = tuple(_FILES)


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
    presets: Mapping[str, FitSettings]
    colour: bool

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
            record={"data_source": f"{source}, mixed by reflection/{_FILES[kind]}"},
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

    def export(self, checkpoint: Path, output: Path, precision: str) -> list[Path]:
        """Writes `output` (or `reflection_<name>.onnx` in it, where it is a folder), its card."""
        network = self.make()
        load_weights(network, checkpoint)
        record = read_json(checkpoint.with_suffix(".json"))
        kind = {"32": "float32", "16": "float16"}[precision]
        suffix = "" if kind == "float32" else f"_{kind}"
        path = output
        if output.suffix != ".onnx":
            path = output / f"reflection_{self.name}{suffix}.onnx"
        channels = 3 if self.colour else None
        export_onnx(network, path, channels, kind)
        return [path, write_separation_card(path, self.description, channels, kind, record)]
