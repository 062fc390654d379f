"""What single slices of focal stacks say of depth, and what undoing their blur gains.

`python benchmarks/defocus.py SET` goes through the stack folders in SET (or one) that have true
depth, an all-in-focus image (aif.png) and a known lens: path-traced ones by `python
benchmarks/judges.py`, of assets that no training has seen. Three slices of each: the nearest focus,
the middle and the farthest.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from _record import write_record

from ddff_perception.defocus.interface import DEPTH_FROM_DEFOCUS
from ddff_perception.defocus.pipeline import DefocusPipeline
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.images import read_image
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.optics.thin_lens import signed_defocus_px
from ddff_perception.types import FloatArray, FocalStack

THREADS = 2


def side_of(defocus: FloatArray) -> str:
    """The side that a user would name: where nearly all of the scene lies, else both."""
    behind = float((defocus > -0.5).mean())
    return "far" if behind > 0.95 else "near" if behind < 0.05 else "both"


def measured(
    stack: FocalStack, truth: FloatArray, sharp: Any, number: int, values: dict[str, Any]
) -> dict[str, Any]:
    """One slice: errors in dioptres, PSNR before and after, and milliseconds of the processor."""
    taken, camera = stack.slices[number], stack.camera
    assert camera is not None and camera.aperture_diameter_m is not None
    scale = camera.aperture_diameter_m * camera.fx
    defocus = signed_defocus_px(1 / truth, 1 / taken.focus_distance_m, scale)
    side = side_of(defocus)
    pipeline = DefocusPipeline(
        {"lens.focus_distance_m": taken.focus_distance_m, "side": side, **values}
    )
    pipeline.camera = camera
    pipeline.add_image(1, taken.image)
    pipeline.estimate()
    begun = time.process_time()
    result = pipeline.estimate()
    estimated = time.process_time()
    found = pipeline.sharpen(result).found
    ended = time.process_time()
    pipeline.close()
    evaluation = DepthEvaluation(domains=("dioptres",), edges=True)
    evaluation.add(found.depth, truth, found.confidence)
    error, constant = (evaluation.scores(v, "dioptres").mae for v in ("filled", "best_constant"))
    came, made = (
        image_scores(unit_image(i), unit_image(sharp)).psnr_db for i in (taken.image, found.sharp)
    )
    known = np.isfinite(defocus)
    return {
        "side": side,
        "disc_px": float(np.abs(defocus[known]).mean()),
        "error_dpt": error,
        "constant_dpt": constant,
        "share": error / constant,
        "edges": evaluation.edge_divergence,
        "gain_db": made - came,
        "estimate_ms": 1e3 * (estimated - begun),
        "sharpen_ms": 1e3 * (ended - estimated),
    }


def main(
    stacks: Annotated[Path, typer.Argument(help="Folder of stack folders, or of sets of them.")],
    param: Annotated[list[str] | None, typer.Option("--param", "-p", help="name=value")] = None,
) -> None:
    """Measures all slices and writes the record."""
    cv2.setNumThreads(THREADS)
    given = DEPTH_FROM_DEFOCUS.parameters.parse(param or [])
    rows = []
    for folder in sorted(file.parent for file in stacks.rglob("stack.json")):
        content = read_stack(folder)
        camera = content.stack.camera
        if content.truth is None or camera is None or not camera.aperture_diameter_m:
            continue
        sharp = read_image(folder / "aif.png")
        count = len(content.stack.slices)
        for number in (0, count // 2, count - 1):
            focus = content.stack.slices[number].focus_distance_m
            found = measured(content.stack, content.truth, sharp, number, given)
            rows.append({"scene": folder.name.partition("-")[0], "focus_m": focus, **found})
            typer.echo(" ".join(f"{k} {v}" for k, v in rows[-1].items()))
    mean = float(np.mean([row["share"] for row in rows]))
    gain = float(np.mean([row["gain_db"] for row in rows if row["disc_px"] >= 4]))
    better = sum(row["share"] < 1 for row in rows)
    write_record(
        "defocus",
        rows,
        headline=f"Without learning one slice's depth is {mean:.1f} times as far off as the best "
        f"constant map ({better} of {len(rows)} slices are better than it); its blur undone gains "
        f"{gain:+.1f} dB where discs are 4 px wide on the mean.",
    )


if __name__ == "__main__":
    typer.run(main)
