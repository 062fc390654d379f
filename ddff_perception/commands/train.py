"""`ddff train`: one command from a preset to weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import progress_bar, progress_console, say
from ..engines.model_zoo import WEIGHTS
from ..registry import CAPABILITIES
from ._training import trainable, training_packages

if TYPE_CHECKING:
    from ..training.job import TrainingJob

_SHIPPED = ", ".join(sorted(path.stem for path in WEIGHTS.glob("*.safetensors")))


def train(
    capability: Annotated[str, typer.Argument(help=f"One of: {', '.join(CAPABILITIES)}.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run.")],
    network: Annotated[str, typer.Option(help="Which network; a wrong name lists them.")],
    preset: Annotated[str, typer.Option(help="Settings by name; a wrong name lists them.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", help="name=value, as often as needed.", metavar="NAME=VALUE"),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", "-d", help="Folder to learn from, as often as needed."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            help="Weights to begin with, for fine-tuning: a .safetensors file, or the name of "
            f"shipped ones ({_SHIPPED})."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in -o.")] = False,
) -> None:
    """Train a network.

    Writes weights.safetensors (averaged weights) with weights.json, the curves train.csv,
    validation.csv and curves.png, sample pictures, and checkpoint.ckpt to resume from. Ctrl-C
    stops after the current step; --resume goes on as if nothing had happened.

    Needs torch and Lightning (the extra "train"). Settings: docs/training.md.

    Examples:
      ddff train depth_from_focus --network focus_stream --preset smoke -o out/smoke

      ddff train depth_from_focus --network focus_stream --preset cpu -o out/run --resume

      ddff train depth_from_focus --network focus_stream --preset tune -o out/mine
      --start focus_stream --data my_stacks --set minutes=30

    """
    with training_packages("training"):
        from ..training.fit import fit
    with progress_bar("preparing") as report:

        def show_making(what: str, done: int, total: int) -> None:
            report(done, total, what=what)

        job = _prepared(capability, network, preset, settings, data, start, show_making)

        def show(step: int, total: int, values: Mapping[str, float]) -> None:
            loss = values.get("loss")
            text = "training" if loss is None else f"training, loss {loss:.4g}"
            report(step, total or None, what=text)

        try:
            weights = fit(job, output, resume, show)
        except KeyboardInterrupt:
            progress_console.print(f"Stopped: --resume goes on with {output}", markup=False)
            raise
    say(f"The weights are {weights}")


def _prepared(
    capability: str,
    network: str,
    preset: str,
    settings: list[str] | None,
    data: list[Path] | None,
    start: Path | None,
    show_making: Callable[[str, int, int], None],
) -> TrainingJob:
    """The job with its data, which is made here where there is none, and its first weights."""
    trained = trainable(capability, "train")
    with training_packages("training"):
        from ..training.progress import progress_to
        from ..training.registry import make_job
        from ..training.weights import start_weights, weights_assets

        with progress_to(show_making):
            job = make_job(trained, network, preset, settings or (), data or ())
    if start is None:
        return job
    first = start_weights(start)
    seen = {*job.record.get("assets", ()), *weights_assets(first)}
    record = {**job.record, "start": str(start), **({"assets": sorted(seen)} if seen else {})}
    return replace(job, start=first, record=record)
