"""Grid search of VDFF on stack folders with known depth, beside the other classical methods.

    python benchmarks/grid_search.py STACK [STACK ...] --alpha 1,6,30 --denominator 0.03,0.3

The score is the mean absolute error in dioptres over all pixels, averaged over the stacks. The
thesis of Hazirbas (2019, section 3.5) tunes VDFF in this way before it compares.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _record import write_record
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ddff_perception.depth_from_focus.classical.aggregation import aggregate
from ddff_perception.depth_from_focus.classical.filtering import solve_nonlinear
from ddff_perception.depth_from_focus.classical.focus_measures import (
    modified_laplacian,
    to_grey,
    yardstick,
)
from ddff_perception.depth_from_focus.classical.variational import (
    VDFF_TUNED,
    VdffSettings,
    contrast_volume,
    index_to_dioptres,
    solve_tv,
    solve_vdff,
)
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.parameters import Value
from ddff_perception.types import FloatArray, ImageArray, InputError

SEARCHED = ("alpha", "denominator", "degree", "iterations")
Solver = Callable[["Sweep"], FloatArray]


@dataclass(frozen=True)
class Sweep:
    """A focal stack with truth, its slices in ascending dioptres."""

    name: str
    images: list[ImageArray]
    contrast: FloatArray
    aggregated: FloatArray
    dioptres: NDArray[np.float64]
    truth: FloatArray

    def error(self, index_map: FloatArray) -> float:
        """Mean absolute error in dioptres over the pixels whose truth is known."""
        return self.constant_error(index_to_dioptres(index_map, self.dioptres))

    def constant_error(self, dioptres: FloatArray | float) -> float:
        return float(np.nanmean(np.abs(dioptres - self.truth)))


def load(folder: Path, radius: int = 4) -> Sweep:
    """The stack in `folder`; raises InputError where its distances or its depth are unknown."""
    content = read_stack(folder)
    if content.truth is None:
        raise InputError(f"{folder} has no depth.npy: a grid search needs the true depth")
    distances = content.stack.focus_distances_m
    if np.isnan(distances).any():
        raise InputError(f"{folder} has slices without focus distance: a grid search needs them")
    dioptres = 1.0 / distances
    order = np.argsort(dioptres, kind="stable")
    images = [content.stack.images[number] for number in order]
    measures = [modified_laplacian(to_grey(image)) for image in images]
    aggregated = np.stack([aggregate(measure, None, "box", radius) for measure in measures])
    truth = (1.0 / content.truth).astype(np.float32)
    return Sweep(folder.name, images, contrast_volume(images), aggregated, dioptres[order], truth)


def references() -> dict[str, Solver]:
    """The methods that VDFF is placed beside; each gives an index map."""
    return {
        "yardstick": lambda sweep: yardstick(sweep.images).astype(np.float32),
        "vdff (tuned)": lambda sweep: solve_vdff(sweep.contrast, VDFF_TUNED)[0],
        "tv": lambda sweep: solve_tv(sweep.aggregated)[0],
        "nonlinear": lambda sweep: solve_nonlinear(sweep.aggregated)[0],
    }


def combinations(grid: Mapping[str, Iterable[Value]]) -> list[dict[str, Value]]:
    """Every combination of the grid's values, the paper's first."""
    names = list(grid)
    found = [dict(zip(names, values, strict=True)) for values in itertools.product(*grid.values())]
    paper = {name: VdffSettings.table()[name].default for name in names}
    return [paper, *(values for values in found if values != paper)]


def row(method: str, errors: Mapping[str, float], **values: Value) -> dict[str, Any]:
    mean = float(np.mean(list(errors.values())))
    return {"method": method, **values, "mae_dioptres": mean, "per_stack": dict(errors)}


def search(sweeps: list[Sweep], grid: Mapping[str, Iterable[Value]]) -> list[dict[str, Any]]:
    """One row per method and per combination of VDFF's parameters, in order of computation."""
    constant = {s.name: s.constant_error(float(np.nanmedian(s.truth))) for s in sweeps}
    rows = [row("best constant", constant)]
    for name, solve in references().items():
        rows.append(row(name, {s.name: s.error(solve(s)) for s in sweeps}))
    for number, values in enumerate(
        track(combinations(grid), "VDFF", console=Console(stderr=True))
    ):
        errors = {
            s.name: s.error(solve_vdff(s.contrast, VdffSettings.from_values(values))[0])
            for s in sweeps
        }
        rows.append(row("vdff" if number else "vdff (paper)", errors, **values))
    return rows


def print_table(rows: list[dict[str, Any]], shown: int) -> None:
    table = Table(title="Mean absolute error over all pixels")
    for name in ("method", *SEARCHED):
        table.add_column(name)
    table.add_column("error, dioptres", justify="right")
    fixed = [entry for entry in rows if entry["method"] != "vdff"]
    tuned = sorted(
        (entry for entry in rows if entry["method"] == "vdff"), key=lambda e: e["mae_dioptres"]
    )
    for entry in sorted([*fixed, *tuned[:shown]], key=lambda e: e["mae_dioptres"]):
        cells = [str(entry.get(name, "")) for name in SEARCHED]
        table.add_row(entry["method"], *cells, f"{entry['mae_dioptres']:.4f}")
    Console().print(table)


def main(
    stacks: Annotated[list[Path], typer.Argument(help="Stack folders with depth.npy.")],
    alpha: Annotated[str, typer.Option(help="Values, comma-separated.")] = "1,2,6,20,60",
    denominator: Annotated[str, typer.Option(help="Values, comma-separated.")] = "0.03,0.1,0.3,1",
    degree: Annotated[str, typer.Option(help="Values, comma-separated.")] = "4,6,8",
    iterations: Annotated[str, typer.Option(help="Values, comma-separated.")] = "400",
    shown: Annotated[int, typer.Option(help="Tuned rows to print; the record holds all.")] = 10,
    record: Annotated[Path | None, typer.Option("--json", help="Where the record goes.")] = None,
) -> None:
    """Grid search of VDFF's parameters on stacks with known depth."""
    texts = dict(zip(SEARCHED, (alpha, denominator, degree, iterations), strict=True))
    try:
        grid = {
            name: [VdffSettings.table()[name].parse(item) for item in text.split(",") if item]
            for name, text in texts.items()
        }
        sweeps = [load(folder) for folder in stacks]
        rows = search(sweeps, grid)
        print_table(rows, shown)
        written = write_record("grid_search", rows, record, stacks=[s.name for s in sweeps])
    except InputError as error:
        Console(stderr=True).print(f"[red]{error}[/]", highlight=False)
        raise typer.Exit(2) from None
    Console().print(f"wrote {written}")


if __name__ == "__main__":
    typer.run(main)
