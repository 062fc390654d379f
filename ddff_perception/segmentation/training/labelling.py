"""What training and export of all networks that label pixels share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn
from torch.utils.data import DataLoader

from ...parameters import ParameterTable, Settings, Value, parameter
from ...simulation.classes import NYU13, NYU40
from ...simulation.dataset.settings import is_development
from ...training.batches import make_loader
from ...training.job import Batch, TrainingJob
from ...training.onnx_file import OnnxFile
from ...training.presets import FitSettings
from ..data.batches import DrawnBatches, DrawSettings, WholeViews
from ..data.sources import training_views
from ..data.views import PreparedViews
from .losses import Inputs, LossShares, labelled_picture, labelling_loss
from .onnx_file import labelling_file

# The 13 classes; SUN RGB-D's 37, which are the first of NYU's 40; all 40.
CLASS_SETS = {"13": NYU13, "37": NYU40[:37], "40": NYU40}
# Rooms are rendered six views at a time: whole rooms are held out.
_PER_ROOM = 6
_HELD_OUT_ROOMS = 0.05
_MOST_HELD_OUT = 48


@dataclass(frozen=True)
class LabellingSettings(Settings):
    """What can be set about the data and the loss."""

    height: int = parameter(192, "of what the network sees, a multiple of 32", "px", (32, 2048))
    width: int = parameter(256, "of what the network sees, a multiple of 32", "px", (32, 2048))
    smallest: float = parameter(0.55, "smallest share of a view's sides cut out", "", (0.1, 1.0))
    rare: float = parameter(0.5, "how much views of rare classes are preferred", "", (0.0, 2.0))
    balance: float = parameter(
        0.5, "power of the median-frequency weights; 1 is the thesis's, 0 none", "", (0.0, 1.0)
    )
    classes: str = parameter("13", "how many classes are told apart", choices=tuple(CLASS_SETS))
    missing: float = parameter(
        0.0, "share of samples without colour, and as many without depth", "", (0.0, 0.45)
    )
    overlap: float = parameter(
        0.0, "share of the Lovasz loss, which is of IoU, beside cross-entropy", "", (0.0, 10.0)
    )
    cache: str = parameter("", "folder that keeps the prepared views for further runs")

    def draws(self) -> DrawSettings:
        """How samples are drawn."""
        sizes = self.height, self.width, self.count
        return DrawSettings(*sizes, self.smallest, self.rare, self.missing)

    def shares(self) -> LossShares:
        """What is added to the cross-entropy."""
        return LossShares(self.overlap)

    @property
    def count(self) -> int:
        """Number of the classes."""
        return len(CLASS_SETS[self.classes])


@dataclass(frozen=True)
class LabellingTraining:
    """What trains one network, as `training/registry.py` describes it.

    `make`: values of the settings to the untrained network; `begin` gives it the weights that it
    starts with, and freezes what does not learn. `inputs`: what of a batch it is called with, and
    `images` their names and channels, both by the values. `credits`: keys of the assets that are in
    the weights which it starts with.
    """

    name: str
    description: str
    make: Callable[[Mapping[str, Value]], nn.Module]
    begin: Callable[[nn.Module, Mapping[str, Value]], None]
    inputs: Callable[[Mapping[str, Value]], Inputs]
    images: Callable[[Mapping[str, Value]], Mapping[str, int]]
    own: type[LabellingSettings]
    PRESETS: Mapping[str, FitSettings]
    PRESET_VALUES: Mapping[str, Mapping[str, Value]]
    credits: Callable[[Mapping[str, Value]], Sequence[str]] = lambda values: ()
    DATA_SOURCE: str = "rendered rooms"

    @property
    def PARAMETERS(self) -> ParameterTable:  # noqa: N802  as the registry names it
        return self.own.table()

    def job(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> TrainingJob:
        """The job that learns from the folders of `data`; from coloured blocks without any."""
        own = self.own.of(values)
        views = training_views(data, own.cache, settings.seed)
        learned, held_out = _split(views)
        batches = DrawnBatches(views, learned, settings.batch, own.draws())
        weights = batches.class_weights ** np.float32(own.balance)
        network = self.make(values)
        self.begin(network, values)
        inputs = self.inputs(values)
        return TrainingJob(
            network,
            labelling_loss(inputs, weights, own.shares()),
            batches,
            settings,
            validation=make_loader(
                WholeViews(views, held_out, own.draws()), settings, shuffle=False
            ),
            pictures=labelled_picture(inputs),
            record={
                "data_source": f"{len(learned)} views of {views.facts['source']}",
                "assets": sorted({*views.facts.get("assets", ()), *self.credits(values)}),
            },
        )

    def held_out(
        self, settings: FitSettings, values: Mapping[str, Value], data: Sequence[Path]
    ) -> DataLoader[Batch]:
        """The views of `data` that a job of these settings does not learn from, in order."""
        own = self.own.of(values)
        views = training_views(data, own.cache, settings.seed)
        dataset = WholeViews(views, _split(views)[1], own.draws())
        return make_loader(dataset, settings, shuffle=False)

    def network(self, values: Mapping[str, Value]) -> nn.Module:
        """The network without weights."""
        return self.make(values)

    def onnx_files(
        self, network: nn.Module, record: Mapping[str, Any], precision: str
    ) -> list[OnnxFile]:
        """The one file of the network."""
        values: Mapping[str, Value] = record["network_parameters"]
        classes, images = CLASS_SETS[self.own.of(values).classes], self.images(values)
        name, text = self.name, self.description
        return [labelling_file(network, name, text, classes, images, precision, record)]


def _split(views: PreparedViews) -> tuple[list[int], list[int]]:
    """Numbers of the views to learn from, and of those held out.

    Of rendered scenes every twelfth is held out, which tells what to choose; else the last views.
    """
    count, scenes = len(views), views.facts.get("scenes", ())
    chosen_by = [number for number, scene in enumerate(scenes) if is_development(scene)]
    if chosen_by:
        return sorted(set(range(count)) - set(chosen_by)), chosen_by
    rooms = min(_MOST_HELD_OUT, max(1, round(count * _HELD_OUT_ROOMS)))
    held = min(count // 2, max(_PER_ROOM, rooms // _PER_ROOM * _PER_ROOM))
    return list(range(count - held)), list(range(count - held, count))
