"""What can be set about a training run, the same for every network; no torch in here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..parameters import Parameter, ParameterTable, Value
from ..types import InputError

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("cosine", "step", "constant")
PRECISIONS = ("auto", "32", "bf16", "16")
DEVICES = ("auto", "cpu", "cuda")
KEPT = ("last", "best")


@dataclass(frozen=True)
class FitSettings:
    """The values of FIT_PARAMETERS, by the same names; a preset is one of these.

    Raises InputError on a value that the table does not allow.
    """

    steps: int = 10_000
    epochs: int = 0
    epoch_steps: int = 0
    minutes: float = 0.0
    batch: int = 8
    accumulate: int = 1
    workers: int = 0
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.01
    schedule: str = "cosine"
    warm_up_steps: int = 0
    final_factor: float = 0.0
    decay_factor: float = 0.9
    decay_epochs: int = 4
    gradient_clip: float = 0.0
    ema: float = 0.999
    keep: str = "last"
    start_share: float = 0.0
    log_every: int = 20
    validate_every: int = 500
    picture_every: int = 500
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        for parameter in FIT_PARAMETERS:
            object.__setattr__(self, parameter.name, parameter.check(getattr(self, parameter.name)))
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
        values = (FIT_PARAMETERS + own).parse(assignments)
        common: dict[str, Any] = {n: v for n, v in values.items() if n in FIT_PARAMETERS}
        if "steps" in common and "epochs" not in common:
            common["epochs"] = 0
        mine = own.complete({n: v for n, v in values.items() if n in own})
        return replace(self, **common), mine

    def as_dict(self) -> dict[str, Value]:
        return asdict(self)


FIT_PARAMETERS = ParameterTable(
    [
        Parameter("steps", FitSettings.steps, "optimiser steps; 0 is no limit", "", 0, 10**9),
        Parameter("epochs", FitSettings.epochs, "passes, in place of steps if > 0", "", 0, 10**6),
        Parameter(
            "epoch_steps",
            FitSettings.epoch_steps,
            "steps of one epoch; 0 is one pass over the data, or 1000 where they are endless",
            "",
            0,
            10**7,
        ),
        Parameter(
            "minutes",
            FitSettings.minutes,
            "time limit; the cosine schedule ends with it. 0 is none",
            "min",
            0.0,
            1e6,
        ),
        Parameter("batch", FitSettings.batch, "samples per batch", "", 1, 65536),
        Parameter("accumulate", FitSettings.accumulate, "batches per step", "", 1, 1024),
        Parameter("workers", FitSettings.workers, "processes that load data", "", 0, 256),
        Parameter("seed", FitSettings.seed, "of weights, data and dropout", "", 0, 2**31 - 1),
        Parameter(
            "device", FitSettings.device, "auto is the GPU where there is one", choices=DEVICES
        ),
        Parameter(
            "precision",
            FitSettings.precision,
            "of the arithmetic; weights stay float32. auto is bf16 where the hardware has it",
            choices=PRECISIONS,
        ),
        Parameter("optimizer", FitSettings.optimizer, "the kind of optimiser", choices=OPTIMIZERS),
        Parameter("learning_rate", FitSettings.learning_rate, "its highest value", "", 0.0, 100.0),
        Parameter("momentum", FitSettings.momentum, "of sgd; beta 1 of adam", "", 0.0, 0.9999),
        Parameter(
            "weight_decay",
            FitSettings.weight_decay,
            "of convolution and matrix weights; never of biases and norms",
            "",
            0.0,
            10.0,
        ),
        Parameter(
            "schedule",
            FitSettings.schedule,
            "cosine to final_factor, or times decay_factor after each decay_epochs, or constant",
            choices=SCHEDULES,
        ),
        Parameter(
            "warm_up_steps",
            FitSettings.warm_up_steps,
            "steps over which the learning rate rises from 0",
            "",
            0,
            10**7,
        ),
        Parameter(
            "final_factor", FitSettings.final_factor, "share of the rate at the end", "", 0.0, 1.0
        ),
        Parameter("decay_factor", FitSettings.decay_factor, "of schedule step", "", 0.0, 1.0),
        Parameter("decay_epochs", FitSettings.decay_epochs, "of schedule step", "", 1, 10**6),
        Parameter(
            "gradient_clip",
            FitSettings.gradient_clip,
            "largest norm of the whole gradient; 0 is no limit",
            "",
            0.0,
            1e9,
        ),
        Parameter(
            "ema",
            FitSettings.ema,
            "decay per step of the averaged weights, which are what is kept; 0 is no average",
            "",
            0.0,
            0.999999,
        ),
        Parameter(
            "keep",
            FitSettings.keep,
            "weights of the last step, or those with the best validation loss",
            choices=KEPT,
        ),
        Parameter(
            "start_share",
            FitSettings.start_share,
            "share of the weights of --start in those that are kept: a mean of both is often "
            "better on data that neither has seen (Wortsman et al., CVPR 2022)",
            "",
            0.0,
            0.99,
        ),
        Parameter("log_every", FitSettings.log_every, "steps per line of a curve", "", 1, 10**7),
        Parameter(
            "validate_every", FitSettings.validate_every, "steps between validations", "", 1, 10**7
        ),
        Parameter(
            "picture_every",
            FitSettings.picture_every,
            "steps between sample pictures; 0 is none",
            "",
            0,
            10**7,
        ),
        Parameter(
            "checkpoint_every",
            FitSettings.checkpoint_every,
            "steps between checkpoints to resume from",
            "",
            1,
            10**7,
        ),
    ]
)
