"""The papers' networks by name, with their settings: DDFFNet's variants, PSPNet, dynamic fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...parameters import Parameter, ParameterTable, Value
from ...training.presets import FitSettings
from ..networks.common import FocusNetwork
from ..networks.ddffnet import VARIANTS, DDFFNet
from ..networks.dynamic_fusion import CORRELATIONS, LIGHT_SETTINGS, PAPER_SETTINGS, DynamicFusionNet
from ..networks.pixel_adaptive import FUSIONS
from ..networks.psp import PSPNet
from ..networks.vgg import load_vgg16
from .papers import SHARED, PaperNetwork

WIDTH = Parameter("width", 1.0, "channels as a share of the paper's", "", 0.01, 4.0)
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


def _ddffnet(variant: str) -> PaperNetwork:
    def make(values: Mapping[str, Value]) -> FocusNetwork:
        chosen: dict[str, Any] = dict(values)
        names = ("slices", "width", "along_sweep", "dropout")
        network = DDFFNet(variant, **{name: chosen[name] for name in names})
        if chosen["vgg16"]:
            load_vgg16(network.encoder, Path(chosen["vgg16"]))
        return network

    dropout = Parameter("dropout", 0.5, "share of values dropped in training", "", 0.0, 0.9)
    vgg16 = Parameter("vgg16", "", "file of VGG-16 weights that the encoder begins with, or none")
    return PaperNetwork(
        name=f"ddffnet_{variant}",
        description=f"DDFFNet-{variant.upper()}, Hazirbas et al., Deep Depth From Focus, 2018",
        make=make,
        PARAMETERS=ParameterTable([*SHARED, WIDTH, dropout, vgg16]),
        PRESETS=SHARED_PRESETS,
        PRESET_VALUES={
            "paper": {"along_sweep": False},
            "gpu": {**GPU_VALUES, "width": 0.25, "dropout": 0.1},
            "light": {**LIGHT_VALUES, "width": 0.125, "dropout": 0.0},
            "smoke": {**SMOKE_VALUES, "width": 0.125},
        },
    )


def _make_psp(values: Mapping[str, Value]) -> FocusNetwork:
    chosen: dict[str, Any] = dict(values)
    return PSPNet(chosen["slices"], chosen["encoder"], chosen["width"], chosen["along_sweep"])


def _make_dynamic_fusion(values: Mapping[str, Value]) -> FocusNetwork:
    chosen: dict[str, Any] = dict(values)
    fixed = chosen["slices"] if chosen["correlation"] == "cnn2d" else None
    names = [p.name for p in DYNAMIC_FUSION_PARAMETERS]
    settings = {n: chosen[n] for n in names if n not in {p.name for p in SHARED}}
    return DynamicFusionNet(
        replace(PAPER_SETTINGS, **settings, slices=fixed, along_sweep=chosen["along_sweep"])
    )


def _light_values() -> dict[str, Value]:
    light = LIGHT_SETTINGS
    return {
        "encoder": light.encoder,
        "encoder_width": light.encoder_width,
        "focus_in_input": light.focus_in_input,
        "focal_channels": light.focal_channels,
        "focal_stride": light.focal_stride,
        "fused_channels": light.fused_channels,
    }


PSP_PARAMETERS = ParameterTable(
    [*SHARED, WIDTH, Parameter("encoder", "resnet50", "residual network per slice")]
)
DYNAMIC_FUSION_PARAMETERS = ParameterTable(
    [
        *SHARED,
        Parameter("encoder", "legacy_senet154", "of the image stream: resnet10, ..., or timm's"),
        Parameter("encoder_width", 1.0, "channels of resnet encoders, a share", "", 0.01, 4.0),
        Parameter("pretrained", False, "begin with timm's weights of the encoder"),
        Parameter("correlation", "pyramid_gru", "over the slices", choices=CORRELATIONS),
        Parameter("fusion", "dynamic", "of image and focus features", choices=FUSIONS),
        Parameter(
            "focus_in_input", False, "let the dynamic fusion read the focus features themselves"
        ),
        Parameter("focal_channels", 32, "channels of the focus features", "", 1, 512),
        Parameter("focal_stride", 1, "1, 2 or 4: size that focus is computed at", "px", 1, 4),
        Parameter("fused_channels", 1, "maps that the fusion gives", "", 1, 512),
    ]
)

DDFFNETS = {f"ddffnet_{variant}": _ddffnet(variant) for variant in VARIANTS}
DDFFNET_UPCONV, DDFFNET_UNPOOL, DDFFNET_BL, DDFFNET_CC1, DDFFNET_CC2, DDFFNET_CC3 = (
    DDFFNETS.values()
)
PSPNET = PaperNetwork(
    name="pspnet",
    description="PSPNet for focal stacks, compared with in Hazirbas et al., 2018",
    make=_make_psp,
    PARAMETERS=PSP_PARAMETERS,
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
    PARAMETERS=DYNAMIC_FUSION_PARAMETERS,
    PRESETS={**SHARED_PRESETS, "paper": DYNAMIC_FUSION_PAPER},
    PRESET_VALUES={
        "paper": {"slices": 12, "crop": 1024, "loss": "dynamic_fusion", "along_sweep": False},
        "gpu": {**GPU_VALUES, **_light_values(), "loss": "dynamic_fusion"},
        "light": {**LIGHT_VALUES, **_light_values(), "loss": "dynamic_fusion"},
        "smoke": {**SMOKE_VALUES, **_light_values(), "encoder_width": 0.125},
    },
)
