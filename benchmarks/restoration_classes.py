"""Do class labels help restoration? The comparison of Hazirbas' thesis, Table 5.1, in small.

    python benchmarks/restoration_classes.py VIEWS JUDGES

trains SSN, SSN_l, TSN_mid, TSN_late and MSN from nothing on VIEWS (labelled: a rendered data set of
`ddff simulate dataset`, or a set of `ddff train restoration --data`) with as many parameters, the
same crops, steps and seeds, to undo Gaussian blur; and scores them on JUDGES by class, with how
often each class is there, MSN's streams cut and pasted by the labels (what its fusion has to be
better than), and which of its streams restores which class. MSN trains
half of its steps by streams, a quarter its fusion, a quarter both (the thesis' stages). What a run
left in `--folder` is not trained again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from _record import ROOT, run, write_record
from _trained import trained
from rich.console import Console
from rich.table import Table

from ddff_perception.files.images import read_json
from ddff_perception.files.results import written_by
from ddff_perception.restoration.data.degrading import as_seen, degradation
from ddff_perception.restoration.data.pictures import Pictures, clean_pictures
from ddff_perception.restoration.evaluation.by_class import ClassErrors, stream_by_class
from ddff_perception.restoration.networks.semantic import Msn, cut_and_paste
from ddff_perception.restoration.training import networks
from ddff_perception.training.weights import load_weights
from ddff_perception.types import FloatArray

NETWORKS = {
    one.name: one
    for one in (
        networks.SSN,
        networks.SSN_LABELS,
        networks.TSN_MID,
        networks.TSN_LATE,
        networks.MSN,
    )
}
FIRST = "ssn"
# Of MSN's steps.
STAGES = {"streams": 0.5, "fusion": 0.25, "joint": 0.25}


def trained_in_stages(
    name: str, folder: Path, common: Sequence[str], steps: int, data: Path
) -> Path:
    """The weights of one network after `steps` in all."""
    if name != "msn":
        return trained("restoration", name, folder, [*common, f"steps={steps}"], [data])
    weights: Path | None = None
    for stage, share in STAGES.items():
        own = [*common, f"steps={max(1, round(share * steps))}", f"stage={stage}"]
        place = folder / stage
        weights = trained("restoration", name, place, own, [data], start=weights)
    assert weights is not None
    return weights


@dataclass
class Judged:
    """`whole`: errors of what a network makes. Of MSN also of each stream, by its class, and of
    their parts cut and pasted by the labels.
    """

    whole: ClassErrors
    pasted: ClassErrors
    streams: dict[str, ClassErrors]


@torch.no_grad()
def judged_by(name: str, weights: Path, judges: Pictures, degraded: str) -> Judged:
    """The network's errors; those of the degraded images themselves without a name."""
    classes = judges.classes
    found = Judged(ClassErrors(classes), ClassErrors(classes), {})
    network, multiple = None, 1
    if name:
        values = read_json(weights.with_suffix(".json"))["network_parameters"]
        network, multiple = NETWORKS[name].network(values).eval(), 2 ** int(values["blocks"])
        load_weights(network, weights)
    if isinstance(network, Msn):
        found.streams = {one: ClassErrors(classes) for one in classes}
    torch.manual_seed(0)
    for image, labels in zip(judges.images, judges.labels, strict=True):
        height, width = (n - n % multiple for n in labels.shape)
        clean = image[None, :, :height, :width].float() / 255
        part = labels[:height, :width]
        seen, _ = as_seen(clean, degradation(degraded))
        made = {id(found.whole): seen if network is None else network(seen, part[None])}
        if isinstance(network, Msn):
            partial = network.whole(seen).partial
            made[id(found.pasted)] = cut_and_paste(partial, part[None], seen)
            own = zip(found.streams.values(), partial, strict=True)
            made |= {id(errors): one for errors, one in own}
        for errors in (found.whole, found.pasted, *found.streams.values()):
            if id(errors) in made:
                errors.add(_picture(made[id(errors)]), _picture(clean), part.numpy())
    return found


def _picture(batch: torch.Tensor) -> FloatArray:
    return np.asarray(batch[0].clamp(0, 1).permute(1, 2, 0), np.float32)


def matrix_of(found: Sequence[Judged]) -> list[list[float | None]]:
    """S x C: how well each stream (row) restores each class (column), each row by its own range
    (Fig. 5.6), mean over the seeds; None where a class is not there.
    """
    mean = np.mean([stream_by_class(one.streams) for one in found], axis=0)
    return [[None if np.isnan(v) else round(float(v), 3) for v in line] for line in mean]


