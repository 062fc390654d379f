"""The networks that label pixels, with their settings.

`fuse_light`, which ships, joins two branches, `fuse_light_colour` and `fuse_light_depth`, which are
trained apart before it.

Presets: `cpu` is for one core, `gpu` for a graphics card, `smoke` is a few steps for a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ...files.images import read_json
from ...parameters import Value, parameter
from ...simulation.assets.encoder import encoder_credits, imagenet_file
from ...training.efficientnet_lite import EfficientNetLite0, load_imagenet
from ...training.presets import FitSettings
from ...training.weights import load_weights
from ..data.batches import DrawSettings
from ..networks.first_layer import first_layer_weights
from ..networks.fuse_light import FuseLight, LightBranch
from .labelling import LabellingSettings, LabellingTraining
from .losses import LossShares

_CPU = FitSettings(
    steps=0, minutes=22.0, batch=8, precision="32", learning_rate=6e-4, weight_decay=0.02,
    warm_up_steps=50, final_factor=0.02, gradient_clip=2.0, ema=0.998, log_every=50,
    validate_every=400, picture_every=800, checkpoint_every=200,
)  # fmt: skip
_GPU = replace(
    _CPU, minutes=30.0, batch=32, workers=0, learning_rate=1e-3, ema=0.999, checkpoint_every=1000
)
_SMOKE = FitSettings(
    steps=3, batch=2, precision="32", log_every=1, validate_every=3, picture_every=3,
    checkpoint_every=3,
)  # fmt: skip
_TINY: Mapping[str, Value] = {
    "height": 64, "width": 96, "encoder": "none", "scale": 0.25, "keep_statistics": False,
}  # fmt: skip

# Of trained branches: all of them together.
_TOGETHER: Mapping[str, Value] = {
    "learns": "all", "overlap": 0.5, "balance": 0.25,
}  # fmt: skip


@dataclass(frozen=True)
class LightSettings(LabellingSettings):
    """The same, and where the encoder begins."""

    encoder: str = parameter(
        "imagenet",
        "weights of the encoder: imagenet (ddff assets fetch efficientnet-lite0)",
        choices=("imagenet", "none"),
    )
    frozen: bool = parameter(True, "the encoder's first layers stay as they begin")
    keep_statistics: bool = parameter(True, "batch norm of the encoder keeps its statistics")
    scale: float = parameter(1.0, "width of the encoder", limits=(0.25, 2.0))


@dataclass(frozen=True)
class FusedSettings(LightSettings):
    """The same, and the branches."""

    learns: str = parameter(
        "fusion", "what joins the branches alone, or all", choices=("fusion", "all")
    )
    encoder: str = parameter("none", "weights of the encoders", choices=("imagenet", "none"))
    missing: float = parameter(
        0.14, "share of samples without colour, and as many without depth", "", (0.0, 0.45)
    )
    colour_weights: str = parameter("", "weights of a trained fuse_light_colour (.safetensors)")
    depth_weights: str = parameter("", "weights of a trained fuse_light_depth (.safetensors)")
    alone: float = parameter(
        0.5, "share of the loss of what each branch finds alone, where all learns", "", (0.0, 10.0)
    )

    def draws(self) -> DrawSettings:
        """The network looks away from what is missing by itself; its branches learn from it."""
        return replace(super().draws(), blackened=False)

    def shares(self) -> LossShares:
        return LossShares(self.overlap, self.alone if self.learns == "all" else 0.0)


def _branch(values: Mapping[str, Value]) -> nn.Module:
    own = LightSettings.of(values)
    return LightBranch(own.count, 3, own.scale)


def _stacked(values: Mapping[str, Value]) -> nn.Module:
    own = LightSettings.of(values)
    return LightBranch(own.count, 6, own.scale)


def _begin_branch(network: nn.Module, values: Mapping[str, Value]) -> None:
    assert isinstance(network, LightBranch)
    settings = LightSettings.of(values)
    if settings.encoder == "imagenet":
        load_imagenet(network.encoder, imagenet_file(), first_layer_weights)
    _hold(network.encoder, settings)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _hold(encoder: EfficientNetLite0, settings: LightSettings) -> None:
    """What of an encoder does not learn."""
    encoder.keeps_statistics = settings.keep_statistics
    if settings.frozen:
        encoder.freeze()


def _encoder_credits(values: Mapping[str, Value]) -> list[str]:
    if LightSettings.of(values).encoder != "imagenet":
        return []
    return encoder_credits()


def _fused(values: Mapping[str, Value]) -> nn.Module:
    own = FusedSettings.of(values)
    return FuseLight(own.count, own.scale)


def _begin_fused(network: nn.Module, values: Mapping[str, Value]) -> None:
    assert isinstance(network, FuseLight)
    settings = FusedSettings.of(values)
    for branch, weights in (
        (network.colour, settings.colour_weights),
        (network.depth, settings.depth_weights),
    ):
        if weights:
            load_weights(branch, Path(weights))
        _hold(branch.encoder, settings)
    if settings.learns == "fusion":
        network.freeze_branches()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _branch_credits(values: Mapping[str, Value]) -> list[str]:
    own = FusedSettings.of(values)
    records = [Path(w).with_suffix(".json") for w in (own.colour_weights, own.depth_weights) if w]
    found = (read_json(record).get("assets", ()) for record in records)
    return [str(key) for keys in found for key in keys]


COLOUR = LabellingTraining(
    name="fuse_light_colour",
    description="Labels the pixels of a room from colour: the colour branch of FuseLight",
    make=_branch,
    begin=_begin_branch,
    inputs=lambda values: lambda batch: (batch["colour"],),
    images=lambda values: {"colour": 3},
    own=LightSettings,
    credits=_encoder_credits,
    PRESETS={"cpu": _CPU, "gpu": _GPU, "smoke": _SMOKE},
    PRESET_VALUES={"gpu": {"frozen": False, "height": 256, "width": 320}, "smoke": _TINY},
)
DEPTH = replace(
    COLOUR,
    name="fuse_light_depth",
    description="Labels the pixels of a room from depth (HHA): the depth branch of FuseLight",
    inputs=lambda values: lambda batch: (batch["hha"],),
    images=lambda values: {"hha": 3},
    PRESET_VALUES={
        "cpu": {"frozen": False},
        "gpu": {"frozen": False, "height": 256, "width": 320},
        "smoke": _TINY,
    },
)
STACKED = replace(
    COLOUR,
    name="fuse_light_stacked",
    description="Labels the pixels of a room from colour and depth stacked: one branch of "
    "FuseLight for both, which fusion has to be better than",
    make=_stacked,
    inputs=lambda values: lambda batch: (torch.cat((batch["colour"], batch["hha"]), dim=1),),
    images=lambda values: {"colour_hha": 6},
)
FUSE_LIGHT = LabellingTraining(
    name="fuse_light",
    description="Labels the pixels of a room from colour and depth, or one of them: FuseNet's "
    "sparse fusion in light encoders",
    make=_fused,
    begin=_begin_fused,
    inputs=lambda values: lambda batch: (batch["colour"], batch["hha"], batch["present"]),
    images=lambda values: {"colour": 3, "hha": 3, "present": 0},
    own=FusedSettings,
    credits=_branch_credits,
    PRESETS={
        "cpu": replace(_CPU, minutes=8.0, learning_rate=1e-3),
        "gpu": replace(_GPU, minutes=10.0),
        "together": replace(_CPU, minutes=60.0, learning_rate=1e-4, log_every=25),
        "smoke": _SMOKE,
    },
    PRESET_VALUES={
        "gpu": {"height": 256, "width": 320},
        "together": _TOGETHER,
        "smoke": {**_TINY, "frozen": False, "learns": "all", "overlap": 0.5, "missing": 0.25},
    },
)
