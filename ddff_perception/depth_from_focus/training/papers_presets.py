"""The papers' networks by name, with their settings: DDFFNet's variants, PSPNet, dynamic fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...parameters import Value, parameter
from ...training.presets import FitSettings
from ..networks.common import FocusNetwork
from ..networks.ddffnet import VARIANTS, DDFFNet
from ..networks.dynamic_fusion import LIGHT_SETTINGS, DynamicFusionNet, DynamicFusionSettings
from ..networks.psp import PSPNet
from ..networks.vgg import load_vgg16
from .papers import PaperNetwork, PaperSettings

SMOKE = FitSettings(
    steps=12,
    batch=2,
    learning_rate=5e-3,
    ema=0.0,
    precision="32",
    device="cpu",
    log_every=1,
    picture_every=12,
)
# What trains on one processor core in 50 minutes: the weights that ship.
LIGHT = FitSettings(
    steps=0,
    minutes=50.0,
    batch=4,
    weight_decay=1e-4,
    warm_up_steps=100,
    gradient_clip=1.0,
    ema=0.998,
    device="cpu",
    checkpoint_every=200,
)
# Hazirbas et al., section 4; the weight decay and the number of epochs are their published code's
# (digest 9.1). Adam's settings in Piao et al. are below.
DDFFNET_PAPER = FitSettings(
    steps=0,
    epochs=200,
    batch=2,
    optimizer="sgd",
    momentum=0.9,
    learning_rate=1e-3,
    schedule="step",
    decay_factor=0.9,
    decay_epochs=4,
    weight_decay=5e-4,
    ema=0.0,
    precision="32",
    seed=42,
    keep="best",
)
DYNAMIC_FUSION_PAPER = replace(
    DDFFNET_PAPER,
    epochs=80,
    batch=1,
    optimizer="adam",
    learning_rate=1e-4,
    decay_factor=0.1,
    decay_epochs=5,
    weight_decay=1e-4,
    seed=0,
    keep="last",
)
# The same networks, a little wider, on one GPU beside others; for views that are blurred there.
GPU = replace(
    LIGHT,
    minutes=8.0,
    batch=16,
    warm_up_steps=200,
    device="auto",
    picture_every=1000,
    checkpoint_every=1000,
)
SHARED_PRESETS = {"paper": DDFFNET_PAPER, "gpu": GPU, "light": LIGHT, "smoke": SMOKE}
LIGHT_VALUES: Mapping[str, Value] = {
    "crop": 96,
    "loss": "mean_squares",
    "planes": 0.2,
    "stacks": 4500,
    "noise": 0.4,
}
GPU_VALUES: Mapping[str, Value] = {"crop": 192, "loss": "mean_squares"}
SMOKE_VALUES: Mapping[str, Value] = {"crop": 64, "slices": 5, "loss": "mean_squares"}


@dataclass(frozen=True)
class WidthSettings(PaperSettings):
    """Of networks whose channels can be fewer."""

    width: float = parameter(1.0, "channels as a share of the paper's", limits=(0.01, 4.0))


@dataclass(frozen=True)
class DdffnetSettings(WidthSettings):
    """Of DDFFNet."""

    dropout: float = parameter(0.5, "share of values dropped in training", limits=(0.0, 0.9))
    vgg16: str = parameter("", "file of VGG-16 weights that the encoder begins with, or none")


@dataclass(frozen=True)
class PspSettings(WidthSettings):
    """Of PSPNet."""

    encoder: str = parameter("resnet50", "residual network per slice")


@dataclass(frozen=True)
class FusionSettings(DynamicFusionSettings, PaperSettings):
    """Of the dynamic fusion network."""


def _ddffnet(variant: str) -> PaperNetwork:
    def make(own: DdffnetSettings) -> FocusNetwork:
        network = DDFFNet(
            variant,
            slices=own.slices,
            width=own.width,
            along_sweep=own.along_sweep,
            dropout=own.dropout,
        )
        if own.vgg16:
            load_vgg16(network.encoder, Path(own.vgg16))
        return network

    return PaperNetwork(
        name=f"ddffnet_{variant}",
        description=f"DDFFNet-{variant.upper()}, Hazirbas et al., Deep Depth From Focus, 2018",
        make=make,
        own=DdffnetSettings,
        PRESETS=SHARED_PRESETS,
        PRESET_VALUES={
            "paper": {"along_sweep": False},
            "gpu": {**GPU_VALUES, "width": 0.25, "dropout": 0.1},
            "light": {**LIGHT_VALUES, "width": 0.125, "dropout": 0.0},
            "smoke": {**SMOKE_VALUES, "width": 0.125},
        },
    )


def _make_psp(own: PspSettings) -> FocusNetwork:
    return PSPNet(own.slices, own.encoder, own.width, own.along_sweep)


def _make_dynamic_fusion(own: FusionSettings) -> FocusNetwork:
    fixed = own.slices if own.correlation == "cnn2d" else None
    return DynamicFusionNet(own, fixed, own.along_sweep)


DDFFNETS = {f"ddffnet_{variant}": _ddffnet(variant) for variant in VARIANTS}
DDFFNET_UPCONV, DDFFNET_UNPOOL, DDFFNET_BL, DDFFNET_CC1, DDFFNET_CC2, DDFFNET_CC3 = (
    DDFFNETS.values()
)
PSPNET = PaperNetwork(
    name="pspnet",
    description="PSPNet for focal stacks, compared with in Hazirbas et al., 2018",
    make=_make_psp,
    own=PspSettings,
    PRESETS=SHARED_PRESETS,
    PRESET_VALUES={
        "paper": {"along_sweep": False},
        "gpu": {**GPU_VALUES, "encoder": "resnet18", "width": 0.25},
        "light": {**LIGHT_VALUES, "encoder": "resnet18", "width": 0.25},
        "smoke": {**SMOKE_VALUES, "encoder": "resnet10", "width": 0.125},
    },
)
DYNAMIC_FUSION = PaperNetwork(
    name="dynamic_fusion",
    description="Dynamic fusion network, Piao et al., 2021",
    make=_make_dynamic_fusion,
    own=FusionSettings,
    PRESETS={**SHARED_PRESETS, "paper": DYNAMIC_FUSION_PAPER},
    PRESET_VALUES={
        "paper": {"slices": 12, "crop": 1024, "loss": "dynamic_fusion", "along_sweep": False},
        "gpu": {**GPU_VALUES, **LIGHT_SETTINGS.values(), "loss": "dynamic_fusion"},
        "light": {**LIGHT_VALUES, **LIGHT_SETTINGS.values(), "loss": "dynamic_fusion"},
        "smoke": {**SMOKE_VALUES, **LIGHT_SETTINGS.values(), "encoder_width": 0.125},
    },
)
