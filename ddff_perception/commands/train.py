"""`ddff train`: one command from a preset to weights."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from ..types import InputError
from ._common import progress_bar, say

CAPABILITIES = ("depth_from_focus", "reflection")
_TRAINING_PACKAGES = {"torch", "lightning", "safetensors", "h5py", "onnx", "onnxscript"}


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
        Path | None, typer.Option(help="Weights (.safetensors) to begin with: fine-tuning.")
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

      ddff train depth_from_focus --network focus_stream --preset ship -o out/run --resume

      ddff train depth_from_focus --network focus_stream --preset tune -o out/mine
      --start weights.safetensors --data my_stacks --set minutes=30

    """
    try:
        module = _module(capability)
        job = module.job(network, preset, list(settings or []), list(data or []))
        from ..training.fit import fit
    except ModuleNotFoundError as error:
        raise _explained(error) from error
    if start is not None:
        job = replace(job, start=start, record={**job.record, "start": str(start)})
    with progress_bar() as bar:
        task = bar.add_task("training", total=None)

        def show(step: int, total: int, values: Mapping[str, float]) -> None:
            loss = values.get("loss")
            text = "training" if loss is None else f"training, loss {loss:.4g}"
            bar.update(task, completed=step, total=total or None, description=text)

        weights = fit(job, output, resume, show)
    say(f"The weights are {weights}")


def _module(capability: str) -> ModuleType:
    if capability not in CAPABILITIES:
        raise InputError(
            f"there is nothing to train for {capability!r}; there are: {', '.join(CAPABILITIES)}"
        )
    return importlib.import_module(f"ddff_perception.{capability}.train")


def _explained(error: ModuleNotFoundError) -> Exception:
    """The error as one sentence where a package for training is missing."""
    missing = (error.name or "").split(".")[0]
    if missing in _TRAINING_PACKAGES or missing == "timm":
        return InputError(
            f"training needs {missing}: install it with pip install 'ddff_perception[train]'"
        )
    if error.name is not None and error.name.startswith("ddff_perception."):
        return InputError(f"{error.name.split('.')[1]} has no network to train yet")
    return error