def row(blur: str, name: str, found: list[ClassErrors], first: list[ClassErrors]) -> dict[str, Any]:
    """Means over the seeds; `more_db`: above SSN of the same seed, each seed's own beside."""
    more = [one.mean_db - other.mean_db for one, other in zip(found, first, strict=True)]
    classes = {
        key: round(float(np.mean([one.psnr_db[key] for one in found])), 3) for key in found[0].names
    }
    return {
        "blur": blur,
        "network": name,
        "mean_db": float(np.mean([one.mean_db for one in found])),
        "overall_db": float(np.mean([one.overall_db for one in found])),
        "more_db": float(np.mean(more)),
        "more_db_each": [round(one, 3) for one in more],
        "psnr_db": classes,
    }


def tables_of_streams(streams: Mapping[str, Any], classes: Sequence[str]) -> list[Table]:
    """A table per blur: rows are MSN's streams, columns the classes of the pixels."""
    found = []
    for blur, lines in streams.items():
        table = Table("stream", *classes, title=f"Streams by class, {blur}: 0 worst, 1 best")
        for name, line in zip(classes, lines, strict=True):
            table.add_row(name, *("" if value is None else f"{value:.2f}" for value in line))
        found.append(table)
    return found


def table_of(rows: list[dict[str, Any]]) -> Table:
    table = Table("blur", "network", "mean over classes [dB]", "all pixels [dB]", "above SSN [dB]")
    for one in rows:
        each = ", ".join(f"{value:+.2f}" for value in one["more_db_each"])
        numbers = (f"{one[key]:.2f}" for key in ("mean_db", "overall_db"))
        table.add_row(one["blur"], one["network"], *numbers, f"{one['more_db']:+.2f} ({each})")
    return table


def main(
    views: Annotated[Path, typer.Argument(help="To learn from, labelled")],
    judges: Annotated[Path, typer.Argument(help="To judge by, of scenes that VIEWS do not show")],
    steps: Annotated[int, typer.Option(min=4, help="Steps of each training")] = 3000,
    batch: Annotated[int, typer.Option(min=1, help="Crops per step")] = 4,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each")] = 3,
    size: Annotated[int, typer.Option(help="Side of the crops, px")] = 64,
    blocks: Annotated[int, typer.Option(min=3, max=8, help="Blocks of the U-Nets")] = 5,
    capacity: Annotated[int, typer.Option(help="Parameters of each network")] = 1_000_000,
    blurs: Annotated[
        list[str] | None, typer.Option("--blur", help="blur_2, blur_4, blur_6")
    ] = None,
    judged: Annotated[int, typer.Option(min=1, help="Images to judge by")] = 120,
    folder: Annotated[Path, typer.Option(help="Where the runs are kept")] = ROOT / "out/classes",
    record: Annotated[Path | None, typer.Option(help="Where the record goes")] = None,
) -> None:
    """Trains what `folder` does not hold yet, scores, prints and records the table."""
    pictures = clean_pictures([judges], 0, judges=True)
    held = Pictures(
        pictures.images[:judged], pictures.labels[:judged], pictures.classes, pictures.source, ()
    )
    setup: dict[str, Any] = {"batch": batch, "size": size, "blocks": blocks, "capacity": capacity}
    common = [f"{name}={value}" for name, value in setup.items()] + ["minutes=0", "width=0"]
    common += [f"warm_up_steps={min(50, steps // 4)}"]
    rows: list[dict[str, Any]] = []
    streams: dict[str, Any] = {}
    with written_by(None):  # runs go on in folders that are there
        for blur in blurs or ["blur_2", "blur_4", "blur_6"]:
            came = judged_by("", Path(), held, blur).whole
            scores: dict[str, list[Judged]] = {}
            for name in NETWORKS:
                own = [*common, f"degradation={blur}"]
                places = [folder / f"{blur}_{name}_{seed}" for seed in range(seeds)]
                scores[name] = [
                    judged_by(name, weights, held, blur)
                    for weights in (
                        trained_in_stages(name, place, [*own, f"seed={seed}"], steps, views)
                        for seed, place in enumerate(places)
                    )
                ]
                first = [one.whole for one in scores[FIRST]]
                rows.append(row(blur, name, [one.whole for one in scores[name]], first))
                print(rows[-1], flush=True)
            rows.append(row(blur, "cut and paste", [one.pasted for one in scores["msn"]], first))
            rows.append(row(blur, "as it came", [came] * seeds, first))
            streams[blur] = matrix_of(scores["msn"])
    console = Console(width=120)
    for table in (table_of(rows), *tables_of_streams(streams, held.classes)):
        console.print(table)
    setup |= {"steps": steps, "seeds": seeds, "images": len(held.images)}
    setup["shares"] = {name: round(share, 4) for name, share in came.frequency.items()}
    write_record("restoration_classes", rows, record, setup=setup, streams=streams)


if __name__ == "__main__":
    run(lambda: typer.run(main))
