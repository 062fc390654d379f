"""Reflection separation in rendered rooms: panes and their borders, wet floors, no glass at all.

`python benchmarks/reflection_world.py` renders views of the preset `polarizer` from the held-out
side of the assets (`--use judge`), which no training draws and nothing was fitted on, adds a
camera's noise and 8 bits, and scores the transmission of every method. Where there is no glass the
truth is the view as it is. Rendered once, the views are kept in `out/reflection_world`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _record import ROOT, write_record
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ddff_perception.optics.polarization import (
    Stokes,
    intensity_behind_polarizer,
    stokes_from_images,
)
from ddff_perception.reflection.evaluation.harm import harm_rate, holes, new_edges, worst_error
from ddff_perception.reflection.methods import METHODS, create_method
from ddff_perception.simulation.dataset.making import make_dataset
from ddff_perception.simulation.dataset.reader import PolarizedView, WorldDataset
from ddff_perception.simulation.dataset.settings import PRESETS
from ddff_perception.types import FloatArray, PolarizedImages

PLAIN = "plain input"
NOISE = 0.003
SIZE = (160, 120)
SEED = 90_210
ANGLES = ((0.0, 45.0, 90.0), (0.0, 45.0, 90.0, 135.0))
# A view with less of it under glass counts as one without.
LEAST_GLASS = 0.01


@dataclass(frozen=True)
class Judged:
    """8-bit images, the true transmission on their scale, and the share under glass."""

    images: PolarizedImages
    truth: FloatArray
    glass: float


def judged(view: PolarizedView, number: int) -> Judged:
    """A view as a camera takes it."""
    stokes = Stokes(*(np.ascontiguousarray(part) for part in np.moveaxis(view.stokes, 2, 0)))
    angles = ANGLES[number % 2]
    lights = [intensity_behind_polarizer(stokes, angle) for angle in angles]
    exposure = np.float32(0.95 / max(float(np.percentile(lights, 99.0)), 1e-6))
    rng = np.random.default_rng([SEED, number])
    images = []
    for light in lights:
        noisy = exposure * light + NOISE * rng.standard_normal(light.shape)
        images.append(np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8))
    # What is clipped in the images is not to be found again.
    truth = np.minimum(exposure * view.transmission / 2, 1)
    return Judged(
        PolarizedImages(tuple(images), angles), truth, float((view.incidence_deg > 0).mean())
    )


def decibels(found: FloatArray, truth: FloatArray) -> float:
    peak = float(truth.max())
    return float(10 * np.log10(peak**2 / max(float(np.mean(np.square(found - truth))), 1e-12)))


def scores(views: list[Judged]) -> list[dict[str, Any]]:
    """A row per view and method."""
    methods = {name: create_method(name) for name in METHODS}
    rows = []
    for view in track(views, "Separating"):
        mean = stokes_from_images(view.images.images, view.images.angles_deg).s0 / 2
        found = {name: method(view.images).transmission for name, method in methods.items()}
        others = found["most_attenuated"], found["farid_adelson"]
        for name, layer in ({PLAIN: mean} | found).items():
            rows.append(
                {
                    "method": name,
                    "glass": view.glass > LEAST_GLASS,
                    "db": decibels(layer, view.truth),
                    "change_db": decibels(layer, mean),
                    "harm": harm_rate(layer, view.truth, mean),
                    "worst": worst_error(layer, view.truth),
                    "holes": holes(layer, view.images, others),
                    "edges": new_edges(layer, view.images),
                }
            )
    return rows


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per method."""
    found = []
    for name in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == name]

        def mean(key: str, of: list[dict[str, Any]], factor: float = 1.0) -> float | None:
            return round(factor * float(np.mean([r[key] for r in of])), 2) if of else None

        panes, free = ([row for row in mine if row["glass"] is glass] for glass in (True, False))
        found.append(
            {
                "method": name,
                "views": len(mine),
                "transmission_psnr_db": mean("db", mine),
                "transmission_least_db": round(min(row["db"] for row in mine), 2),
                "with_pane_db": mean("db", panes),
                "without_glass_db": mean("db", free),
                "change_db": None if name == PLAIN else mean("change_db", free),
                "harm_percent": mean("harm", mine, 100),
                "worst_percent": mean("worst", mine, 100),
                "holes_percent": mean("holes", mine, 100),
                "edges_percent": mean("edges", mine, 100),
            }
        )
    return found


def main(
    views: Annotated[int, typer.Option(min=1, help="How many views")] = 24,
    folder: Annotated[Path, typer.Option(help="Where rendered views are kept")] = ROOT
    / "out/reflection_world",
    render: Annotated[bool, typer.Option(help="Only render the views")] = False,
) -> None:
    """Scores all methods on rendered rooms and records the table."""
    width, height = SIZE
    settings = replace(PRESETS["polarizer"], use="judge", seed=SEED, width=width, height=height)
    make_dataset(folder, settings, views)
    if render:
        return
    dataset = WorldDataset(folder)
    polarized = [dataset[number].polarized for number in range(len(dataset))]
    rows = scores([judged(view, n) for n, view in enumerate(polarized) if view is not None])
    means, console = summary(rows), Console()
    table = Table(title="Transmission in rendered rooms")
    for heading in means[0]:
        table.add_column(heading.replace("_", " "), justify="right")
    for row in means:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
    setup = {"seed": SEED, "noise": NOISE, "bits": 8, "size": list(SIZE)}
    path = write_record("reflection_world", means, setup=setup, of_each_view=rows)
    console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
