"""A network of a few weights that learns y = 2x - 1, as a network's training module holds it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from ddff_perception.engines.model_zoo import TensorCard
from ddff_perception.parameters import Parameter, ParameterTable
from ddff_perception.training.batches import make_loader
from ddff_perception.training.job import TrainingJob
from ddff_perception.training.onnx_file import OnnxFile
from ddff_perception.training.presets import FitSettings

PRESETS = {
    "smoke": FitSettings(
        steps=40,
        batch=4,
        learning_rate=0.05,
        precision="32",
        device="cpu",
        log_every=5,
        validate_every=10,
        checkpoint_every=10,
        picture_every=20,
    )
}
DATA_SOURCE = "points on a line"
PARAMETERS = ParameterTable([Parameter("width", 8, "hidden units", "", 1, 64)])


class Line(Dataset):
    """Points on a line, each with noise of its own at every draw."""

    def __init__(self, count=30):
        self.x = torch.linspace(-1, 1, count)[:, None]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        noise = 0.01 * torch.randn(1)
        return {"x": self.x[index], "y": 2 * self.x[index] - 1 + noise}


class DrawnLine(IterableDataset):
    """The same, as endless whole batches."""

    def __iter__(self):
        while True:
            x = 2 * torch.rand(4, 1) - 1
            yield {"x": x, "y": 2 * x - 1}


def tiny_network(width=8, seed=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.1),
                         nn.Linear(width, 1))  # fmt: skip


def loss(net, batch):
    error = (net(batch["x"]).float() - batch["y"]) ** 2
    return {"loss": error.mean(), "worst": error.max()}


def picture(net, batch):
    shown = 127 + 60 * net(batch["x"]).float().cpu().numpy()
    return np.clip(np.tile(shown[:, :, None], (1, 16, 3)), 0, 255).astype(np.uint8)


def tiny_job(endless=False, **settings):
    changed = replace(PRESETS["smoke"], **settings)
    train = DrawnLine() if endless else make_loader(Line(), changed)
    validation = make_loader(Line(11), changed, shuffle=False)
    return TrainingJob(tiny_network(), loss, train, changed, validation, picture)


def job(settings, values, data):
    made = replace(tiny_job(), settings=settings, module=tiny_network(values["width"]))
    return replace(made, train=make_loader(Line(), settings), record={"folders": len(data)})


def network(values):
    return tiny_network(values["width"])


def onnx_files(net, record, precision):
    return [
        OnnxFile(
            name="tiny",
            description="y = 2x - 1",
            module=net.eval(),
            examples=(torch.zeros(3, 1),),
            inputs=(TensorCard("x", ("points", 1), "float32", "NC", "places"),),
            outputs=(TensorCard("y", ("points", 1), "float32", "NC", "values there"),),
            axes={"points": (1, 10, 1000)},
            limits="none",
            by_tracing=True,
        )
    ]
