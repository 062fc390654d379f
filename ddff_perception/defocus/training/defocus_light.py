"""DefocusLight's training: `ddff train defocus --network defocus_light --preset cpu -o RUN`.

It learns from sharp views of a rendered world (`--data WORLD`, `ddff simulate dataset`) or folders
of views, from procedural scenes without any, seen through random thin lenses; or from a person's
own captures, stack folders with depth and triples (`--start WEIGHTS --preset tune --data STACKS`),
and from NYUv2 (`data/sources.py`). With `all_in_focus=true` the same network sees the sharp views:
what defocus has to beat.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ...engines.model_zoo import TensorCard
from ...parameters import Value, parameter
from ...simulation.assets.encoder import encoder_credits, imagenet_file
from ...training.batches import make_loader
from ...training.efficientnet_lite import load_imagenet
from ...training.job import TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ..data.sources import DATA_PARAMETERS, DataSettings, training_data
from ..learned.lens_vector import LENS_VALUES
from ..networks.defocus_light import HEADS, MULTIPLE, DefocusLight, WholeImage
from .light_loss import light_loss, light_picture

_CPU = FitSettings(
    steps=0, minutes=45.0, batch=4, precision="32", learning_rate=1e-3, weight_decay=0.02,
    warm_up_steps=50, final_factor=0.02, gradient_clip=2.0, ema=0.995, workers=1, log_every=25,
    validate_every=250, picture_every=500, checkpoint_every=100,
)  # fmt: skip
PRESETS: dict[str, FitSettings] = {
    "cpu": _CPU,
    "gpu": replace(_CPU, minutes=30.0, batch=32, workers=8, ema=0.999),
    "tune": replace(_CPU, minutes=10.0, learning_rate=2e-4),
    "smoke": replace(
        _CPU, minutes=0.0, steps=6, batch=2, workers=0, learning_rate=3e-3, ema=0.0,
        warm_up_steps=1, log_every=1, validate_every=6, picture_every=6, checkpoint_every=6,
    ),
}  # fmt: skip
_VALIDATED = 48
LIMITS = (
    "Rooms and odd scenes in daylight and lamplight, a lens without aberrations, discs up to 20 px "
    "at the size that the network sees; no real capture was seen. The side of the plane in focus "
    "is told by what stands where, and can be wrong."
)
DATA_SOURCE = "rendered rooms through random thin lenses"


@dataclass(frozen=True)
class LightSettings(DataSettings):
    """The same, and where the encoder begins."""

    encoder: str = parameter(
        "imagenet",
        "weights of the encoder: imagenet (ddff assets fetch efficientnet-lite0)",
        choices=("imagenet", "none"),
    )
    scale: float = parameter(1.0, "width of the encoder", limits=(0.25, 2.0))
    heads: str = parameter(
        "both", "what is exported; depth leaves the sharp image out", choices=HEADS
    )


PARAMETERS = LightSettings.table() + DATA_PARAMETERS
PRESET_VALUES: dict[str, dict[str, Value]] = {
    "tune": {"encoder": "none"},
    "smoke": {
        "height": 64, "width": 96, "encoder": "none", "scale": 0.25, "scenes": 3,
        "views_folder": "out/smoke_defocus_views",
    },
}  # fmt: skip


def job(settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]) -> TrainingJob:
    """The job that learns from `data`; raises InputError where there is nothing to learn from."""
    own = LightSettings.of(values)
    module = network(values)
    credits: list[str] = []
    if own.encoder == "imagenet":
        load_imagenet(module.encoder, imagenet_file())
        module.encoder.freeze()
        credits = encoder_credits()
    found = training_data(data, values, min(_VALIDATED, 8 * settings.batch))
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TrainingJob(
        module,
        light_loss,
        make_loader(found.learned, settings, shuffle=False),
        settings,
        validation=make_loader(found.held_out, replace(settings, workers=0), shuffle=False),
        pictures=light_picture,
        record={"data_source": found.source, "assets": sorted({*found.assets, *credits})},
    )


def network(values: Mapping[str, Value]) -> DefocusLight:
    """The network without weights."""
    return DefocusLight(LightSettings.of(values).scale)


def onnx_files(module: DefocusLight, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
    """The one file of the network, float32 in and out, of the heads that are asked for."""
    heads = LightSettings.of(record["network_parameters"]).heads
    whole = WholeImage(copy.deepcopy(module), heads).eval().cpu().float()
    image = (1, 3, "height", "width")
    lens = "log(1 + px per dioptre), log(1 + focus dioptres), log(1 + px of infinity), two flags"
    maps = {
        "size": "diameter of the blur disc, px",
        "spread": "of a Laplace distribution about it, px",
        "behind": "probability of lying behind the plane in focus",
    }
    outputs = [
        TensorCard(name, (1, 1, "height", "width"), "float32", "NCHW", text)
        for name, text in maps.items()
    ]
    if heads == "both":
        outputs.append(TensorCard("change", image, "float32", "NCHW", "what the blur took away"))
    return [
        OnnxFile(
            name="defocus_light" if heads == "both" else f"defocus_light_{heads}",
            description="The signed blur disc of each pixel of one image, and how sure that is",
            module=whole,
            examples=(torch.rand(1, 3, 64, 96) * 255, torch.ones(1, LENS_VALUES)),
            inputs=(
                TensorCard("image", image, "float32", "NCHW", "red, green, blue", "", (0.0, 255.0)),
                TensorCard("lens", (1, LENS_VALUES), "float32", "NC", lens),
            ),
            outputs=tuple(outputs),
            axes={"height": (64, 384, 2048), "width": (64, 512, 2048)},
            multiples={"height": MULTIPLE, "width": MULTIPLE},
            limits=LIMITS,
            by_tracing=True,
            half_storage=precision == "float32",
        )
    ]
