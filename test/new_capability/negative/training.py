"""How `tiny` learns: the network, what it learns from, its loss, and its ONNX file."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils.data import IterableDataset

from ddff_perception.engines.model_zoo import TensorCard
from ddff_perception.training.job import Batch, TrainingJob
from ddff_perception.training.onnx_file import OnnxFile
from ddff_perception.training.presets import FitSettings

PRESETS = {"smoke": FitSettings(steps=100, learning_rate=0.2, weight_decay=0.0, ema=0.0)}
DATA_SOURCE = "images of random grey values"


class RandomImages(IterableDataset[Batch]):
    """Batches of grey images, N x 1 x 8 x 8 in 0..1, and their negatives."""

    def __iter__(self) -> Iterator[Batch]:
        while True:
            image = torch.rand(4, 1, 8, 8)
            yield {"image": image, "negative": 1.0 - image}


def network(values: Mapping[str, Any]) -> nn.Module:
    """One weight and one bias for every pixel."""
    return nn.Conv2d(1, 1, 1)


def loss(module: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
    """Mean squared error."""
    return {"loss": (module(batch["image"]).float() - batch["negative"]).square().mean()}


def job(settings: FitSettings, values: Mapping[str, Any], data: Any) -> TrainingJob:
    """The training run; there is nothing that it could read from `data`."""
    return TrainingJob(network(values), loss, RandomImages(), settings)


def onnx_files(module: nn.Module, record: Mapping[str, Any], precision: str) -> list[OnnxFile]:
    """The one file of the network."""
    dtype, shape = getattr(torch, precision), ("channels", 1, "height", "width")
    return [
        OnnxFile(
            name="negative_tiny",
            description="The negative of an image, learned",
            module=module.eval().to(dtype),
            examples=(torch.rand(3, 1, 8, 8, dtype=dtype),),
            inputs=(TensorCard("image", shape, precision, "NCHW", "grey values", "", (0.0, 1.0)),),
            outputs=(TensorCard("negative", shape, precision, "NCHW", "grey values"),),
            axes={"channels": (1, 3, 3), "height": (1, 480, 4096), "width": (1, 640, 4096)},
            limits="none: it has seen every grey value",
            by_tracing=True,
        )
    ]
