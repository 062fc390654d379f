"""`ddff depth`: a stack folder in, depth, confidence, all-in-focus image and cloud out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ...console import AsJson, Output, Params, ParamsFile, console, progress_bar, say, warn
from ...engines.settings import BACKENDS
from ...evaluation.machine import run_facts
from ...files.atomic import make_folder, remove, write_json
from ...files.images import filled_range
from ...files.photographs import has_images, open_photographs, read_photographs
from ...files.results import RECORD
from ...files.stack_folder import StackFolder, read_stack
from ...parameters import ParameterTable, Value
from ...ros.parameter_file import given_settings
from ...types import DepthEstimate, FloatArray, FocalStack, InputError
from ..capture.alignment_settings import AlignmentSettings
from ..estimator import DepthFromFocus, EstimatorSettings
from ..evaluation.results import write_results
from ..interface import DEPTH_FROM_FOCUS
from ..methods import METHODS
from ..parameters import estimator_parameters
from ..pipeline import lens_table_of, method_values
from ..saving import RESULT_FILES

DEFAULT = EstimatorSettings().method
# Slices that lie closer are left alone: resampling would cost more than it gives.
_WELL_PX = 1.0
# Share of the slices that must see a pixel for its depth to be known.
_LEAST_SEEN = 0.5


def depth(
    stack: Annotated[Path, typer.Argument(help="Stack folder, or folder of photographs.")],
    output: Output = Path("out/depth"),
    method: Annotated[
        str | None, typer.Option(help=f"One of: {', '.join(METHODS)}. [default: {DEFAULT}]")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help=f"What runs a method's network: {', '.join(BACKENDS)}. [default: auto]"),
    ] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    lens_table: Annotated[
        Path | None,
        typer.Option(help="Lens calibration (YAML), the parameter lens_table, for alignment."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate depth from a focal stack.

    Writes depth.npy (float32 metres, NaN unknown), depth.png (16-bit millimetres, 0 unknown),
    confidence.npy, all_in_focus.png, depth_color.png, cloud.ply and summary.json.

    Where no alignment is given, the slices are looked at, and aligned where they lie apart.

    Examples:
      ddff depth my_stack -o out/my_stack

      ddff depth my_photographs -o out/mine

      ddff depth my_stack --method vdff --param vdff.alpha=4

      ddff depth my_stack --method focus_stream --engine openvino

      ddff depth my_phone_stack --param alignment=ecc

      ddff depth my_stack --params-file my_robot.yaml

    """
    given = given_settings(
        DEPTH_FROM_FOCUS, params_file, param or [], method=method, engine=engine, used=_used
    )
    values = DEPTH_FROM_FOCUS.parameters.complete(given)
    if lens_table is not None:
        values["lens_table"] = str(lens_table)
    folder = _read(stack)
    images, bits = filled_range(folder.stack.images)
    if bits:
        warn(f"the images hold {bits} of 16 bits: scaled to fill them")
        slices = zip(folder.stack.slices, images, strict=True)
        filled = tuple(replace(item, image=image) for item, image in slices)
        folder = replace(folder, stack=replace(folder.stack, slices=filled))
    _require_sweep(folder.stack)
    estimator = DepthFromFocus(*method_values(values), folder.stack.camera)
    make_folder(output, RESULT_FILES)
    kind = str(values["alignment"]) if "alignment" in given else "auto"
    used = _aligned(folder.stack, kind, values)
    started = time.perf_counter()
    estimate = _in_view(_estimate(estimator, used), used.seen)
    seconds = time.perf_counter() - started
    summary = _summary(folder, values, estimate, seconds) | {"alignment": used.facts}
    # The summary comes last: a folder without one is not whole.
    remove(output / "summary.json")
    summary["cloud_points"] = write_results(output, estimate, used.stack.camera)
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo((output / "summary.json").read_text(), nl=False)
    else:
        _print(summary, output)


def _read(place: Path) -> StackFolder:
    """A stack folder, or photographs as `ddff stack` makes one of them. What we began to write and
    has no stack.json is not whole, and no folder of photographs.
    """
    began = (place / RECORD).is_file()
    if began or not place.exists() or (place / "stack.json").is_file() or not has_images(place):
        return read_stack(place)
    read = read_photographs(open_photographs(place))
    for note in read.notes:
        warn(note)
    warn(f"{len(read.stack.slices)} slices, {read.distances}")
    warn(f"as by `ddff stack {place} -o STACK`, which can do more, and `ddff depth STACK`")
    return StackFolder(place, read.stack)


