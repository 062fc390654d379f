"""What shots that do not lie over each other cost, before and after they are laid so.

`python benchmarks/reflection_alignment.py` moves and turns the images of a path-traced pane (that
of the package, or with `--views look` those rendered for development), each another way and up to
4 px, and scores the transmission of every method with each kind of alignment.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _panes import rendered
from _record import ROOT, write_record
from reflection_panes import seen_by_a_camera
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ddff_perception.reflection.methods import METHODS
from ddff_perception.reflection.pipeline import SeparationPipeline, Wanted
from ddff_perception.simulation.polarizer_camera.frames import open_polarization
from ddff_perception.types import LayerPair, PolarizedImages

SHIFTS_PX = (0.0, 0.5, 1.0, 2.0, 4.0)
TURNS_DEG = (0.0, 0.5)
ALIGNMENTS = ("none", "ecc", "flow", "features")
MARGIN = 12
# Where the shots go: the first stays, the others leave it each in its own direction.
WAYS = ((0.0, 0.0), (1.0, 0.0), (-0.6, 0.8), (0.28, -0.96))
View = tuple[PolarizedImages, LayerPair]


def moved(images: PolarizedImages, shift_px: float, turn_deg: float) -> list[np.ndarray]:
    """The images with all but the first moved by `shift_px` and turned to and fro."""
    height, width = images.images[0].shape[:2]
    found = []
    for number, image in enumerate(images.images):
        x, y = WAYS[number % len(WAYS)]
        turn = 0.0 if number == 0 else turn_deg * (-1) ** number
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
        matrix[:, 2] += shift_px * x, shift_px * y
        border = cv2.BORDER_REFLECT
        seen = image
        if shift_px or turn_deg:
            flags = cv2.INTER_LANCZOS4
            seen = cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=border)
        found.append(seen)
    return found


def views(subset: str, folder: Path) -> list[View]:
    """Images of 8 bits and true layers."""
    if subset != "demo":
        return [seen_by_a_camera(*pair) for pair in rendered(subset, folder)]
    pane = open_polarization(None)
    assert pane.transmission is not None and pane.reflection is not None
    layers = (np.float32(1 / 255) * layer for layer in (pane.transmission, pane.reflection))
    truth = LayerPair(*layers)
    return [(PolarizedImages(pane.images, pane.angles_deg), truth)]


def decibels(
    view: View, pipeline: SeparationPipeline, stamp_ns: int, shift_px: float, turn_deg: float
) -> float:
    images, truth = view
    pipeline.add_set(stamp_ns, moved(images, shift_px, turn_deg), images.angles_deg)
    layers = pipeline.separate(Wanted(degree=False, angle=False)).layers
    assert layers is not None
    inside = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    error = layers.transmission[inside] - truth.transmission[inside]
    return float(10 * np.log10(truth.transmission.max() ** 2 / np.mean(np.square(error))))


def scores(found: list[View], alignment: str, name: str) -> dict[tuple[float, float], float]:
    """Mean decibels of a method per shift and turn."""
    engine = {"engine.threads": 1} if METHODS[name].network else None
    pipeline = SeparationPipeline(name, engine, alignment={"alignment": alignment})
    stamps = count(1)
    means = {}
    for shift in SHIFTS_PX:
        for turn in TURNS_DEG:
            each = [decibels(view, pipeline, next(stamps), shift, turn) for view in found]
            means[shift, turn] = round(float(np.mean(each)), 1)
    pipeline.close()
    return means


def main(
    subset: Annotated[str, typer.Option("--views", help="demo, look or test")] = "demo",
    folder: Annotated[Path, typer.Option(help="Where rendered views are kept")] = ROOT
    / "out/panes",
) -> None:
    """Scores all methods on moved shots and records the table."""
    found, console = views(subset, folder), Console()
    cases = [(alignment, name) for alignment in ALIGNMENTS for name in METHODS]
    means = {case: scores(found, *case) for case in track(cases, "Moving shots")}
    rows: list[dict[str, Any]] = [
        {
            "shift_px": shift,
            "turn_deg": turn,
            "alignment": alignment,
            **{name: means[alignment, name][shift, turn] for name in METHODS},
        }
        for shift in SHIFTS_PX
        for turn in TURNS_DEG
        for alignment in ALIGNMENTS
    ]
    table = Table(title="Transmission of moved shots: PSNR [dB]")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), justify="right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)
    path = write_record("reflection_alignment", rows, setup={"views": subset, "panes": len(found)})
    console.print(f"recorded in {path}")


if __name__ == "__main__":
    typer.run(main)
