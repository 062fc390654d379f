"""Trains: `fit` runs a job to its end, or on from where it was stopped.

The output folder holds `settings.json`, the curves `train.csv` and `validation.csv` with
`curves.png`, `pictures/`, `checkpoint.ckpt` to resume from, and at the end `weights.safetensors`
with `weights.json`. TensorBoard files come beside them where its package is installed.
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from .. import __version__
from ..files.atomic import make_folder, remove, write_json
from ..files.results import adopt
from ..types import InputError
from .batches import TrainingBatches
from .curves import RATES, draw_curves, draw_rates
from .fit_module import FitModule
from .job import TrainingJob
from .presets import FitSettings
from .watch import BEST, CHECKPOINT, Progress, Watch
from .weights import (
    SafeCheckpoints,
    load_state,
    load_weights,
    mix_weights,
    read_checkpoint,
    write_weights,
)

WEIGHTS = "weights.safetensors"
_FILES = (
    *(CHECKPOINT, BEST, "best.json", WEIGHTS, "weights.json"),
    *("settings.json", "train.csv", "validation.csv", "curves.png", RATES),
)


def fit(
    job: TrainingJob, output: Path, resume: bool = False, progress: Progress | None = None
) -> Path:
    """Trains `job` into the folder `output`; returns the path of the final averaged weights.

    With `resume` the run in `output` goes on from its last checkpoint. Raises InputError where the
    folder cannot be written or holds a run that was not to be resumed, where a checkpoint or the
    start weights do not fit, and where the loss is no longer finite. Raises KeyboardInterrupt
    after Ctrl-C, when the checkpoint has been written.
    """
    settings = job.settings
    make_folder(output)
    checkpoint = _checkpoint(output, resume)
    start = 0 if checkpoint is None else int(checkpoint["global_step"])
    if checkpoint is None:
        remove(output / BEST)
        if job.start is not None:
            load_weights(job.module, job.start)
    _check_schedule(job)
    batches = TrainingBatches(job.train, settings, start * settings.accumulate)
    total = _total_steps(settings, batches.epoch_steps)
    module = FitModule(job, total, batches.epoch_steps)
    if checkpoint is not None:
        load_state(module, checkpoint["state_dict"], str(output / CHECKPOINT))
        module.on_load_checkpoint(checkpoint)
    done = _is_done(settings, module, start)
    if done and (output / WEIGHTS).is_file():
        return output / WEIGHTS
    write_json(output / "settings.json", {**_record(job), "resumed_at_step": start})
    watch = Watch(job, output, None if checkpoint is None else start, progress)
    if not done:
        _run(job, output, module, batches, watch, resume=checkpoint is not None)
    if watch.interrupted:
        raise KeyboardInterrupt
    return _finish(job, output, module, watch)


def _check_schedule(job: TrainingJob) -> None:
    if job.settings.schedule == "plateau" and job.validation is None:
        raise InputError("schedule plateau needs data to validate on, and this job has none")
    if job.settings.schedule == "range" and (job.settings.minutes or job.settings.epochs):
        raise InputError("schedule range needs a number of steps: set steps, minutes=0, epochs=0")


def _run(
    job: TrainingJob,
    output: Path,
    module: FitModule,
    batches: TrainingBatches,
    watch: Watch,
    *,
    resume: bool,
) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # It tells of what is meant: an averaged network in evaluation mode, few workers.
            warnings.filterwarnings("ignore", module="lightning")
            _trainer(job.settings, output, module.total_steps, watch).fit(
                module,
                train_dataloaders=batches,
                ckpt_path=output / CHECKPOINT if resume else None,
                weights_only=True,
            )
    except InputError as error:
        raise InputError(sentence_of(error)) from error
    except torch.OutOfMemoryError as error:
        raise InputError(
            "the GPU's memory is too small for this batch: lower batch and raise accumulate"
        ) from error


def sentence_of(error: InputError) -> str:
    """What it says, without the traceback that one of a data loader's process comes with."""
    return str(error).rpartition("InputError: ")[2].strip()


