"""What one training run is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from ..types import ImageArray
from .presets import FitSettings

Batch = dict[str, Tensor]
Loss = Callable[[nn.Module, Batch], Mapping[str, Tensor]]
Pictures = Callable[[nn.Module, Batch], ImageArray]


@dataclass(frozen=True)
class TrainingJob:
    """A network, what it learns from, and how.

    `loss`: network and batch (on the network's device) to scalars; "loss" is minimised, the others
    are logged. It runs under autocast: sum up in float32. In validation it runs on the averaged
    weights, in evaluation mode, without gradients.

    `train`: a DataLoader of a map-style dataset, shuffled or in order; or an IterableDataset that
    yields whole batches. Random numbers must come from torch's default generator (or from one
    seeded with `torch.initial_seed()`), which is seeded before each item of the first kind and
    before each batch of the second: then a resumed run sees the very batches that an uninterrupted
    one would have seen. An IterableDataset should keep no state between batches for that reason,
    and draws in the training process; made-up items that `workers` are to draw belong into a
    map-style dataset of any length.

    `validation`: a DataLoader that gives the same batches each time, or None. `pictures`: network
    (averaged, evaluation mode) and the first validation batch (or a training batch) to one BGR
    image. `start`: weights (.safetensors) to begin with. `record`: goes into the JSON beside the
    final weights.
    """

    module: nn.Module
    loss: Loss
    train: DataLoader[Any] | IterableDataset[Batch]
    settings: FitSettings
    validation: DataLoader[Any] | None = None
    pictures: Pictures | None = None
    start: Path | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
