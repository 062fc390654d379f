"""`ddff depth`: a stack folder in, depth, confidence, all-in-focus image and cloud out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from ...console import AsJson, Output, Params, ParamsFile, console, progress_bar, say, warn
from ...engines.settings import BACKENDS
from ...evaluation.machine import run_facts
from ...files.atomic import make_folder, remove, write_json
from ...files.photographs import (
    has_images,
    open_photographs,
    read_photographs,
    what_else,
)
from ...files.results import RECORD
from ...files.slices import filled_range
from ...files.stack_folder import Alignment, StackFolder, read_stack, stack_files, write_stack
from ...optics.resampling import shrunk_stack
from ...parameters import ParameterTable, Value
from ...ros.parameter_file import given_settings
from ...types import DepthEstimate, FocalStack, InputError
from ..estimator import DepthFromFocus, EstimatorSettings
from ..evaluation.results import write_results
from ..interface import DEPTH_FROM_FOCUS
from ..methods import METHODS, require_memory
from ..parameters import estimator_parameters
from ..pipeline import method_values
from ..prepared import PreparedStack, as_kept, estimate, prepare
from ..saving import RESULT_FILES

DEFAULT = EstimatorSettings().method


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
    balance: Annotated[bool, typer.Option(help="Balance slices whose exposures differ.")] = True,
    width: Annotated[
        int | None, typer.Option(help="Shrink the images to this width.", min=16)
    ] = None,
    keep_aligned: Annotated[
        Path | None,
        typer.Option(
            help="New stack folder for the aligned slices; `ddff depth` on it does not align again."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate depth from a focal stack.

    Writes depth.npy (float32 metres, NaN unknown), depth.png (16-bit millimetres, 0 unknown),
    confidence.npy, all_in_focus.png, source.png (which slice each of its pixels is from, from 0 on;
    65535: none), depth_color.png, cloud.ply and summary.json.

    Where no alignment is given, the slices are looked at, and aligned where they lie apart. A stack
    that is larger than half a GiB stays on disk while it is worked on.

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
    if keep_aligned is not None and keep_aligned.resolve() in (stack.resolve(), output.resolve()):
        raise InputError(f"{keep_aligned} is taken: give another folder as --keep-aligned")
    folder = _shrunk(_read(stack), width)
    slices, bits = filled_range(folder.stack.slices)
    if bits:
        warn(f"the images hold {bits} of 16 bits: scaled to fill them")
        folder = replace(folder, stack=replace(folder.stack, slices=slices))
    _require_sweep(folder.stack)
    require_memory(str(values["method"]), len(slices), slices[0].shape)
    estimator = DepthFromFocus(*method_values(values), folder.stack.camera)
    make_folder(output, RESULT_FILES)
    if keep_aligned is not None:
        make_folder(keep_aligned, stack_files(len(slices)))
    if folder.alignment is not None and "alignment" not in given:
        prepared = as_kept(folder.stack, folder.alignment)
    else:
        kind = str(values["alignment"]) if "alignment" in given else "auto"
        prepared = prepare(folder.stack, kind, values, balance)
    for note in prepared.notes:
        warn(note)
    if keep_aligned is not None:
        _keep(keep_aligned, prepared)
    values["alignment"] = prepared.facts["alignment"]["kind"]
    started = time.perf_counter()
    found = estimate(estimator, prepared)
    seconds = time.perf_counter() - started
    summary = _summary(folder, values, found, seconds) | prepared.facts
    # The summary comes last: a folder without one is not whole.
    remove(output / "summary.json")
    with progress_bar("writing results"):
        summary["cloud_points"] = write_results(output, found, prepared.stack.camera)
    write_json(output / "summary.json", summary)
    if not found.coverage:
        warn("no depth: every pixel is black, burnt out or transparent in every slice")
    if as_json:
        typer.echo((output / "summary.json").read_text(), nl=False)
    else:
        _print(summary, output)


def _read(place: Path) -> StackFolder:
    """A stack folder, or photographs as `ddff stack` makes one of them. What we began to write and
    has no stack.json is not whole, and no folder of photographs.
    """
    began = (place / RECORD).is_file()
    whole = (place / "stack.json").is_file() or not place.exists()
    if not began and not whole and not has_images(place) and (instead := what_else(place)):
        raise InputError(instead)
    if began or whole or not has_images(place):
        with progress_bar("reading slices") as report:
            return read_stack(place, held=False, progress=report)
    with progress_bar("reading photographs") as report:
        read = read_photographs(open_photographs(place), progress=report)
    for note in read.notes:
        warn(note)
    warn(f"{len(read.stack.slices)} slices, {read.distances}")
    warn(f"as by `ddff stack {place} -o STACK`, which can do more, and `ddff depth STACK`")
    return StackFolder(place, read.stack)


def _keep(place: Path, prepared: PreparedStack) -> None:
    alignment = Alignment(tuple(prepared.weights), prepared.seen)
    with progress_bar("writing the aligned stack", len(prepared.weights)) as report:
        write_stack(place, prepared.stack, alignment=alignment, progress=report)


def _shrunk(folder: StackFolder, width: int | None) -> StackFolder:
    if width is None:
        return folder
    return replace(folder, stack=shrunk_stack(folder.stack, width), alignment=None)


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


def _summary(
    folder: StackFolder, values: dict[str, Value], found: DepthEstimate, seconds: float
) -> dict[str, Any]:
    method = str(values["method"])
    known = ~np.isnan(found.depth)
    return {
        **run_facts(),
        "stack": str(folder.folder),
        "slices": len(folder.stack.slices),
        "width": found.depth.shape[1],
        "height": found.depth.shape[0],
        "method": method,
        "parameters": _used(method).part(values),
        "relative": found.relative,
        "unit": "position in the sweep, 0..1" if found.relative else "m",
        "coverage": found.coverage,
        "median_depth": float(np.median(found.depth[known])) if known.any() else None,
        "mean_confidence": float(found.confidence.mean()),
        "timings_ms": {name: round(value, 3) for name, value in found.timings_ms.items()},
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
