"""How 2HDED:NET learns, with true depth and without, and what it is exported to.

`two_headed` is chapter 3 of Nazir's thesis, `two_headed_self` chapter 5; `regulariser` is one of
chapter 2. Presets: `paper` has what the papers say of the optimiser (Adam, 1e-4) and our
lengths; `cpu` is an eighth of the widths; `smoke` a few steps for a test.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...engines.model_zoo import TensorCard
from ...parameters import ParameterTable, Value, parameter
from ...training.batches import make_loader
from ...training.job import Loss, TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ..data.sources import DATA_PARAMETERS, DataSettings, training_data
from ..networks.reblur import Reblur
from ..networks.two_headed import HEADS, OneHead, TwoHeaded
from .regularisation import REGULARISERS
from .two_headed_losses import SelfSupervisedLoss, SupervisedLoss

_PAPER = FitSettings(
    steps=100_000, batch=8, optimizer="adam", learning_rate=1e-4, weight_decay=0.0, ema=0.0,
    precision="32", workers=2,
)  # fmt: skip
_SMOKE = FitSettings(
    steps=8, batch=2, precision="32", learning_rate=2e-3, ema=0.0, log_every=1, checkpoint_every=8
)
_SMALL: Mapping[str, Value] = {
    "narrow": 16, "height": 32, "width": 64, "scenes": 3, "most_px": 8.0,
    "views_folder": "out/smoke_defocus_views",
}  # fmt: skip
LIMITS = (
    "Learned from rendered rooms through made-up lenses, or what it was given: depth means "
    "something for the one lens and focus that all training images had."
)


@dataclass(frozen=True)
class TwoHeadedSettings(DataSettings):
    """The same, and of the network itself."""

    narrow: int = parameter(1, "all widths and numbers of layers are divided by it", limits=(1, 16))
    heads: str = parameter(
        "both", "what is exported, and learns where depth is true", choices=("both", *HEADS)
    )


@dataclass(frozen=True)
class SupervisedSettings(TwoHeadedSettings):
    """The same, and what the thesis compares."""

    regulariser: str = parameter(
        "xian", "what smooths depth (thesis, chapter 2)", choices=tuple(REGULARISERS)
    )
    regulariser_weight: float = parameter(0.001, "its weight, mu", limits=(0.0, 100.0))
    balance: float = parameter(
        0.0, "weight of the image's loss, lambda; 0: as much as the depth's", limits=(0.0, 1e6)
    )
    heads: str = parameter("both", "what learns and is exported", choices=("both", *HEADS))


@dataclass(frozen=True)
class TwoHeadedTraining:
    """What trains one of them, as `training/registry.py` describes it."""

    name: str
    settings: type[TwoHeadedSettings]
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]
    DATA_SOURCE: str = "rendered rooms through random thin lenses"

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802  as the registry names it
        # No lens is told to this network.
        told = (p for p in self.settings.table() if p.name != "unknown")
        return ParameterTable(told) + DATA_PARAMETERS

    @property
    def self_supervised(self) -> bool:
        """Whether no true depth is looked at."""
        return not issubclass(self.settings, SupervisedSettings)

    def loss(self, values: Mapping[str, Value]) -> Loss:
        """What is minimised."""
        if self.self_supervised:
            return SelfSupervisedLoss(Reblur(TwoHeadedSettings.of(values).most_px))
        own = SupervisedSettings.of(values)
        return SupervisedLoss(own.regulariser, own.regulariser_weight, own.balance, own.heads)

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job that learns from `data`; raises InputError where there is nothing to learn."""
        sharp = self.self_supervised or TwoHeadedSettings.of(values).heads != "depth"
        found = training_data(data, values, 4 * settings.batch, sharp=sharp)
        return TrainingJob(
            self.network(values),
            self.loss(values),
            make_loader(found.learned, settings, shuffle=False),
            settings,
            record={"data_source": found.source, "assets": list(found.assets)},
        )

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network without weights."""
        return TwoHeaded(TwoHeadedSettings.of(values).narrow)

    def onnx_files(
        self, network: TwoHeaded, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The one file, of the heads that were asked for when it was trained."""
        values: Mapping[str, Value] = record["network_parameters"]
        heads = TwoHeadedSettings.of(values).heads
        whole = copy.deepcopy(network).eval().cpu().float()
        kept = HEADS if heads == "both" else (heads,)
        shape = (1, 3, "height", "width")
        what = "diameter of the blur disc, px" if self.self_supervised else "depth, m"
        cards = {
            "depth": TensorCard("depth", (1, 1, *shape[2:]), "float32", "NCHW", what),
            "sharp": TensorCard("sharp", shape, "float32", "NCHW", "red, green, blue"),
        }
        return [
            OnnxFile(
                name=self.name if heads == "both" else f"{self.name}_{heads}",
                description="Depth and a sharp image from one defocused image (2HDED:NET)",
                module=whole if heads == "both" else OneHead(whole, heads),
                examples=(torch.rand(1, 3, 64, 96),),
                inputs=(
                    TensorCard(
                        "image", shape, "float32", "NCHW", "red, green, blue", "", (0.0, 1.0)
                    ),
                ),
                outputs=tuple(cards[head] for head in kept),
                axes={"height": (32, 480, 2048), "width": (32, 640, 2048)},
                multiples={"height": 32, "width": 32},
                limits=LIMITS,
                by_tracing=True,
                half_storage=precision == "float32",
            )
        ]


SUPERVISED = TwoHeadedTraining(
    name="two_headed",
    settings=SupervisedSettings,
    PRESETS={
        "paper": _PAPER,
        "cpu": replace(_PAPER, steps=0, minutes=60.0, learning_rate=1e-3),
        "smoke": _SMOKE,
    },
    PRESET_VALUES={"cpu": {"narrow": 8}, "smoke": _SMALL},
)
SELF_SUPERVISED = replace(SUPERVISED, name="two_headed_self", settings=TwoHeadedSettings)
