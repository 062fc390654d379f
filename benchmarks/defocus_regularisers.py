"""What smooths depth and keeps its edges: the comparison of Nazir's thesis, Table 2.1.

    python benchmarks/defocus_regularisers.py VIEWS JUDGES

trains the depth head of 2HDED:NET at an eighth of its width from nothing on VIEWS (a rendered data
set of `ddff simulate dataset`, or a folder of views), with each regulariser alike: steps, batches,
seeds, weight. The thesis does not tell the weights of its chapter 2; images are in focus all over,
as there (`--defocused`: seen through random lenses). Depth ends at 10 m. What a run left in
`--folder` is not trained again. The edges' divergence is that of (2.2), in dioptres.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from _record import ROOT, run, write_record
from _trained import trained
from rich.console import Console
from rich.table import Table

from ddff_perception.defocus.data.lens_views import LensSettings, LensViews, stacked
from ddff_perception.defocus.data.sources import view_files
from ddff_perception.defocus.networks.two_headed import TwoHeaded
from ddff_perception.defocus.training.regularisation import REGULARISERS
from ddff_perception.defocus.training.two_headed_losses import metres
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation, Variant
from ddff_perception.files.images import read_json
from ddff_perception.files.results import written_by
from ddff_perception.training.weights import load_weights
from ddff_perception.types import InputError

CONSTANT = "best constant"
COLUMNS = {
    "rms": "RMSE [m]", "abs_rel": "REL", "log10": "log10", "delta_1": "d1 [%]", "delta_2": "d2 [%]",
    "delta_3": "d3 [%]", "edges": "KLD",
}  # fmt: skip


@torch.no_grad()
def evaluated(weights: Path, judges: LensViews) -> DepthEvaluation:
    """Depth of each item against its truth."""
    values = read_json(weights.with_suffix(".json"))["network_parameters"]
    network = TwoHeaded(int(values["narrow"]))
    load_weights(network, weights)
    network.eval()
    evaluation = DepthEvaluation(domains=("depth",), edges=True)
    for number in range(len(judges)):
        batch = stacked([judges[number]])
        found = network.depth_of(network.encoder(batch["image"] / 255.0))
        # No depth at all counts as the nearest that there is.
        evaluation.add(found[0, 0].clamp(min=0.1).numpy(), metres(batch)[0, 0].numpy())
    return evaluation


def row(name: str, found: list[DepthEvaluation], variant: Variant = "covered") -> dict[str, Any]:
    """Means over the seeds."""
    scores = [one.scores(variant, "depth") for one in found]
    names = [key for key in COLUMNS if key != "edges"]
    means = {key: np.mean([getattr(one, key) for one in scores]) for key in names}
    if variant != "best_constant":
        means["edges"] = np.mean([one.edge_divergence for one in found])
    return {"regulariser": name, **{key: round(float(mean), 4) for key, mean in means.items()}}


def table_of(rows: list[dict[str, Any]]) -> Table:
    table = Table("regulariser", *COLUMNS.values())
    for one in rows:
        table.add_row(one["regulariser"], *(f"{one[k]:.4g}" if k in one else "" for k in COLUMNS))
    return table


def main(
    views: Annotated[Path, typer.Argument(help="To learn from")],
    judges: Annotated[Path, typer.Argument(help="To judge by, of assets that VIEWS do not show")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of each training")] = 3000,
    batch: Annotated[int, typer.Option(min=1, help="Samples per step")] = 8,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each")] = 1,
    size: Annotated[tuple[int, int], typer.Option(help="Height and width, px")] = (96, 128),
    narrow: Annotated[int, typer.Option(help="The network's widths are divided by it")] = 8,
    weight: Annotated[float, typer.Option(help="Of each regulariser")] = 1.0,
    judged: Annotated[int, typer.Option(min=1, help="Images to judge by")] = 120,
    defocused: Annotated[bool, typer.Option(help="Images seen through random lenses")] = False,
    folder: Annotated[Path, typer.Option(help="Where the runs are kept")] = ROOT
    / "out/regularisers",
    only: Annotated[list[str] | None, typer.Option(help="Regularisers; else all")] = None,
    record: Annotated[Path | None, typer.Option(help="Where the record goes")] = None,
) -> None:
    """Trains what `folder` does not hold yet, scores, prints and records the table."""
    names = only or list(REGULARISERS)
    if unknown := sorted(set(names) - set(REGULARISERS)):
        raise InputError(f"there is no {unknown}; there are: {', '.join(REGULARISERS)}")
    setup = {"steps": steps, "batch": batch, "height": size[0], "width": size[1], "narrow": narrow}
    common = [f"{name}={value}" for name, value in setup.items()]
    common += [f"regulariser_weight={weight}", f"all_in_focus={not defocused}", "heads=depth"]
    common += ["minutes=0", f"views_folder={folder / 'views'}", f"warm_up_steps={min(50, steps)}"]
    lenses = LensSettings(height=size[0], width=size[1], all_in_focus=not defocused)
    rows, last = [], []
    with written_by(None):  # runs go on in folders that are there
        files = view_files([judges], folder / "judges", 0, judges=True)
        held = LensViews([*files.learned, *files.held_out], lenses, judged, fixed=True)
        for name in names:
            places = [
                trained(
                    "defocus",
                    "two_headed",
                    folder / f"{name}_{seed}",
                    [*common, f"seed={seed}", f"regulariser={name}"],
                    [views],
                )
                for seed in range(seeds)
            ]
            last = [evaluated(place, held) for place in places]
            rows.append(row(name, last))
    rows.append(row(CONSTANT, last[:1], "best_constant"))
    Console(width=120).print(table_of(rows))
    setup |= {"seeds": seeds, "weight": weight, "images": judged, "defocused": defocused}
    write_record("defocus_regularisers", rows, record, setup=setup)


if __name__ == "__main__":
    run(lambda: typer.run(main))
