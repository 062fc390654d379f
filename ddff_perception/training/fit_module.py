"""A training job as Lightning sees it: one step, its optimiser, the averaged weights."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from ..types import InputError
from .batches import STEP, seed_of
from .ema import AveragedModule
from .job import Batch, TrainingJob
from .presets import FitSettings
from .schedules import rate_factor


class FitModule(pl.LightningModule):
    """Network, averaged network, and how one step is made.

    The random numbers of a step (dropout) depend on the seed and the step alone, the learning rate
    on the step (and, under a time limit, on the time): nothing but weights, the optimiser's state
    and the elapsed time has to be kept to resume.
    """

    def __init__(self, job: TrainingJob, total_steps: int, epoch_steps: float) -> None:
        super().__init__()
        self.network = job.module
        self.averaged = AveragedModule(job.module, job.settings.ema)
        self.total_steps = total_steps
        self.epoch_steps = epoch_steps
        self.elapsed_before_s = 0.0
        self.lowered = 0
        self._loss = job.loss
        self._settings = job.settings
        self._started: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds of training so far, those before a resume included."""
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self.elapsed_before_s + running

    @property
    def learning_rate(self) -> float:
        run = self.trainer.global_step, self.total_steps, self.epoch_steps
        factor = rate_factor(self._settings, *run, self.elapsed_s, self.lowered)
        return self._settings.learning_rate * factor

    def losses(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """The job's losses; raises InputError where they are not what a job promises."""
        found = self._loss(network, batch)
        if "loss" not in found or found["loss"].ndim:
            raise TypeError('a loss returns scalars by name, one of them "loss"')
        return found

    def on_train_start(self) -> None:
        self._started = time.monotonic()
        self.network.train()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.learning_rate
        number = self.trainer.global_step * self._settings.accumulate
        number += batch_idx % self._settings.accumulate
        torch.manual_seed(seed_of(self._settings.seed, STEP, number))

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        return dict(self.losses(self.network, batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return make_optimizer(self.network, self._settings)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["elapsed_s"] = self.elapsed_s

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.elapsed_before_s = float(checkpoint.get("elapsed_s", 0.0))


def make_optimizer(network: nn.Module, settings: FitSettings) -> torch.optim.Optimizer:
    """The optimiser of `settings`; weight decay only on tensors with two axes or more."""
    learned = [p for p in network.parameters() if p.requires_grad]
    if not learned:
        raise InputError("the network has nothing to learn: all its parameters are frozen")
    groups = [
        {
            "params": [p for p in learned if p.ndim > 1],
            "weight_decay": settings.weight_decay,
        },
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum)
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, lr=settings.learning_rate, betas=(settings.momentum, 0.999))
