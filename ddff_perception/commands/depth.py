"""`ddff depth`: a stack folder in, depth, confidence, all-in-focus image and cloud out."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.table import Table

from .. import __version__
from ..depth_from_focus.estimator import DepthFromFocus, all_parameters
from ..depth_from_focus.methods import METHODS
from ..evaluation.machine import hardware, today
from ..files.atomic import make_folder, write_json
from ..files.clouds import write_ply
from ..files.stack_folder import StackFolder, read_stack, write_array, write_image
from ..optics.camera_geometry import depth_to_points
from ..types import DepthEstimate, FocalStack
from ._common import console, progress_bar

MILLIMETRES_MAX = 65535


def depth(
    stack: Annotated[Path, typer.Argument(help="Stack folder (images and a stack.json).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path(
        "out/depth"
    ),
    method: Annotated[str, typer.Option(help=f"One of: {', '.join(METHODS)}.")] = "multiscale",
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value, as often as needed.", metavar="NAME=VALUE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary.json.")] = False,
) -> None:
    """Estimate depth from a focal stack.

    Writes depth.npy (float32 metres, NaN unknown), depth.png (16-bit millimetres, 0 unknown),
    confidence.npy, all_in_focus.png, depth_color.png, cloud.ply and summary.json.

    Examples:
      ddff depth my_stack -o out/my_stack

      ddff depth my_stack --method vdff --param alpha=4

      ddff depth my_phone_stack --param alignment=ecc

    """
    assignments = list(param or [])
    alignment, assignments = _take_alignment(assignments)
    parameters = all_parameters(method).parse(assignments)
    make_folder(output)
    folder = read_stack(stack)
    used = _aligned(folder.stack, alignment)
    estimator = DepthFromFocus(method, parameters, used.camera)
    started = time.perf_counter()
    estimate = _estimate(estimator, used)
    seconds = time.perf_counter() - started
    summary = _summary(folder, method, parameters, alignment, estimate, seconds)
    summary["cloud_points"] = write_results(output, estimate, used)
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo(json.dumps(json.loads((output / "summary.json").read_text()), indent=2))
    else:
        _print(summary, output)


def write_results(output: Path, estimate: DepthEstimate, stack: FocalStack) -> int | None:
    """Writes the result files and returns the number of cloud points, None without a camera."""
    from ..evaluation.figures import colorize_depth

    write_array(output / "depth.npy", estimate.depth)
    write_array(output / "confidence.npy", estimate.confidence)
    write_image(
        output / "depth_color.png", colorize_depth(estimate.depth, relative=estimate.relative)
    )
    if estimate.all_in_focus is not None:
        write_image(output / "all_in_focus.png", estimate.all_in_focus)
    if estimate.relative:
        return None
    write_image(output / "depth.png", depth_to_millimetres(estimate.depth))
    if stack.camera is None or estimate.all_in_focus is None:
        return None
    points = depth_to_points(estimate.depth, stack.camera)
    return write_ply(output / "cloud.ply", points, _eight_bit_colour(estimate.all_in_focus))


def depth_to_millimetres(depth: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Depth in metres as uint16 millimetres, rounded half up; unknown or over 65.535 m is 0."""
    with np.errstate(invalid="ignore"):
        scaled = np.floor(depth.astype(np.float64) * 1e3 + 0.5)
        good = np.isfinite(scaled) & (scaled > 0) & (scaled <= MILLIMETRES_MAX)
    return np.where(good, scaled, 0).astype(np.uint16)


def _eight_bit_colour(image: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=1.0 / 257.0)
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) if image.ndim == 2 else image


def _take_alignment(assignments: list[str]) -> tuple[str, list[str]]:
    """`alignment=KIND` concerns the slices, not the estimator."""
    from ..depth_from_focus.alignment import ALIGNMENT_PARAMETERS

    mine = [text for text in assignments if text.partition("=")[0].strip() == "alignment"]
    rest = [text for text in assignments if text not in mine]
    values = ALIGNMENT_PARAMETERS.parse(mine)
    return str(values.get("alignment", "none")), rest


def _aligned(stack: FocalStack, alignment: str) -> FocalStack:
    if alignment == "none":
        return stack
    from ..depth_from_focus.alignment import align_stack

    with progress_bar() as bar:
        task = bar.add_task("aligning slices", total=len(stack.slices))
        aligned = align_stack(stack, alignment, progress=lambda: bar.advance(task))
    return aligned.stack


def _estimate(estimator: DepthFromFocus, stack: FocalStack) -> DepthEstimate:
    with progress_bar() as bar:
        task = bar.add_task("estimating depth", total=len(stack.slices) + 1)
        slice_ms = []
        for item in stack.slices:
            started = time.perf_counter()
            estimator.update(item)
            slice_ms.append((time.perf_counter() - started) * 1e3)
            bar.advance(task)
        estimate = estimator.estimate()
        bar.advance(task)
    return estimate


def _summary(
    folder: StackFolder,
    method: str,
    parameters: dict[str, Any],
    alignment: str,
    estimate: DepthEstimate,
    seconds: float,
) -> dict[str, Any]:
    known = ~np.isnan(estimate.depth)
    return {
        "version": __version__,
        "date": today(),
        "hardware": hardware(),
        "stack": str(folder.folder),
        "slices": len(folder.stack.slices),
        "width": estimate.depth.shape[1],
        "height": estimate.depth.shape[0],
        "method": method,
        "parameters": all_parameters(method).complete(parameters) | {"method": method},
        "alignment": alignment,
        "relative": estimate.relative,
        "unit": "position in the sweep, 0..1" if estimate.relative else "m",
        "coverage": estimate.coverage,
        "median_depth": float(np.median(estimate.depth[known])) if known.any() else None,
        "mean_confidence": float(estimate.confidence.mean()),
        "timings_ms": {name: round(value, 3) for name, value in estimate.timings_ms.items()},
        "total_s": seconds,
    }


def _print(summary: dict[str, Any], output: Path) -> None:
    table = Table(title=f"depth from focus: {summary['stack']}", show_header=False)
    unit = "" if summary["relative"] else " m"
    median = summary["median_depth"]
    table.add_row("slices", f"{summary['slices']} of {summary['width']}x{summary['height']}")
    table.add_row("method", summary["method"])
    table.add_row("coverage", f"{summary['coverage']:.1%}")
    table.add_row("median depth", "none" if median is None else f"{median:.3f}{unit}")
    table.add_row("mean confidence", f"{summary['mean_confidence']:.2f}")
    for stage, value in summary["timings_ms"].items():
        table.add_row(f"time, {stage}", f"{value:.1f} ms")
    console.print(table)
    if summary["relative"]:
        console.print(
            "The focus distances are unknown: the depth is relative (0 first slice, 1 last)."
        )
    console.print(f"Results are in {output}", highlight=False)
