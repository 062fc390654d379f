"""What the generator's steps are worth: trained with DR, + NRD, + LCG, judged on rendered panes.

`python benchmarks/reflection_ablation.py` trains the network that ships three times from the same
first weights with the same steps (`_ablation_training.py`, which a machine with a graphics card can
run by itself: `--folder` then names what it left, and nothing is trained here), and scores each on
the rendered panes of `reflection_panes.py`, flat and curved apart. DR: dynamic range and abrupt
reflections only, NRD: things that move between the angles, LCG: curved surfaces (P. Wieschollek,
"Multi-frame, data-driven image and video methods", section 5.2.3).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from _ablation_training import VARIANTS, train_variant
from _panes import rendered
from _record import ROOT, write_record
from reflection_panes import EXPOSURE, score_of, seen_by_a_camera
from rich.console import Console
from rich.table import Table

from ddff_perception.files.images import read_json
from ddff_perception.reflection.networks.blending import SurfaceNetwork, half_stokes
from ddff_perception.training.weights import load_weights

_NAMES = {"DR": "DR", "DR_NRD": "DR + NRD", "DR_NRD_LCG": "DR + NRD + LCG"}


def network_of(weights: Path) -> SurfaceNetwork:
    network = SurfaceNetwork()
    load_weights(network, weights)
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
    size: Annotated[int, typer.Option(help="Side of the samples, px")] = 96,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    folder: Annotated[Path, typer.Option(help="Where the runs are kept")] = ROOT / "out/ablation",
    panes: Annotated[Path, typer.Option(help="Where rendered views are kept")] = ROOT / "out/panes",
    views: Annotated[str, typer.Option(help="Which views: test, or look for development")] = "test",
) -> None:
    """Trains what `folder` does not hold yet, scores and records the ablation."""
    wanted = [f"steps={steps}", "minutes=0", f"batch={batch}", f"size={size}", f"device={device}"]
    found = rendered(views, panes)
    rows, setup = [], {}
    for variant in VARIANTS:
        weights = train_variant(variant, folder, [*wanted, "ema=0.99", "warm_up_steps=50"])
        record = read_json(weights.with_suffix(".json"))
        of_network = record["network_parameters"]
        setup = {name: record["settings"][name] for name in ("steps", "batch", "learning_rate")}
        setup |= {name: of_network[name] for name in ("size", "pictures", "generator")}
        per_pane = scores(network_of(weights), found)
        rows.append(
            {"generator": _NAMES[variant]}
            | {f"{layer}_{pane}": v for pane, s in per_pane.items() for layer, v in s.items()}
        )
    table = Table(title=f"PSNR (dB) on rendered panes after {setup['steps']} steps")
    for column in rows[0]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console = Console()
    console.print(table)
    if views == "test":
        path = write_record("reflection_ablation", rows, setup=setup | {"exposure": EXPOSURE})
        console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
