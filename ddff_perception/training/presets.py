"""What can be set about a training run, the same for every network; no torch in here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..parameters import ParameterTable, Settings, Value, parameter
from ..types import InputError

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("cosine", "step", "plateau", "constant", "range")
PRECISIONS = ("auto", "32", "bf16", "16")
DEVICES = ("auto", "cpu", "cuda")
KEPT = ("last", "best")


@dataclass(frozen=True)
class FitSettings(Settings):
    """A training run; a preset is one of these.

    Raises InputError on a value that its parameter does not allow.
    """

    steps: int = parameter(10_000, "optimiser steps; 0 is no limit", limits=(0, 10**9))
    epochs: int = parameter(0, "passes, in place of steps if > 0", limits=(0, 10**6))
    epoch_steps: int = parameter(
        0,
        "steps of one epoch; 0 is one pass over the data, or 1000 where they are endless",
        limits=(0, 10**7),
    )
    minutes: float = parameter(
        0.0, "time limit; the cosine schedule ends with it. 0 is none", "min", (0.0, 1e6)
    )
    batch: int = parameter(8, "samples per batch", limits=(1, 65536))
    accumulate: int = parameter(1, "batches per step", limits=(1, 1024))
    workers: int = parameter(0, "processes that load data", limits=(0, 256))
    seed: int = parameter(0, "of weights, data and dropout", limits=(0, 2**31 - 1))
    device: str = parameter("auto", "auto is the GPU where there is one", choices=DEVICES)
    precision: str = parameter(
        "auto",
        "of the arithmetic; weights stay float32. auto is bf16 where the hardware has it",
        choices=PRECISIONS,
    )
    optimizer: str = parameter("adamw", "the kind of optimiser", choices=OPTIMIZERS)
    learning_rate: float = parameter(1e-3, "its highest value", limits=(0.0, 100.0))
    momentum: float = parameter(0.9, "of sgd; beta 1 of adam", limits=(0.0, 0.9999))
    weight_decay: float = parameter(
        0.01, "of convolution and matrix weights; never of biases and norms", limits=(0.0, 10.0)
    )
    schedule: str = parameter(
        "cosine",
        "cosine to final_factor; times decay_factor after each decay_epochs (step) or where "
        "validation stands still (plateau); constant; or rising to learning_rate from a ten "
        "millionth of it, to find a good one (range)",
        choices=SCHEDULES,
    )
    warm_up_steps: int = parameter(
        0, "steps over which the learning rate rises from 0", limits=(0, 10**7)
    )
    final_factor: float = parameter(0.0, "share of the rate at the end", limits=(0.0, 1.0))
    decay_factor: float = parameter(0.9, "of schedules step and plateau", limits=(0.0, 1.0))
    decay_epochs: int = parameter(4, "of schedule step", limits=(1, 10**6))
    patience: int = parameter(
        3, "validations without a better loss until plateau lowers the rate", limits=(1, 10**6)
    )
    gradient_clip: float = parameter(
        0.0, "largest norm of the whole gradient; 0 is no limit", limits=(0.0, 1e9)
    )
    ema: float = parameter(
        0.999,
        "decay per step of the averaged weights, which are what is kept; 0 is no average",
        limits=(0.0, 0.999999),
    )
    keep: str = parameter(
        "last", "weights of the last step, or those with the best validation loss", choices=KEPT
    )
    start_share: float = parameter(
        0.0,
        "share of the weights of --start in those that are kept: a mean of both is often "
        "better on data that neither has seen (Wortsman et al., CVPR 2022)",
        limits=(0.0, 0.99),
    )
    log_every: int = parameter(20, "steps per line of a curve", limits=(1, 10**7))
    validate_every: int = parameter(500, "steps between validations", limits=(1, 10**7))
    picture_every: int = parameter(
        500, "steps between sample pictures; 0 is none", limits=(0, 10**7)
    )
    checkpoint_every: int = parameter(
        500, "steps between checkpoints to resume from", limits=(1, 10**7)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.steps or self.epochs or self.minutes):
            raise InputError("a training run needs an end: set steps, epochs or minutes")

    def changed(
        self, assignments: Iterable[str], own: ParameterTable | None = None
    ) -> tuple[FitSettings, dict[str, Value]]:
        """These settings after `name=value` texts, and the values of the network's `own` table.

        Every own parameter has a value, its default where the texts say nothing. Raises
        InputError on an unknown name or a bad value.
        """
        own = own or ParameterTable([])
        table = self.table()
        values = (table + own).parse(assignments)
        common: dict[str, Any] = table.part(values)
        if "steps" in common and "epochs" not in common:
            common["epochs"] = 0
        return replace(self, **common), own.complete(own.part(values))
