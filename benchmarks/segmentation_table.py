"""The thesis's comparison at reduced width: where to fuse, late fusion, and networks of one stream.

    python benchmarks/segmentation_table.py ROOMS JUDGES

trains every network alike (steps, batches, size, median-frequency weights) from nothing on ROOMS,
with each of the seeds, and scores it on JUDGES, both of `ddff simulate dataset rooms` (JUDGES with
`--use judge`). What a run left in `--folder` is not trained again, so that it goes on where it was
stopped, and so that any machine can train a part. Late fusion is the product of the probabilities
of the colour stream and of the HHA stream (the simplest way to use both).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from _record import ROOT, run, write_record
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ddff_perception.files.images import read_json
from ddff_perception.files.results import written_by
from ddff_perception.registry import CAPABILITIES
from ddff_perception.segmentation.data.batches import DrawSettings, WholeViews
from ddff_perception.segmentation.data.sources import training_views
from ddff_perception.segmentation.evaluation.counts import Scores, confusion
from ddff_perception.segmentation.training.labelling import LabellingTraining
from ddff_perception.segmentation.training.losses import Inputs, scores_of
from ddff_perception.simulation.classes import NYU13
from ddff_perception.training.fit import WEIGHTS, fit
from ddff_perception.training.job import Batch
from ddff_perception.training.registry import make_job, parameter_values, training_module
from ddff_perception.training.weights import load_weights
from ddff_perception.types import InputError

CAPABILITY = CAPABILITIES["segmentation"]
LATE = "late fusion"
_LATE_OF = ("colour", "HHA")
# The stacked network is as wide as makes it as large as the fused one.
_FROM_NOTHING = ("encoder=none", "frozen=0", "keep_statistics=0")


@dataclass(frozen=True)
class Entry:
    """A network of the table and what is set of it."""

    network: str
    settings: tuple[str, ...] = ()


ENTRIES: dict[str, Entry] = {
    **{f: Entry("fusenet", (f"fusion={f}",)) for f in ("SF1", "SF2", "SF3", "SF4", "SF5", "DF1")},
    "depth": Entry("single_stream", ("stream=depth",)),
    "HHA": Entry("single_stream", ("stream=hha",)),
    "colour": Entry("single_stream", ("stream=colour",)),
    "colour + depth stacked": Entry("single_stream", ("stream=colour_depth",)),
    "colour + HHA stacked": Entry("single_stream", ("stream=colour_hha",)),
    "FuseLight": Entry("fuse_light", (*_FROM_NOTHING, "scale=0.5", "learns=all")),
    "FuseLight stacked": Entry("fuse_light_stacked", (*_FROM_NOTHING, "scale=0.8")),
    "FuseLight colour": Entry("fuse_light_colour", (*_FROM_NOTHING, "scale=0.5")),
    "FuseLight HHA": Entry("fuse_light_depth", (*_FROM_NOTHING, "scale=0.5")),
}


def trained(name: str, folder: Path, common: list[str], data: Path) -> Path:
    """The final weights of the entry `name` in `folder`, trained where they are not there yet."""
    if not (folder / WEIGHTS).is_file():
        entry = ENTRIES[name]
        job = make_job(CAPABILITY, entry.network, "cpu", [*common, *entry.settings], [data])
        return fit(job, folder, resume=(folder / "checkpoint.ckpt").is_file())
    return folder / WEIGHTS


def network_of(weights: Path) -> tuple[nn.Module, Inputs]:
    """The network of final weights, in use, and what of a batch it is called with."""
    record = read_json(weights.with_suffix(".json"))
    module = training_module(CAPABILITY, str(record["network"]))
    assert isinstance(module, LabellingTraining)
    values = parameter_values(module, str(record["preset"]), record["network_parameters"])
    network = module.network(values)
    load_weights(network, weights)
    return network.eval(), module.inputs(values)


@torch.no_grad()
def probabilities(weights: Path, judges: DataLoader[Batch]) -> Iterator[Tensor]:
    """Of each batch N x classes x H x W."""
    network, inputs = network_of(weights)
    for batch in judges:
        yield torch.softmax(scores_of(network, inputs(batch), batch["labels"].shape[1:]), dim=1)


def scores(found: Iterator[Tensor], judges: DataLoader[Batch]) -> Scores:
    counts: NDArray[np.int64] = np.zeros((len(NYU13), len(NYU13) + 1), np.int64)
    for batch, values in zip(judges, found, strict=True):
        labels = values.argmax(dim=1).byte().numpy()
        counts += confusion(batch["labels"].byte().numpy(), labels)
    return Scores.of(counts)


def row(name: str, found: list[Scores], parameters: int) -> dict[str, Any]:
    """Means over the seeds, and the smallest and largest mean IoU."""
    ious = [one.mean_iou for one in found]
    means = {
        "global": np.mean([one.global_accuracy for one in found]),
        "mean_recall": np.mean([one.mean_recall for one in found]),
        "mean_iou": np.mean(ious),
        "least_iou": min(ious),
        "most_iou": max(ious),
    }
    rounded = {key: round(float(value), 4) for key, value in means.items()}
    return {"network": name, "parameters": parameters, "seeds": len(found), **rounded}


def scored(places: dict[str, list[Path]], judges: DataLoader[Batch]) -> list[dict[str, Any]]:
    """A row for each network, whose weights of each seed are in `places`, and for late fusion."""
    rows = []
    for name, weights in places.items():
        found = [scores(probabilities(file, judges), judges) for file in weights]
        network, _ = network_of(weights[0])
        rows.append(row(name, found, sum(p.numel() for p in network.parameters())))
    if set(_LATE_OF) <= set(places):
        late = [
            scores((a * b for a, b in zip(*both, strict=True)), judges)
            for pair in zip(*(places[name] for name in _LATE_OF), strict=True)
            for both in [[probabilities(file, judges) for file in pair]]
        ]
        parameters = sum(one["parameters"] for one in rows if one["network"] in _LATE_OF)
        rows.append(row(LATE, late, parameters))
    return rows


def table_of(rows: list[dict[str, Any]]) -> Table:
    table = Table(*rows[0])
    for one in rows:
        table.add_row(*(str(value) for value in one.values()))
    return table


def main(
    rooms: Annotated[Path, typer.Argument(help="Rooms to learn from, or prepared views of them")],
    judges: Annotated[Path, typer.Argument(help="Rooms to judge by, of held-out furniture")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of each training")] = 1500,
    batch: Annotated[int, typer.Option(min=1, help="Samples per step")] = 8,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each network")] = 3,
    size: Annotated[tuple[int, int], typer.Option(help="Height and width, px")] = (96, 128),
    folder: Annotated[Path, typer.Option(help="Where the runs are kept")] = ROOT / "out/table",
    only: Annotated[list[str] | None, typer.Option(help="Networks; else all")] = None,
    record: Annotated[Path | None, typer.Option(help="Where the record goes")] = None,
) -> None:
    """Trains what `folder` does not hold yet, scores and records the table."""
    names = only or list(ENTRIES)
    if unknown := sorted(set(names) - set(ENTRIES)):
        raise InputError(f"the table has no {unknown}; it has: {', '.join(ENTRIES)}")
    height, width = size
    views = training_views([rooms], str(folder / "views"), 0)
    judged = training_views([judges], str(folder / "judges"), 0, judges=True)
    whole = WholeViews(judged, range(len(judged)), DrawSettings(height, width))
    loader: DataLoader[Batch] = DataLoader(whole, batch_size=batch)
    setup = {"steps": steps, "batch": batch, "height": height, "width": width, "views": len(views)}
    common = [f"{name}={setup[name]}" for name in ("steps", "batch", "height", "width")]
    common += ["minutes=0", "balance=1", "rare=0", "picture_every=0", "ema=0.99"]
    common += [f"learning_rate={2e-3}", f"warm_up_steps={min(50, steps)}"]
    places: dict[str, list[Path]] = {}
    with written_by(None):  # runs go on in folders that are there
        for seed in range(seeds):
            for name in names:
                place = folder / f"{name.replace(' ', '_')}_{seed}"
                made = trained(name, place, [*common, f"seed={seed}"], views.folder)
                places.setdefault(name, []).append(made)
    rows = scored(places, loader)
    Console(width=120).print(table_of(rows))
    write_record("segmentation_table", rows, record, setup=setup)


if __name__ == "__main__":
    run(lambda: typer.run(main))
