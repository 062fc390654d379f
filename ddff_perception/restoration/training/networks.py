"""The networks that restore, with their settings.

`restore_stream` is ours; `ssn`, `ssn_labels`, `tsn_late`, `tsn_mid` and `msn` are the thesis',
`vdsr` and `deep_deblur` two that it compares with. Presets: `paper` has the thesis' optimiser
(Adam, 2e-4, batch 1; beta is pix2pix's, the steps of the decay ours) and its crops of 256 pixels of
images of 286; `cpu` a reduced width for two cores; `smoke` a few steps for a test. Without a folder
they learn from procedural pictures; give photographs, rendered views (`ddff simulate dataset`),
Facades, NYUv2 or Cityscapes with `--data`. RestoreStream ships trained at a width of 24.
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
from ..data.crops import Crops, RestorationDataSettings
from ..data.pictures import DRAWN, Pictures, clean_pictures
from ..networks.compared import DeepDeblur, Vdsr
from ..networks.restore_stream import MULTIPLE, WIDTH, RestoreStream
from ..networks.semantic import Msn, Ssn, SsnLabels, TsnLate, TsnMid, equal_width
from .losses import absolute_loss, msn_loss, pyramid_loss, stream_loss
from .onnx_files import image_files, stream_files
from .pictures import shown

_PAPER = FitSettings(
    steps=0, epochs=200, epoch_steps=1000, batch=1, optimizer="adam", learning_rate=2e-4,
    momentum=0.5, weight_decay=0.0, schedule="step", decay_epochs=50, decay_factor=0.5, ema=0.0,
    precision="32",
)  # fmt: skip
_CPU = FitSettings(
    steps=0, minutes=60.0, batch=4, precision="32", learning_rate=1e-3, weight_decay=1e-4,
    warm_up_steps=50, final_factor=0.02, gradient_clip=1.0, ema=0.995, checkpoint_every=200,
)  # fmt: skip
_SMOKE = FitSettings(
    steps=30, batch=2, precision="32", learning_rate=2e-3, ema=0.0, log_every=1, checkpoint_every=30
)
_SMALL: Mapping[str, Value] = {
    "size": 32, "pictures": 2, "width": 8, "blocks": 4, "degradation": "noise",
}  # fmt: skip
Make = Callable[[int, int, int], nn.Module]
_THESIS: Mapping[str, Mapping[str, Value]] = {
    "paper": {"size": 256, "resize": 286, "degradation": "blur_2", "capacity": 397_000_000},
    "cpu": {"size": 64, "degradation": "blur_2", "blocks": 5, "width": 16},
    "smoke": _SMALL,
}


@dataclass(frozen=True)
class RestorationTraining:
    """What trains one network, as `training/registry.py` describes it.

    `make`: the network of a number of classes, a width (0: its own) and blocks. `labelled`: it
    needs labels when it runs as well.
    """

    name: str
    make: Make
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]
    labelled: bool = False

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802  as the registry names it
        return RestorationDataSettings.table()

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job that degrades what is in `data`; raises InputError where there is nothing, or
        what needs labels has none.
        """
        own = RestorationDataSettings.of(values)
        pictures = clean_pictures(data, own.pictures, resize=own.resize)
        self._check(own, pictures)
        classes = own.classes or len(pictures.classes)
        network = self._network(own, classes)
        done = f"{pictures.source}, degraded by {own.degradation}"
        # How many classes there are belongs to the network from now on.
        kept = {**values, "classes": classes}
        names = list(pictures.classes)
        record = {"data_source": done, "classes": names, "network_parameters": kept}
        batches = Crops(pictures, own, settings.batch, self.name == "restore_stream")
        loss = self._loss(own)
        return TrainingJob(network, loss, batches, settings, pictures=shown, record=record)

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network that the values say; of as many classes as procedural pictures have, if they
        say nothing.
        """
        own = RestorationDataSettings.of(values)
        return self._network(own, own.classes or len(DRAWN))

    def onnx_files(
        self, network: nn.Module, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The files of the network."""
        if isinstance(network, RestoreStream):
            return stream_files(network, record, precision)
        blocks = int(record["network_parameters"]["blocks"])
        multiple = MULTIPLE if isinstance(network, Vdsr | DeepDeblur) else 2**blocks
        return image_files(self.name, network, multiple, self.labelled)

    def _network(self, own: RestorationDataSettings, classes: int) -> nn.Module:
        width = own.width
        if own.capacity:
            width = equal_width(lambda n: self.make(classes, n, own.blocks), own.capacity)
        return self.make(classes, width, own.blocks)

    def _loss(self, own: RestorationDataSettings) -> Loss:
        if self.name == "restore_stream":
            return stream_loss
        if self.name == "deep_deblur":
            return pyramid_loss
        if self.name == "msn":
            return partial(msn_loss, stage=own.stage, one=own.stream)
        return absolute_loss

    def _check(self, own: RestorationDataSettings, pictures: Pictures) -> None:
        if (self.labelled or self.name == "msn") and len(pictures.classes) < 2:
            raise InputError(
                f"{self.name} learns with class labels: give a labelled set (rendered views, "
                "Facades, NYUv2 or Cityscapes)"
            )
        if own.stream >= 0 and (self.name != "msn" or own.stage != "streams"):
            raise InputError("stream is for msn in the stage streams: set stage=streams")
        if own.stream >= (own.classes or len(pictures.classes)):
            names = ", ".join(f"{n} {name}" for n, name in enumerate(pictures.classes))
            raise InputError(f"there is no class {own.stream}; there are: {names}")
        unet = self.name not in ("restore_stream", "vdsr", "deep_deblur")
        multiple = 2**own.blocks if unet else MULTIPLE
        if own.size % multiple:
            raise InputError(f"{self.name} takes sizes that are a multiple of {multiple}")


