"""Every real polarization capture through every method, as pictures and numbers.

    python benchmarks/real_polarization.py [CAPTURES]

The captures are raw images of polarization cameras in CAPTURES/polarization, in the folder that
DDFF_CAPTURES names, or in `../shared/data`. None has true layers: what is known of each (polarizers
held before the scene) is scored.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
from ddff_perception.reflection.capture.images import CaptureSettings
from ddff_perception.reflection.evaluation.report import SEPARATION_RESULTS
from ddff_perception.reflection.evaluation.results import SUMMARY, write_separation
from ddff_perception.reflection.methods import METHODS
from ddff_perception.reflection.pipeline import Separation, SeparationPipeline

REPEATS = 3


@dataclass(frozen=True)
class Capture:
    """One raw image: its file, its layout, and what is known of it."""

    file: str
    layout: str
    known: str
    score: Callable[[Separation], float]


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
    Capture(
        "polarizer_IMX250MZR.png",
        "90_45_135_0",
        "error of the four polarizers' angles, degrees",
        angles_of_discs,
    ),
)


def separate(captures: Path, capture: Capture, method: str, output: Path) -> dict[str, Any]:
    """Writes the result folder of one method and returns its row."""
    raw = read_image(captures / "polarization" / capture.file)
    pipeline = SeparationPipeline(method, capture={"layout": capture.layout})
    times = []
    for number in range(REPEATS):
        pipeline.add_mosaic(number + 1, raw)
        started = time.perf_counter()
        separation = pipeline.separate()
        times.append(time.perf_counter() - started)
    assert separation.layers is not None and separation.degree is not None
    seconds = float(np.median(times))
    values = CaptureSettings(layout=capture.layout)
    write_separation(output, separation.images, separation.layers, values, separation.kind)
    height, width = separation.degree.shape
    summary = {
        "polarizer_angles_deg": list(separation.images.angles_deg),
        "method": method,
        "method_s": separation.timings_ms[method] / 1e3,
        "date": today(),
        "hardware": hardware(),
    }
    write_json(output / SUMMARY, summary)
    behind = float(separation.layers.transmission.mean())
    mirrored = float(separation.layers.reflection.mean())
    confidence = separation.layers.confidence
    return {
        "capture": capture.file,
        "size": f"{width}x{height}",
        "method": method,
        "score_is": capture.known,
        "score": round(capture.score(separation), 3),
        "reflected_percent": round(100 * mirrored / (behind + mirrored), 1),
        "confidence": None if confidence is None else round(float(confidence.mean()), 3),
        "frame_ms": round(1e3 * seconds, 1),
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
            folders.append(output / f"{Path(capture.file).stem}_{method}")
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
