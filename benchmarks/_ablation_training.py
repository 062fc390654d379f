"""Trains the network that ships with the generator's steps taken away: what is then judged.

`python -m benchmarks._ablation_training --variant DR -o FOLDER`, on whichever machine is fast; the
same seed, steps and batches for each variant. `reflection_ablation.py` scores what it leaves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._trained import trained

VARIANTS = {
    "DR": ("motion=0", "curved=0"),
    "DR_NRD": ("motion=0.3", "curved=0"),
    "DR_NRD_LCG": ("motion=0.3", "curved=0.5"),
}


def train_variant(variant: str, folder: Path, settings: list[str], preset: str = "gpu") -> Path:
    """The final weights of `variant` in `folder`, trained where they are not there yet."""
    chosen = [*VARIANTS[variant], *settings]
    return trained("reflection", "surface", folder / variant, chosen, (), preset)


def main(
    variant: Annotated[str, typer.Option(help=f"One of {', '.join(VARIANTS)}")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the runs are kept")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of the training")] = 1200,
    minutes: Annotated[float, typer.Option(help="Time limit; 0 is none")] = 0.0,
    preset: Annotated[str, typer.Option(help="Preset of the training")] = "gpu",
    settings: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="name=value of the training")
    ] = None,
) -> None:
    """Trains one variant."""
    limits = [f"steps={steps}", f"minutes={minutes}"]
    print(train_variant(variant, output, [*limits, *(settings or [])], preset))


if __name__ == "__main__":
    typer.run(main)
