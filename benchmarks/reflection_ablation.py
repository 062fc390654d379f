"""What the generator's steps are worth: trained with DR, + NRD, + LCG, judged on rendered panes.

`python benchmarks/reflection_ablation.py` trains the network that ships three times from the same
first weights with the same number of steps (short trainings: `--steps` batches of `--batch`
samples), and scores each on the rendered panes of `reflection_panes.py`, flat and curved apart. DR:
dynamic range and abrupt reflections only, NRD: things that move between the angles, LCG: curved
surfaces (P. Wieschollek, "Multi-frame, data-driven image and video methods", section 5.2.3).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from _panes import rendered
from _record import ROOT, write_record
from reflection_panes import EXPOSURE, score_of, seen_by_a_camera
from rich.console import Console
from rich.table import Table

from ddff_perception.reflection.network_blending import SurfaceNetwork, half_stokes
from ddff_perception.reflection.train import job
from ddff_perception.training.fit import WEIGHTS, fit
from ddff_perception.training.weights import load_weights

STEPS = {
    "DR": ("motion=0", "curved=0"),
    "DR + NRD": ("motion=0.3", "curved=0"),
    "DR + NRD + LCG": ("motion=0.3", "curved=0.5"),
}


def trained(name: str, folder: Path, steps: int, batch: int) -> SurfaceNetwork:
    """The network after a short training with the generator's steps `name`."""
    output = folder / name.replace(" + ", "_")
    settings = [*STEPS[name], f"steps={steps}", f"batch={batch}", "minutes=0", "size=96"]
    if not (output / WEIGHTS).is_file():
        fit(job("surface", "cpu", [*settings, "ema=0.99"]), output)
    network = SurfaceNetwork()
    load_weights(network, output / WEIGHTS)
    return network.eval()


def scores(network: SurfaceNetwork, views: Any) -> dict[str, dict[str, float]]:
    """Mean PSNR of both layers on flat and curved panes, and with things that moved."""
    found: dict[str, list[list[float]]] = {}
    for settings, view in views:
        images, truth = seen_by_a_camera(settings, view)
        stack = np.stack(images.images).astype(np.float32) / np.float32(255)
        with torch.no_grad():
            stokes = half_stokes(
                torch.from_numpy(stack)[:, None], torch.tensor(images.angles_deg).float()
            )
            layers = network(stokes)
        psnr = [
            score_of(layer[0, 0].numpy(), true).psnr_db
            for layer, true in zip(layers, (truth.transmission, truth.reflection), strict=True)
        ]
        found.setdefault("curved" if settings.curvature else "flat", []).append(psnr)
    return {
        pane: dict(
            zip(("transmission", "reflection"), np.round(np.mean(rows, axis=0), 2), strict=True)
        )
        for pane, rows in found.items()
    }


def main(
    steps: Annotated[int, typer.Option(min=1, help="Steps of each training")] = 300,
    batch: Annotated[int, typer.Option(min=1, help="Samples per step")] = 6,
    folder: Annotated[Path, typer.Option(help="Where the runs are kept")] = ROOT / "out/ablation",
    panes: Annotated[Path, typer.Option(help="Where rendered views are kept")] = ROOT / "out/panes",
) -> None:
    """Trains, scores and records the ablation."""
    views = rendered("test", panes)
    rows = []
    for name in STEPS:
        found = scores(trained(name, folder, steps, batch), views)
        rows.append(
            {"generator": name}
            | {f"{layer}_{pane}": v for pane, s in found.items() for layer, v in s.items()}
        )
    table = Table(title=f"PSNR (dB) on rendered panes after {steps} steps of {batch}")
    for column in rows[0]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console = Console()
    console.print(table)
    setup = {"steps": steps, "batch": batch, "size": 96, "exposure": EXPOSURE}
    console.print(f"recorded in {write_record('reflection_ablation', rows, setup=setup)}")


if __name__ == "__main__":
    typer.run(main)
