"""The networks of the thesis that label pixels, with their settings.

`fusenet` in all its variants, `single_stream` (depth, HHA, colour, stacked), which with colour is
Bayesian SegNet, and `fcn`. Presets: `paper` has the thesis's optimiser, size and weights (section
4.3); `cpu` is a sixth as wide, to compare the variants on a processor; `smoke` is a test's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ...parameters import Value, parameter
from ...training.job import Batch
from ...training.presets import FitSettings
from ..geometry.hha import NEAREST_M
from ..networks.fcn import Fcn
from ..networks.fusenet import FUSIONS, FuseNet, SingleStream
from ..networks.vgg import DROPOUT, VggEncoder, load_vgg
from .labelling import LabellingSettings, LabellingTraining

# Levels of 0..255 per metre: 10 m are white.
DEPTH_LEVELS = 25.5
# Of section 4.3; an epoch of the schedule is its 50,000 iterations.
_PAPER = FitSettings(
    steps=200_000, batch=4, optimizer="sgd", learning_rate=1e-3, momentum=0.9, weight_decay=5e-4,
    schedule="step", decay_factor=0.9, decay_epochs=1, epoch_steps=50_000, precision="32", ema=0.0,
    keep="best",
)  # fmt: skip
_CPU = FitSettings(
    steps=1500, batch=8, precision="32", learning_rate=2e-3, warm_up_steps=50, gradient_clip=2.0,
    ema=0.99, log_every=50, validate_every=500, picture_every=1500,
)  # fmt: skip
_SMOKE = FitSettings(
    steps=3, batch=2, precision="32", log_every=1, validate_every=3, picture_every=3,
    checkpoint_every=3,
)  # fmt: skip
_PAPER_VALUES: Mapping[str, Value] = {
    "height": 224, "width": 224, "smallest": 1.0, "rare": 0.0, "balance": 1.0, "scale": 1.0,
}  # fmt: skip
_CPU_VALUES: Mapping[str, Value] = {"height": 96, "width": 128, "scale": 1 / 6}
_TINY: Mapping[str, Value] = {"height": 64, "width": 96, "scale": 1 / 16}


@dataclass(frozen=True)
class VggSettings(LabellingSettings):
    """Of networks on VGG-16."""

    scale: float = parameter(1.0, "width of all layers", limits=(1 / 16, 1.0))
    encoder_weights: str = parameter(
        "", "ImageNet weights of VGG-16: a .safetensors, or torchvision's vgg16_bn"
    )
    dropout: float = parameter(DROPOUT, "rate of dropout", limits=(0.0, 0.9))
    deconvolution: bool = parameter(False, "the decoder deconvolves in place of convolving")


@dataclass(frozen=True)
class FusionSettings(VggSettings):
    """Of FuseNet."""

    fusion: str = parameter("SF5", "where depth is summed into colour", choices=FUSIONS)


@dataclass(frozen=True)
class StreamSettings(VggSettings):
    """Of a single stream."""

    stream: str = parameter(
        "colour", "what goes in", choices=("depth", "hha", "colour", "colour_depth", "colour_hha")
    )


@dataclass(frozen=True)
class FcnSettings(LabellingSettings):
    """Of FCN."""

    scale: float = parameter(1.0, "width of all layers", limits=(1 / 16, 1.0))
    stride: str = parameter("16", "of the scores that are enlarged", choices=("16", "32"))


def depth_channel(hha: Tensor) -> Tensor:
    """Depth in 0..255 (25.5 per metre, 0 unknown), N x 1 x H x W, of the first channel of HHA."""
    root = hha[:, :1]
    depth = NEAREST_M * (255.0 / root.clamp(min=1.0)).square()
    return torch.where(root > 0, (depth * DEPTH_LEVELS).clamp(max=255.0), 0.0)


def stream_image(stream: str, batch: Batch) -> Tensor:
    """What a single stream sees of a batch."""
    parts = {
        "colour": lambda: batch["colour"],
        "hha": lambda: batch["hha"],
        "depth": lambda: depth_channel(batch["hha"]),
    }
    return torch.cat([parts[name]() for name in stream.split("_")], dim=1)


_STREAM_CHANNELS = {"depth": 1, "hha": 3, "colour": 3, "colour_depth": 4, "colour_hha": 6}


def _fusenet(values: Mapping[str, Value]) -> nn.Module:
    own = FusionSettings.of(values)
    return FuseNet(
        own.count,
        own.fusion,
        own.scale,
        deconvolution=own.deconvolution,
        dropout=own.dropout,
    )


def _stream(values: Mapping[str, Value]) -> nn.Module:
    own = StreamSettings.of(values)
    channels = _STREAM_CHANNELS[own.stream]
    return SingleStream(own.count, channels, own.scale, own.deconvolution, own.dropout)


def _fcn(values: Mapping[str, Value]) -> nn.Module:
    own = FcnSettings.of(values)
    return Fcn(own.count, int(own.stride), own.scale)


def _begin(network: nn.Module, values: Mapping[str, Value]) -> None:
    weights = values.get("encoder_weights")
    for part in network.children() if weights else ():
        if isinstance(part, VggEncoder):
            load_vgg(part, Path(str(weights)))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


FUSENET = LabellingTraining(
    name="fusenet",
    description="FuseNet of Hazirbas's thesis: colour and depth to labels, on VGG-16",
    make=_fusenet,
    begin=_begin,
    inputs=lambda values: lambda batch: (batch["colour"], depth_channel(batch["hha"])),
    images=lambda values: {"colour": 3, "depth": 1},
    own=FusionSettings,
    PRESETS={"paper": _PAPER, "cpu": _CPU, "smoke": _SMOKE},
    PRESET_VALUES={"paper": _PAPER_VALUES, "cpu": _CPU_VALUES, "smoke": _TINY},
)
SINGLE_STREAM = replace(
    FUSENET,
    name="single_stream",
    description="FuseNet's encoder and decoder for one input; Bayesian SegNet for colour",
    make=_stream,
    inputs=lambda values: lambda batch: (stream_image(str(values["stream"]), batch),),
    images=lambda values: {str(values["stream"]): _STREAM_CHANNELS[str(values["stream"])]},
    own=StreamSettings,
)
FCN = replace(
    FUSENET,
    name="fcn",
    description="FCN-16s and FCN-32s on VGG-16: colour to labels",
    make=_fcn,
    inputs=lambda values: lambda batch: (batch["colour"],),
    images=lambda values: {"colour": 3},
    own=FcnSettings,
)
