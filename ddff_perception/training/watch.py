"""What happens between the steps: curves, validation, pictures, checkpoints, and when to stop."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from ..files.atomic import make_folder
from ..files.images import write_image
from ..types import InputError
from .curves import Curve
from .fit_module import FitModule
from .job import Batch, TrainingJob
from .weights import write_weights

# Called with the step, the number of steps (0: only time limits the run) and the newest values.
Progress = Callable[[int, int, Mapping[str, float]], None]
CHECKPOINT = "checkpoint.ckpt"
BEST = "best.safetensors"
DIVERGED = 4.0
"""Times the loss of the first tenth at which schedule `range` has seen enough."""


class Watch(pl.Callback):
    """Runs after each step, in this order: curve, validation, picture, checkpoint.

    `interrupted` is True after Ctrl-C or a request to terminate; the run then stops after the
    step with a checkpoint. `best` is the lowest validation loss so far.
    """

    def __init__(
        self,
        job: TrainingJob,
        output: Path,
        resumed_step: int | None,
        progress: Progress | None,
    ) -> None:
        self.interrupted = False
        self.best = math.inf
        self._stale = self._lowered = 0
        self.newest: dict[str, float] = {}
        self._job = job
        self._output = output
        self._progress = progress
        self._curve = Curve(output / "train.csv", resumed_step)
        self._validation_curve = Curve(output / "validation.csv", resumed_step)
        self._sums: dict[str, Tensor] = {}
        self._count = 0
        self._first, self._diverged = 0.0, False
        self._picture_batch: Batch | None = None
        self._handlers: dict[int, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "stale": self._stale, "lowered": self._lowered}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = float(state_dict.get("best", math.inf))
        self._stale = int(state_dict.get("stale", 0))
        self._lowered = int(state_dict.get("lowered", 0))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, FitModule)
        pl_module.lowered = self._lowered
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._interrupt)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._restore_handlers()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:  # a second time: at once
            raise KeyboardInterrupt
        self.interrupted = True

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        assert isinstance(pl_module, FitModule)
        settings = self._job.settings
        for name, value in outputs.items():
            value = value.detach().float()
            self._sums[name] = self._sums[name] + value if name in self._sums else value
        self._count += 1
        if (batch_idx + 1) % settings.accumulate:
            return
        step = trainer.global_step
        pl_module.averaged.update(pl_module.network, step)
        last = step == pl_module.total_steps or self.interrupted
        if settings.minutes and pl_module.elapsed_s >= 60 * settings.minutes:
            last = True
        keep = last or step % settings.checkpoint_every == 0
        if step % settings.log_every == 0 or keep:
            self._log(pl_module, step)
            last = last or self._diverged
        if self._job.validation is not None and (last or step % settings.validate_every == 0):
            self._validate(pl_module, step)
        if settings.picture_every and (last or step % settings.picture_every == 0):
            self._draw(pl_module, batch, step)
        if keep:
            trainer.save_checkpoint(self._output / CHECKPOINT)
        if self._progress is not None:
            self._progress(step, pl_module.total_steps, self.newest)
        if last:
            trainer.should_stop = True

    def _log(self, module: FitModule, step: int) -> None:
        if not self._count:
            return
        means = {name: float(total) / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        if self._job.settings.schedule == "range":
            if 10 * step <= module.total_steps:
                self._first = max(self._first, means["loss"])
            self._diverged = not means["loss"] <= DIVERGED * self._first
            if self._diverged:
                return
        if not math.isfinite(means["loss"]):
            raise InputError(
                f"the loss is {means['loss']} at step {step}: lower learning_rate, set "
                "gradient_clip, or choose precision=32, and --resume from the last checkpoint"
            )
        self.newest |= means
        self._curve.add(
            {
                "step": step,
                "epoch": step / module.epoch_steps,
                "seconds": module.elapsed_s,
                "learning_rate": module.trainer.optimizers[0].param_groups[0]["lr"],
                **means,
            }
        )
        module.log_dict({f"train/{name}": value for name, value in means.items()})

    @torch.no_grad()
    def _validate(self, module: FitModule, step: int) -> None:
        """Means over the validation batches, weighted by their sizes, of the averaged weights."""
        assert self._job.validation is not None
        sums: dict[str, float] = {}
        total = 0
        for number, batch in enumerate(self._job.validation):
            batch = module.transfer_batch_to_device(batch, module.device, 0)
            self._picture_batch = batch if number == 0 else self._picture_batch
            size = len(next(iter(batch.values())))
            with module.trainer.precision_plugin.val_step_context():
                for name, value in module.losses(module.averaged.module, batch).items():
                    sums[name] = sums.get(name, 0.0) + float(value) * size
            total += size
        if not total:
            raise InputError("there is nothing to validate on: the data set is empty")
        means = {name: value / total for name, value in sums.items()}
        self.newest |= {f"validation_{name}": value for name, value in means.items()}
        self._validation_curve.add({"step": step, "seconds": module.elapsed_s, **means})
        module.log_dict({f"validation/{name}": value for name, value in means.items()})
        if means["loss"] >= self.best:
            self._stale += 1
            if self._stale % self._job.settings.patience == 0:
                self._lowered = module.lowered = self._lowered + 1
        else:
            self.best, self._stale = means["loss"], 0
            if self._job.settings.keep == "best":
                record = {"step": step, "validation": means}
                write_weights(self._output / BEST, module.averaged.module, record)

    @torch.no_grad()
    def _draw(self, module: FitModule, batch: Batch, step: int) -> None:
        if self._job.pictures is None:
            return
        if self._picture_batch is not None:
            batch = self._picture_batch
        with module.trainer.precision_plugin.val_step_context():
            picture = self._job.pictures(module.averaged.module, batch)
        folder = make_folder(self._output / "pictures")
        write_image(folder / f"step_{step:07d}.png", picture)
