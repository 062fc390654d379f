"""What single images of a wide aperture say of depth, and what undoing their blur gains.

`python benchmarks/defocus.py SET` goes through the stack folders in SET (or one) that have true
depth, an all-in-focus image (aif.png) and a known lens: path-traced ones by `python
benchmarks/judges.py`, of assets that no training has seen. Three slices of each: the nearest focus,
the middle and the farthest. Folders of triples (`ddff triples prepare`) in SET count as well. A
network of one's own: `-p method=defocus_light -p defocus_light.model=FILE`.

Where real focal stacks are (DDFF_CAPTURES), three slices of each are judged by what the whole stack
says: depth order, and its all-in-focus image.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _real_slices import real_rows
from _record import RECORDS, run, write_record

from ddff_perception.defocus.interface import DEPTH_FROM_DEFOCUS
from ddff_perception.defocus.pipeline import DefocusPipeline
from ddff_perception.defocus.triples.folder import DESCRIPTION, read_triples
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.images import read_image
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.optics.thin_lens import signed_defocus_px
from ddff_perception.types import FloatArray, ImageArray, InputError

THREADS = 2
KINDS = {"stack.json": "stacks", DESCRIPTION: "triples"}


@dataclass(frozen=True, slots=True)
class Judged:
    """An image of a known lens, and what is true of it."""

    scene: str
    image: ImageArray
    sharp: ImageArray
    depth: FloatArray
    focus_m: float
    blur_scale: float


def side_of(defocus: FloatArray) -> str:
    """The side that a user would name: where nearly all of the scene lies, else both."""
    behind = float((defocus[np.isfinite(defocus)] > -0.5).mean())
    return "far" if behind > 0.95 else "near" if behind < 0.05 else "both"


def images_of(folder: Path) -> Iterator[Judged]:
    """Three slices of a stack folder, or every triple of a folder of them."""
    if (folder / DESCRIPTION).is_file():
        for one in read_triples(folder):
            known = one.measured, one.focus_distance_m, one.blur_scale
            yield Judged(one.name, one.image, one.sharp, *known)
        return
    content = read_stack(folder)
    camera, slices = content.stack.camera, content.stack.slices
    if content.truth is None or camera is None or not camera.aperture_diameter_m:
        return
    sharp, scale = read_image(folder / "aif.png"), camera.aperture_diameter_m * camera.fx
    for number in (0, len(slices) // 2, len(slices) - 1):
        taken, name = slices[number], folder.name.partition("-")[0]
        yield Judged(name, taken.image, sharp, content.truth, taken.focus_distance_m, scale)


def measured(judged: Judged, values: dict[str, Any]) -> dict[str, Any]:
    """One image: errors in dioptres, PSNR before and after, and milliseconds of the processor."""
    defocus = signed_defocus_px(1 / judged.depth, 1 / judged.focus_m, judged.blur_scale)
    side = side_of(defocus)
    lens = {"lens.focus_distance_m": judged.focus_m, "lens.blur_per_dioptre_px": judged.blur_scale}
    pipeline = DefocusPipeline({**lens, "side": side, **values})
    if pipeline.engines is not None:
        pipeline.engines.load()
    pipeline.add_image(1, judged.image)
    pipeline.estimate()
    begun = time.process_time()
    result = pipeline.estimate()
    estimated = time.process_time()
    found = pipeline.sharpen(result).found
    ended = time.process_time()
    pipeline.close()
    evaluation = DepthEvaluation(domains=("dioptres",), edges=True)
    evaluation.add(found.depth, judged.depth, found.confidence)
    trust = evaluation.reliability()
    error, constant = (evaluation.scores(v, "dioptres").mae for v in ("filled", "best_constant"))
    came, made = (
        image_scores(unit_image(i), unit_image(judged.sharp)).psnr_db
        for i in (judged.image, found.sharp)
    )
    known = np.isfinite(defocus)
    return {
        "scene": judged.scene,
        "focus_m": judged.focus_m,
        "side": side,
        "disc_px": float(np.abs(defocus[known]).mean()),
        "error_dpt": error,
        "constant_dpt": constant,
        "share": error / constant,
        "edges": evaluation.edge_divergence,
        "calibration": None if trust is None else trust.expected_calibration_error,
        "gain_db": made - came,
        "estimate_ms": 1e3 * (estimated - begun),
        "sharpen_ms": 1e3 * (ended - estimated),
    }


def headline(method: str, rows: list[dict[str, Any]]) -> str:
    """What all images say together."""
    mean = float(np.mean([row["share"] for row in rows]))
    better = sum(row["share"] < 1 for row in rows)
    gains = [row["gain_db"] for row in rows if row["disc_px"] >= 4]
    how = "Without learning" if method == "edges" else f"By {method}"
    text = (
        f"{how} one image's depth is {mean:.2f} times as far off as the best constant map "
        f"({better} of {len(rows)} are better than it)"
    )
    if not gains:
        return f"{text}."
    gained = f"{float(np.mean(gains)):+.1f} dB where discs are 4 px wide on the mean"
    return f"{text}; its blur undone gains {gained}."


def main(
    images: Annotated[Path, typer.Argument(help="Folder of stack folders or triples, or of sets.")],
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="name=value")] = None,
    captures: Annotated[
        Path | None,
        typer.Option(envvar="DDFF_CAPTURES", help="Real focal stacks; without, they are left out."),
    ] = None,
    record: Annotated[Path, typer.Option(help="Folder of the records.")] = RECORDS,
) -> None:
    """Measures all images and writes the records."""
    cv2.setNumThreads(THREADS)
    given = DEPTH_FROM_DEFOCUS.parameters.parse(param or [])
    folders = sorted({file.parent for name in KINDS for file in images.rglob(name)})
    rows = []
    for judged in (one for folder in folders for one in images_of(folder)):
        rows.append(measured(judged, given))
        typer.echo(" ".join(f"{k} {v}" for k, v in rows[-1].items()))
    if not rows:
        raise InputError(f"{images} holds no stack with depth and a known lens, and no triples")
    text = headline(str(given.get("method", "edges")), rows)
    typer.echo(text)
    write_record("defocus", rows, record / "defocus.json", headline=text)
    if captures is None:
        typer.echo("No real stacks: set DDFF_CAPTURES")
        return
    real = real_rows(captures, given)
    for row in real:
        typer.echo(" ".join(f"{k} {v}" for k, v in row.items()))
    if real:
        command = "python benchmarks/defocus.py SET"
        write_record("defocus_real", real, record / "defocus_real.json", command=command)


if __name__ == "__main__":
    run(lambda: typer.run(main))
