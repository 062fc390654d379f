"""Do class labels help restoration? The comparison of Hazirbas' thesis, Table 5.1, in small.

    python benchmarks/restoration_classes.py VIEWS JUDGES

trains SSN, SSN_l, TSN_mid, TSN_late and MSN from nothing on VIEWS (labelled: a rendered data set of
`ddff simulate dataset`, or a set of `ddff train restoration --data`) with as many parameters, the
same crops, steps and seeds, to undo Gaussian blur; and scores them on JUDGES by class. MSN trains
half of its steps by streams, a quarter its fusion, a quarter both (the thesis' stages). What a run
left in `--folder` is not trained again.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from ddff_perception.restoration.evaluation.by_class import ClassErrors
from ddff_perception.restoration.training import networks
from ddff_perception.training.weights import load_weights

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


@torch.no_grad()
def errors_of(name: str, weights: Path, judges: Pictures, degraded: str) -> ClassErrors:
    """Of the network; of the degraded images themselves without a name."""
    errors = ClassErrors(judges.classes)
    network, multiple = None, 1
    if name:
        values = read_json(weights.with_suffix(".json"))["network_parameters"]
        network, multiple = NETWORKS[name].network(values).eval(), 2 ** int(values["blocks"])
        load_weights(network, weights)
    torch.manual_seed(0)
    for image, labels in zip(judges.images, judges.labels, strict=True):
        height, width = (n - n % multiple for n in labels.shape)
        clean = image[None, :, :height, :width].float() / 255
        part = labels[:height, :width]
        seen, _ = as_seen(clean, degradation(degraded))
        made = seen if network is None else network(seen, part[None])
        pictures = [one[0].permute(1, 2, 0).numpy() for one in (made.clamp(0, 1), clean)]
        errors.add(pictures[0], pictures[1], part.numpy())
    return errors


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
    setup = {"batch": batch, "size": size, "blocks": blocks, "capacity": capacity}
    common = [f"{name}={value}" for name, value in setup.items()] + ["minutes=0", "width=0"]
    common += [f"warm_up_steps={min(50, steps // 4)}"]
    rows = []
    with written_by(None):  # runs go on in folders that are there
        for blur in blurs or ["blur_2", "blur_4", "blur_6"]:
            came = [errors_of("", Path(), held, blur)] * seeds
            scores: dict[str, list[ClassErrors]] = {}
            for name in NETWORKS:
                scores[name] = [
                    errors_of(
                        name,
                        trained_in_stages(
                            name,
                            folder / f"{blur}_{name}_{seed}",
                            [*common, f"seed={seed}", f"degradation={blur}"],
                            steps,
                            views,
                        ),
                        held,
                        blur,
                    )
                    for seed in range(seeds)
                ]
                rows.append(row(blur, name, scores[name], scores[FIRST]))
                print(rows[-1], flush=True)
            rows.append(row(blur, "as it came", came, scores[FIRST]))
    Console(width=120).print(table_of(rows))
    setup |= {"steps": steps, "seeds": seeds, "images": len(held.images)}
    write_record("restoration_classes", rows, record, setup=setup)


if __name__ == "__main__":
    run(lambda: typer.run(main))
