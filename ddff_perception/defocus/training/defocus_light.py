"""DefocusLight's training: `ddff train defocus --network defocus_light --preset cpu -o RUN`.

It learns from sharp views of a rendered world (`--data WORLD`, `ddff simulate dataset`) or folders
of views, from procedural scenes without any, seen through random thin lenses; or from the slices of
a person's own stack folders with depth (`--start WEIGHTS --preset tune --data STACKS`). With
`all_in_focus=true` the same network sees the sharp views: what defocus has to beat.
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
from ...types import InputError
from ..data.lens_views import LensSettings, LensViews
from ..data.sources import view_files
from ..data.stack_slices import StackSlices
from ..learned.lens_vector import LENS_VALUES
from ..networks.defocus_light import MULTIPLE, DefocusLight, WholeImage
from .light_loss import light_loss, light_picture

_CPU = FitSettings(
    steps=0, minutes=45.0, batch=8, precision="32", learning_rate=1e-3, weight_decay=0.02,
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
class LightSettings(LensSettings):
    """The same, and where the encoder and the views begin."""

    encoder: str = parameter(
        "imagenet",
        "weights of the encoder: imagenet (ddff assets fetch efficientnet-lite0)",
        choices=("imagenet", "none"),
    )
    scale: float = parameter(1.0, "width of the encoder", limits=(0.25, 2.0))
    scenes: int = parameter(2000, "procedural scenes, without --data", limits=(2, 10**6))
    views_folder: str = parameter("out/defocus_views", "where views are kept, or are already")


PARAMETERS = LightSettings.table()
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
    lenses = LensSettings.of(LensSettings.table().part(values))
    held_out = min(_VALIDATED, 4 * settings.batch)
    stacks = [folder for folder in data if (folder / "stack.json").is_file()]
    train: LensViews | StackSlices
    if stacks:
        if len(stacks) < len(data):
            raise InputError("give either stack folders as --data, or views: not both")
        held: LensViews | StackSlices = StackSlices(stacks[-1:], lenses, held_out, fixed=True)
        train = StackSlices(stacks[:-1] or stacks, lenses, 10**6)
        source, assets = f"slices of {len(stacks)} stack folders with depth", credits
    else:
        views = view_files(data, Path(own.views_folder), own.scenes)
        held = LensViews(views.held_out, lenses, held_out, fixed=True)
        train = LensViews(views.learned, lenses, 10**6)
        source, assets = views.source, [*views.assets, *credits]
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TrainingJob(
        module,
        light_loss,
        make_loader(train, settings, shuffle=False),
        settings,
        validation=make_loader(held, replace(settings, workers=0), shuffle=False),
        pictures=light_picture,
        record={"data_source": source, "assets": sorted(set(assets))},
    )


def network(values: Mapping[str, Value]) -> DefocusLight:
    """The network without weights."""
    return DefocusLight(LightSettings.of(values).scale)


def onnx_files(module: DefocusLight, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
    """The one file of the network, float32 in and out."""
    whole = WholeImage(copy.deepcopy(module)).eval().cpu().float()
    image = (1, 3, "height", "width")
    lens = "log(1 + px per dioptre), log(1 + focus dioptres), log(1 + px of infinity), two flags"
    outputs = {
        "size": "diameter of the blur disc, px",
        "spread": "of a Laplace distribution about it, px",
        "behind": "probability of lying behind the plane in focus",
    }
    return [
        OnnxFile(
            name="defocus_light",
            description="The signed blur disc of each pixel of one image, and how sure that is",
            module=whole,
            examples=(torch.rand(1, 3, 64, 96) * 255, torch.ones(1, LENS_VALUES)),
            inputs=(
                TensorCard("image", image, "float32", "NCHW", "red, green, blue", "", (0.0, 255.0)),
                TensorCard("lens", (1, LENS_VALUES), "float32", "NC", lens),
            ),
            outputs=tuple(
                TensorCard(name, (1, 1, "height", "width"), "float32", "NCHW", text)
                for name, text in outputs.items()
            ),
            axes={"height": (64, 384, 2048), "width": (64, 512, 2048)},
            multiples={"height": MULTIPLE, "width": MULTIPLE},
            limits=LIMITS,
            by_tracing=True,
            half_storage=precision == "float32",
        )
    ]
