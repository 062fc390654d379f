"""The networks that deblur, with their settings.

`burst_stream` is ours; `rdn` and `fourier_net` are the thesis', the others RDN's ablations.
Presets: `paper` has the thesis' optimiser (what it does not give is ours); `cpu` a reduced width
for two cores; `smoke` a few steps for a test. Without a folder they learn from procedural pictures;
give rendered views (`ddff simulate dataset`) or photographs with `--data`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from ...parameters import ParameterTable, Value
from ...training.job import Loss, TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ...types import InputError
from ..data.burst_store import BurstBatches, StoredBursts, is_store, stores_record
from ..data.bursts import BurstDataSettings, Bursts
from ..data.pictures import sharp_pictures
from ..networks.ablations import BatchMerged, GruCell, LstmCell, Recurrent, SingleImage, Stacked
from ..networks.burst_stream import WIDTH, BurstStream, WholeBurst
from ..networks.fourier_net import FourierNet
from ..networks.rdn import Rdn
from .losses import patch_loss, stream_loss, turns_loss
from .onnx_files import fourier_files, rdn_files, stream_files, whole_files

Files = Callable[[Any, Mapping[str, Any], str], list[OnnxFile]]

_CPU = FitSettings(
    steps=0, minutes=60.0, batch=8, precision="32", learning_rate=1e-3, weight_decay=1e-4,
    warm_up_steps=50, final_factor=0.02, gradient_clip=1.0, ema=0.995, checkpoint_every=200,
)  # fmt: skip
_SMOKE = FitSettings(
    steps=30, batch=2, precision="32", learning_rate=2e-3, ema=0.0, log_every=1, checkpoint_every=30
)
_SMALL: Mapping[str, Value] = {
    "size": 32, "frames": 3, "pictures": 2, "kernel_px": 11, "moved_px": 2.0, "jpeg_share": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class DeblurTraining:
    """What trains one network, as `training/registry.py` describes it.

    `make`: the network of a width (0: its own); `loss`; `files`: what it is exported to. `aligned`:
    it takes frames that lie over each other. `fixed`: always as many frames.
    """

    name: str
    make: Callable[[int], nn.Module]
    loss: Loss
    files: Files
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]
    aligned: bool = False
    fixed: bool = False

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802  as the registry names it
        return BurstDataSettings.table()

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job that blurs the pictures in `data`, or procedural ones without it."""
        own = BurstDataSettings.of(values)
        if any(is_store(folder) for folder in data):
            return self._stored_job(settings, own, data)
        pictures = sharp_pictures(data, own.pictures)
        source = "the user's pictures" if data else f"{len(pictures)} procedural pictures"
        batches = Bursts(pictures, own, settings.batch, self.aligned, self.fixed)
        record = {"data_source": f"{source}, blurred by made-up camera shake"}
        return TrainingJob(self.network(values), self.loss, batches, settings, record=record)

    def _stored_job(
        self, settings: FitSettings, own: BurstDataSettings, data: Sequence[Path]
    ) -> TrainingJob:
        if self.aligned or self.fixed:
            raise InputError(f"{self.name} learns from pictures, not from stored bursts")
        stores = [StoredBursts(folder) for folder in data]
        batches = BurstBatches(stores, own.size, own.frames, settings.batch, own.misaligned_px)
        return TrainingJob(
            self.make(own.width), self.loss, batches, settings, record=stores_record(stores)
        )

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network of the width that the values say."""
        return self.make(BurstDataSettings.of(values).width)

    def onnx_files(
        self, network: nn.Module, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The files of the network."""
        return self.files(network, record, precision)


def _burst_stream(width: int) -> nn.Module:
    return WholeBurst(BurstStream(width or WIDTH))


def _rdn(width: int) -> nn.Module:
    return Rdn(width or 64)


def _fourier_net(width: int) -> nn.Module:
    return FourierNet(encoding=width or 4096)


def _ablation(make: Callable[[int], nn.Module], width: int) -> nn.Module:
    return make(width or 64)


_ADAM = FitSettings(
    steps=400_000, batch=8, optimizer="adam", learning_rate=5e-3, weight_decay=0.0, precision="32"
)
# Momentum 0.9, rate 2, times 0.8 every 5000 steps.
_SGD = FitSettings(
    steps=200_000, batch=32, optimizer="sgd", learning_rate=2.0, momentum=0.9, weight_decay=0.0,
    schedule="step", precision="32",
)  # fmt: skip

BURST_STREAM = DeblurTraining(
    name="burst_stream",
    make=_burst_stream,
    loss=stream_loss,
    files=stream_files,
    PRESETS={
        "cpu": replace(_CPU, learning_rate=1.5e-3, ema=0.998, warm_up_steps=50),
        "gpu": replace(_CPU, batch=32, ema=0.999, warm_up_steps=200),
        "smoke": _SMOKE,
    },
    PRESET_VALUES={
        "cpu": {"size": 72, "frames": 8, "misaligned_px": 0.6},
        "smoke": {**_SMALL, "width": 9},
        "gpu": {"size": 128, "frames": 8, "misaligned_px": 0.6},
    },
)
RDN = DeblurTraining(
    name="rdn",
    make=_rdn,
    loss=turns_loss,
    files=rdn_files,
    PRESETS={"paper": _ADAM, "cpu": replace(_CPU, optimizer="adam"), "smoke": _SMOKE},
    PRESET_VALUES={"cpu": {"width": 16}, "smoke": {**_SMALL, "width": 8}},
    fixed=True,
)
FOURIER_NET = DeblurTraining(
    name="fourier_net",
    make=_fourier_net,
    loss=patch_loss,
    files=fourier_files,
    PRESETS={"paper": _SGD, "cpu": _CPU, "smoke": _SMOKE},
    PRESET_VALUES={
        "paper": {"frames": 14, "size": 72, "kernel_px": 17},
        "cpu": {"frames": 14, "size": 72, "kernel_px": 17, "width": 256},
        "smoke": {**_SMALL, "size": 72, "frames": 14, "width": 16},
    },
    aligned=True,
    fixed=True,
)


def _compared(name: str, make: Callable[[int], nn.Module]) -> DeblurTraining:
    return replace(RDN, name=name, make=partial(_ablation, make), files=whole_files(name))


STACKED = _compared("stacked", Stacked)
BATCH_MERGED = _compared("batch_merged", BatchMerged)
SINGLE_IMAGE = _compared("single_image", SingleImage)
CONV_GRU = _compared("conv_gru", partial(Recurrent, cell=GruCell))
CONV_LSTM = _compared("conv_lstm", partial(Recurrent, cell=LstmCell))
