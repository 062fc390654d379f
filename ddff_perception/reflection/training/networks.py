"""The networks that separate reflections, with their settings.

`surface`, which ships, estimates how the surface mixes the layers; `encoder_decoder` is the
paper's (appendix B), which blends with the canonical images; `direct` its ablation: both layers
straight from the polarizer images.

Presets: `gpu` makes its samples on the graphics card, larger and of more variety, and takes panes
that stand still; `cpu` is for two cores, `refine` goes on from trained weights on two cores with
such samples (`--start`), `smoke` is a few steps for a test. `paper` has the paper's optimiser
(Adam, rate 5e-3, l2); batch, size and steps are not given there and are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...parameters import Value
from ...training.presets import FitSettings
from ..networks.blending import DirectNetwork, PaperNetwork, SurfaceNetwork
from .separation import DataSettings, SeparationTraining, SquaredDataSettings

_CPU = FitSettings(
    steps=3000, minutes=20.0, batch=8, precision="32", learning_rate=1.5e-3, weight_decay=1e-4,
    warm_up_steps=50, final_factor=0.02, gradient_clip=1.0, ema=0.995, checkpoint_every=100,
)  # fmt: skip
# Half an hour on one NVIDIA GPU, where the samples are made, too.
_GPU = replace(
    _CPU, steps=0, minutes=30.0, batch=32, warm_up_steps=200, final_factor=0.01, ema=0.999,
    log_every=100, picture_every=5000, checkpoint_every=2000,
)  # fmt: skip
_SMOKE = FitSettings(
    steps=3, batch=2, precision="32", log_every=1, picture_every=3, checkpoint_every=3
)
_LARGE: Mapping[str, Value] = {"size": 160, "pictures": 192, "motion": 0.0}
_ADAM = FitSettings(batch=16, optimizer="adam", learning_rate=5e-3, weight_decay=0.0)

SURFACE = SeparationTraining(
    name="surface",
    description="Separates what a pane of glass reflects from what lies behind it, from three or "
    "more polarizer angles",
    make=SurfaceNetwork,
    colour=False,
    own=DataSettings,
    PRESETS={
        "cpu": _CPU,
        "gpu": _GPU,
        "refine": replace(_CPU, steps=0, minutes=25.0, batch=16, learning_rate=7e-4),
        "smoke": _SMOKE,
    },
    PRESET_VALUES={
        "gpu": _LARGE,
        "refine": {**_LARGE, "surface_grain": 0.6, "bordered": 0.15},
        "smoke": {"size": 64, "pictures": 3},
    },
)
ENCODER_DECODER = SeparationTraining(
    name="encoder_decoder",
    description="The encoder-decoder of Wieschollek's thesis: layers blended with the canonical "
    "images",
    make=PaperNetwork,
    colour=True,
    own=SquaredDataSettings,
    PRESETS={
        "paper": replace(_ADAM, steps=200_000, workers=12),
        "cpu": replace(
            _ADAM, steps=0, minutes=60.0, batch=4, learning_rate=2e-3, gradient_clip=1.0, ema=0.995
        ),
        "gpu": replace(_GPU, optimizer="adam", learning_rate=2e-3, weight_decay=0.0),
        "smoke": replace(_SMOKE, steps=2, picture_every=2, checkpoint_every=2),
    },
    PRESET_VALUES={
        "smoke": {"size": 32, "pictures": 3},
        "cpu": {"size": 96},
        "gpu": {**_LARGE, "size": 128, "grey": 0.5},
    },
)
DIRECT = replace(
    ENCODER_DECODER,
    name="direct",
    description="Ablation of Wieschollek's encoder-decoder without canonical images",
    make=DirectNetwork,
)
