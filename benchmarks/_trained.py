"""Trainings of a comparison: each is made once, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ddff_perception.registry import CAPABILITIES
from ddff_perception.training.fit import WEIGHTS, fit
from ddff_perception.training.registry import make_job


def trained(
    capability: str,
    network: str,
    folder: Path,
    overrides: Sequence[str],
    data: Sequence[Path],
    preset: str = "cpu",
    start: Path | None = None,
) -> Path:
    """The final weights in `folder`, trained where they are not there yet.

    `start`: weights to begin from.
    """
    if (folder / WEIGHTS).is_file():
        return folder / WEIGHTS
    job = make_job(CAPABILITIES[capability], network, preset, overrides, data)
    resume = (folder / "checkpoint.ckpt").is_file()
    return fit(job if start is None else replace(job, start=start), folder, resume=resume)
