"""Every real polarization capture through every method, as pictures and numbers.

    python benchmarks/real_polarization.py [CAPTURES]

The captures are raw images of polarization cameras and one set of images in CAPTURES/polarization,
in the folder that DDFF_CAPTURES names, or in `../shared/data`. None has true layers. What is known
of them: the polarizers before one, and that no method may tear holes or draw edges that none of the
images behind the polarizer has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from _record import ROOT, write_record
from rich.console import Console
from rich.table import Table

from ddff_perception.console import progress_bar
from ddff_perception.evaluation.machine import hardware, today
from ddff_perception.evaluation.reports.results import report_results
from ddff_perception.files.atomic import make_folder, write_json
from ddff_perception.files.images import read_image
from ddff_perception.optics.mosaic import ANGLES_DEG
from ddff_perception.reflection.capture.images import CaptureSettings
from ddff_perception.reflection.evaluation.harm import holes, new_edges
from ddff_perception.reflection.evaluation.report import SEPARATION_RESULTS
from ddff_perception.reflection.evaluation.results import SUMMARY, write_separation
from ddff_perception.reflection.methods import METHODS, create_method
from ddff_perception.reflection.pipeline import Separation, SeparationPipeline


@dataclass(frozen=True)
class Capture:
    """One capture: a raw image or a folder of images, and what stands before the view."""

    name: str
    glass: str

    @property
    def discs(self) -> bool:
        return self.glass == "polarizers"


def angles_of_discs(separation: Separation) -> float:
    """Mean error of the angle of polarization of four polarizers held before the landscape.

    Theirs are 83, 43, 175 and 136 degrees, as the capture's own source measures them.
    """
    assert separation.angle_rad is not None
    errors = []
    for column, angle in ((188, 83.0), (536, 43.0), (777, 175.0), (1051, 136.0)):
        disc = 2 * separation.angle_rad[514:574, column - 30 : column + 30]
        found = np.degrees(np.arctan2(np.sin(disc).mean(), np.cos(disc).mean())) / 2
        errors.append(abs((found - angle + 90) % 180 - 90))
    return float(np.mean(errors))


CAPTURES = (
    Capture("window_16bit.png", glass="window"),
    Capture("polarizer_IMX250MZR.png", glass="polarizers"),
    Capture("camera_and_mat.png", glass="none"),
    Capture("fruits.png", glass="none"),
    Capture("fruit_bowl", glass="none"),
)
LAYOUT = "90_45_135_0"


def feed(pipeline: SeparationPipeline, path: Path, stamp_ns: int) -> None:
    """Hands the capture to the pipeline."""
    if path.is_file():
        pipeline.add_mosaic(stamp_ns, read_image(path))
        return
    images = [read_image(path / f"{angle:g}.png") for angle in ANGLES_DEG]
    pipeline.add_set(stamp_ns, images, ANGLES_DEG)


def separate(captures: Path, capture: Capture, method: str, output: Path) -> dict[str, Any]:
    """Writes the result folder of one method and returns its row."""
    pipeline = SeparationPipeline(method, capture={"layout": LAYOUT})
    feed(pipeline, captures / "polarization" / capture.name, 1)
    separation = pipeline.separate()
    pipeline.close()
    assert separation.layers is not None and separation.degree is not None
    layers, images = separation.layers, separation.images
    others = tuple(
        create_method(name)(images).transmission for name in ("most_attenuated", "farid_adelson")
    )
    write_separation(output, images, layers, CaptureSettings(layout=LAYOUT), separation.kind)
    summary = {
        "polarizer_angles_deg": list(images.angles_deg),
        "method": method,
        "method_s": separation.timings_ms[method] / 1e3,
        "date": today(),
        "hardware": hardware(),
    }
    write_json(output / SUMMARY, summary)
    mean = layers.transmission + layers.reflection
    change = float(np.mean(np.square(layers.reflection)))
    sure = layers.confidence
    return {
        "capture": capture.name,
        "glass": capture.glass,
        "method": method,
        "holes_percent": round(100 * holes(layers.transmission, images, others), 3),
        "edges_percent": round(100 * new_edges(layers.transmission, images), 3),
        "change_db": round(10 * float(np.log10(float(mean.max()) ** 2 / max(change, 1e-12))), 1),
        "reflected_percent": round(100 * float(layers.reflection.mean() / mean.mean()), 1),
        "confidence": None if sure is None else round(float(sure.mean()), 3),
        "angle_error_deg": round(angles_of_discs(separation), 3) if capture.discs else None,
    }


def main(
    captures: Annotated[
        Path, typer.Argument(help="Folder of the captures.", envvar="DDFF_CAPTURES")
    ] = ROOT.parent / "shared" / "data",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")] = ROOT
    / "out"
    / "real_polarization",
) -> None:
    """Separates each capture with each method, and records numbers and a report."""
    jobs = [(capture, method) for capture in CAPTURES for method in METHODS]
    rows, folders = [], []
    make_folder(output)
    with progress_bar("separating captures", len(jobs)) as report:
        for capture, method in jobs:
            folders.append(output / f"{Path(capture.name).stem}_{method}")
            rows.append(separate(captures, capture, method, folders[-1]))
            report()
    report_results(
        [SEPARATION_RESULTS], folders, output / "report.html", title="Real polarization captures"
    )
    console = Console(width=140)
    table = Table(title="real polarization captures")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console.print(table)
    path = write_record("real_polarization", rows)
    console.print(f"{output / 'report.html'} and {path}")


if __name__ == "__main__":
    typer.run(main)