def _finish(job: TrainingJob, output: Path, module: FitModule, watch: Watch) -> Path:
    """The final weights, with what is known about them beside them, and the picture of curves."""
    best = output / BEST
    use_best = job.settings.keep == "best" and best.is_file()
    if use_best:
        load_weights(module.averaged.module, best)
    if job.start is not None and job.settings.start_share:
        mix_weights(module.averaged.module, job.start, job.settings.start_share)
    record: dict[str, Any] = _record(job) | {
        "seconds": module.elapsed_s,
        "losses": watch.newest,
        "best_validation_loss": watch.best,
        "kept": "best" if use_best else "last",
    }
    draw_curves(output)
    if job.settings.schedule == "range":
        record["suggested_learning_rate"] = draw_rates(output)
    return write_weights(output / WEIGHTS, module.averaged.module, record)


def _checkpoint(output: Path, resume: bool) -> dict[str, Any] | None:
    if resume:
        checkpoint = read_checkpoint(output / CHECKPOINT)
        adopt(output, _FILES)
        return checkpoint
    if (output / CHECKPOINT).exists():
        raise InputError(f"{output} holds a run: --resume goes on with it, or give another folder")
    return None


def _total_steps(settings: FitSettings, epoch_steps: float) -> int:
    """Number of optimiser steps, 0 where only time limits the run."""
    return round(settings.epochs * epoch_steps) if settings.epochs else settings.steps


def _is_done(settings: FitSettings, module: FitModule, step: int) -> bool:
    out_of_time = settings.minutes and module.elapsed_before_s >= 60 * settings.minutes
    return bool(out_of_time) or (module.total_steps > 0 and step >= module.total_steps)


def _record(job: TrainingJob) -> dict[str, Any]:
    return {
        **job.record,
        "version": __version__,
        "torch": torch.__version__,
        "settings": job.settings.values(),
    }


def _trainer(settings: FitSettings, output: Path, total_steps: int, watch: Watch) -> pl.Trainer:
    on_gpu = uses_gpu(settings)
    return pl.Trainer(
        accelerator="gpu" if on_gpu else "cpu",
        devices=1,
        precision=precision(settings, on_gpu),
        max_steps=total_steps or -1,
        max_epochs=-1,
        accumulate_grad_batches=settings.accumulate,
        gradient_clip_val=settings.gradient_clip or None,
        callbacks=[watch],
        plugins=[SafeCheckpoints()],
        logger=_tensorboard(output),
        log_every_n_steps=1,
        default_root_dir=output,
        benchmark=on_gpu,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _tensorboard(output: Path) -> Any:
    if importlib.util.find_spec("tensorboard") is None:
        return False
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(output, name="tensorboard", version="")


def uses_gpu(settings: FitSettings) -> bool:
    """Whether the run is on a GPU; raises InputError where one was asked for and there is none."""
    there = torch.cuda.is_available()
    if settings.device == "cuda" and not there:
        raise InputError("there is no CUDA GPU (or torch was built without it): set device=cpu")
    return there and settings.device != "cpu"


def precision(settings: FitSettings, on_gpu: bool) -> Any:
    """Lightning's name of the arithmetic; raises InputError where the hardware cannot do it."""
    if on_gpu:
        bf16 = torch.cuda.is_bf16_supported()
        automatic = "bf16" if bf16 else "16"
    else:
        bf16 = True
        automatic = "bf16" if torch.cpu.get_capabilities().get("avx512_bf16") else "32"
    name = automatic if settings.precision == "auto" else settings.precision
    if name == "16" and not on_gpu:
        raise InputError("precision 16 needs a GPU: set precision=bf16 or precision=32")
    if name == "bf16" and not bf16:
        raise InputError("this GPU has no bf16: set precision=16 or precision=32")
    return "32-true" if name == "32" else f"{name}-mixed"