def _used(method: str) -> ParameterTable:
    return ParameterTable([DEPTH_FROM_FOCUS.parameters["lens_table"]]) + estimator_parameters(
        method
    )


def _require_sweep(stack: FocalStack) -> None:
    """Raises InputError where all slices were focused at one distance: they say nothing."""
    distances = stack.focus_distances_m
    known = distances[~np.isnan(distances)]
    count = len(np.unique(known)) if len(known) > 1 else len(distances)
    if count < 2:
        raise InputError(
            "the stack has one focus distance, which says nothing about depth: give at least two"
        )


@dataclass(frozen=True, slots=True)
class _Aligned:
    """The slices in one view, the weight of each, and the share of slices that see each pixel."""

    stack: FocalStack
    weights: Sequence[float]
    seen: FloatArray
    facts: dict[str, Any]


def _aligned(stack: FocalStack, kind: str, values: dict[str, Value]) -> _Aligned:
    """`auto` looks how the slices lie, and leaves them alone where they lie well."""
    everywhere = np.ones(stack.images[0].shape[:2], np.float32)
    as_it_is = _Aligned(stack, [1.0] * len(stack.slices), everywhere, {"kind": "none"})
    if kind == "none":
        return as_it_is
    from ..capture.stack_alignment import align_stack

    settings = AlignmentSettings.table().part(values)
    chosen = "ecc" if kind == "auto" else kind
    with progress_bar("aligning slices", len(stack.slices)) as report:
        aligned = align_stack(stack, chosen, lens_table_of(values), report, settings)
    displaced_px = round(aligned.displaced_px(), 2)
    facts = {"kind": chosen, "displaced_px": displaced_px, "failed_slices": list(aligned.failed)}
    if kind == "auto" and displaced_px < _WELL_PX:
        return replace(as_it_is, facts={**facts, "kind": "none"})
    if kind == "auto":
        warn(f"slices lay up to {displaced_px:.1f} px apart: aligned, as by --param alignment=ecc")
        values["alignment"] = chosen
    if aligned.failed:
        numbers = ", ".join(map(str, aligned.failed))
        warn(f"slices that could not be aligned, and count less: {numbers} (from 0 on)")
    seen = aligned.valid.mean(axis=0, dtype=np.float32)
    return _Aligned(aligned.stack, [float(w) for w in aligned.weights], seen, facts)


def _in_view(estimate: DepthEstimate, seen: FloatArray) -> DepthEstimate:
    """The estimate, less sure where some slices do not see a pixel; unknown, and black in the
    all-in-focus image, where most do not.
    """
    outside = seen < _LEAST_SEEN
    image = estimate.all_in_focus
    if image is not None and outside.any():
        image = image.copy()
        image[outside] = 0
    depth = np.where(outside, np.float32(np.nan), estimate.depth)
    confidence = np.where(outside, np.float32(0.0), estimate.confidence * seen)
    return replace(estimate, depth=depth, confidence=confidence, all_in_focus=image)


def _estimate(estimator: DepthFromFocus, used: _Aligned) -> DepthEstimate:
    with progress_bar("estimating depth", len(used.stack.slices) + 1) as report:
        for item, weight in zip(used.stack.slices, used.weights, strict=True):
            estimator.update(item, weight=weight)
            report()
        return estimator.estimate()


def _summary(
    folder: StackFolder, values: dict[str, Value], estimate: DepthEstimate, seconds: float
) -> dict[str, Any]:
    method = str(values["method"])
    known = ~np.isnan(estimate.depth)
    return {
        **run_facts(),
        "stack": str(folder.folder),
        "slices": len(folder.stack.slices),
        "width": estimate.depth.shape[1],
        "height": estimate.depth.shape[0],
        "method": method,
        "parameters": _used(method).part(values),
        "relative": estimate.relative,
        "unit": "position in the sweep, 0..1" if estimate.relative else "m",
        "coverage": estimate.coverage,
        "median_depth": float(np.median(estimate.depth[known])) if known.any() else None,
        "mean_confidence": float(estimate.confidence.mean()),
        "timings_ms": {name: round(value, 3) for name, value in estimate.timings_ms.items()},
        "total_s": seconds,
    }


def _print(summary: dict[str, Any], output: Path) -> None:
    say(f"depth from focus: {summary['stack']}")
    table = Table(show_header=False)
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
    say(f"Results are in {output}")