def _thesis(network: Any) -> Make:
    return lambda classes, width, blocks: network(classes, width or 64, blocks)


def _compared(network: Any) -> Make:
    """Of layers of its own: `blocks` are the thesis' U-Nets'."""
    return lambda classes, width, blocks: network(classes, width or 64)


def _restore_stream(classes: int, width: int, blocks: int) -> nn.Module:
    return RestoreStream(width or WIDTH, classes)


RESTORE_STREAM = RestorationTraining(
    name="restore_stream",
    make=_restore_stream,
    PRESETS={
        "cpu": _CPU,
        "gpu": replace(_CPU, batch=32, ema=0.999, warm_up_steps=200),
        "smoke": _SMOKE,
    },
    # Blur is undone after the network: one that learned to would have it undone twice.
    PRESET_VALUES={
        "cpu": {"size": 96, "degradation": "grain"},
        "gpu": {"degradation": "grain"},
        "smoke": _SMALL,
    },
)
SSN = RestorationTraining(
    name="ssn",
    make=_thesis(Ssn),
    PRESETS={"paper": _PAPER, "cpu": _CPU, "smoke": _SMOKE},
    PRESET_VALUES=_THESIS,
)
SSN_LABELS = replace(SSN, name="ssn_labels", make=_thesis(SsnLabels), labelled=True)
TSN_LATE = replace(SSN, name="tsn_late", make=_thesis(TsnLate), labelled=True)
TSN_MID = replace(SSN, name="tsn_mid", make=_thesis(TsnMid), labelled=True)
MSN = replace(
    SSN,
    name="msn",
    make=_thesis(Msn),
    PRESET_VALUES={
        **_THESIS,
        "cpu": {**_THESIS["cpu"], "width": 6},
        "smoke": {**_SMALL, "width": 4},
    },
)
VDSR = replace(SSN, name="vdsr", make=_compared(Vdsr))
DEEP_DEBLUR = replace(SSN, name="deep_deblur", make=_compared(DeepDeblur))
