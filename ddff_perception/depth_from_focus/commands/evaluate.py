"""`ddff eval`: a depth map against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from ...console import console
from ...evaluation.depth.charts import badpix_chart, reliability_chart, sparsification_chart
from ...evaluation.depth.evaluation import DepthEvaluation, Variant
from ...evaluation.depth.maps import (
    DOMAINS,
    UNITS,
    Domain,
    aperture_baseline_focal,
    read_confidence,
    read_depth,
)
from ...evaluation.depth.metrics import ScoreSettings
from ...evaluation.depth.pictures import depth_pictures
from ...evaluation.depth.reliability import Reliability
from ...evaluation.depth.sparsification import SparsificationCurve
from ...evaluation.reports.charts import write_chart
from ...evaluation.reports.numbers import format_number
from ...evaluation.reports.picture_sheet import write_pictures
from ...files.atomic import json_text, make_folder, write_json
from ...files.stack_folder import read_camera
from ...types import FloatArray, InputError

_VARIANT_NAMES: dict[Variant, str] = {
    "covered": "estimate",
    "filled": "filled",
    "best_constant": "constant",
}
_CURVE_MULTIPLES = (1, 2, 5, 10, 20, 50, 100)  # tenths of the BadPix threshold
_SHARES = (1.0, 0.75, 0.5, 0.25, 0.1)
_WIDE = 100  # characters that one table over all domains needs


@dataclass(frozen=True)
class _Maps:
    estimate: FloatArray
    truth: FloatArray
    confidence: FloatArray | None


def evaluate(
    estimate: Annotated[
        Path, typer.Option(help="Depth map: .npy or .pfm (metres), 16-bit .png (millimetres).")
    ],
    truth: Annotated[
        Path, typer.Option(help="True depth in the same formats, or a stack folder with depth.npy.")
    ],
    confidence: Annotated[
        Path | None, typer.Option(help="Confidence map 0..1: .npy, .pfm or .png.")
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option(help="stack.json whose focal length and aperture give disparity its scale."),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value, see below.", metavar="NAME=VALUE"),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all results here; - prints them instead.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder for pictures of the maps and the curves.")
    ] = None,
) -> None:
    """Score a depth map against the truth with every measure of the papers.

    Errors are taken on depth (m), disparity (px) and dioptres (1/m): of the
    estimate where it is known, of the estimate filled to full coverage, and of
    the best constant map (the median dioptre of the truth), which any method
    should beat. With a confidence map also: the error of the most confident
    pixels, and whether the confidence is the probability that it claims to be.
    The divergence of the edges compares sub-bands of a steerable pyramid.

    Parameters: baseline_focal (m px; 1 makes disparity equal dioptres),
    badpix_depth, badpix_disparity, badpix_dioptres (the τ of BadPix) and
    bumpiness_clip.

    Examples:
      ddff eval --estimate out/room/depth.npy --truth stacks/room

      ddff eval --estimate d.png --truth room_mm.png --json evaluation.json

      ddff eval --estimate d.npy --truth t.npy --confidence c.npy --figures out

      ddff eval --estimate d.npy --truth t.npy --param baseline_focal=0.1412

    """
    settings = _settings(param or [], camera)
    maps = _Maps(
        read_depth(estimate),
        read_depth(truth),
        None if confidence is None else read_confidence(confidence),
    )
    evaluation = DepthEvaluation(settings, edges=True)
    evaluation.add(maps.estimate, maps.truth, maps.confidence)
    content = {"estimate": str(estimate), "truth": str(truth), **evaluation.to_json()}
    if json_file == Path("-"):
        typer.echo(json_text(content))
    else:
        print_evaluation(evaluation, title=f"{estimate} against {truth}")
    if json_file is not None and json_file != Path("-"):
        write_json(json_file, content)
    if figures is not None:
        _write_figures(make_folder(figures), evaluation, maps)


def print_evaluation(evaluation: DepthEvaluation, title: str) -> None:
    """The tables of an evaluation on the console."""
    console.print(title, style="bold", highlight=False, markup=False, soft_wrap=True)
    wide = console.width >= _WIDE
    coverage = evaluation.scores("covered").coverage
    console.print(f"coverage {coverage:.1%}", highlight=False)
    edges = _number(evaluation.edge_divergence)
    console.print(f"divergence of the edges' steerable sub-bands {edges}", highlight=False)
    for domains in [DOMAINS] if wide else [(domain,) for domain in DOMAINS]:
        names = ", ".join(f"{domain} ({UNITS[domain]})" for domain in domains)
        _print_table(f"Errors on {names}", _score_table(evaluation, domains))
    _print_table("BadPix: % of pixels with an error over τ", _badpix_table(evaluation))
    curve, reliability = evaluation.sparsification(), evaluation.reliability()
    if curve is not None and reliability is not None:
        area = f"AUSE {_number(curve.ause)} ({_number(curve.relative_ause)} of the mean error)"
        _print_table(f"Most confident pixels, error in 1/m: {area}", _sparsification_table(curve))
        calibration = _number(reliability.expected_calibration_error)
        brier = _number(reliability.brier_score)
        title = f"Reliability: calibration error {calibration}, Brier score {brier}"
        _print_table(title, _reliability_table(reliability))


def _settings(assignments: Iterable[str], camera_file: Path | None) -> ScoreSettings:
    values = ScoreSettings.table().parse(assignments)
    settings = ScoreSettings.from_values(values)
    if camera_file is None or "baseline_focal" in values:
        return settings
    camera = read_camera(camera_file)
    if camera is None:
        raise InputError(f"{camera_file} describes no camera: add one or set baseline_focal")
    return replace(settings, baseline_focal=aperture_baseline_focal(camera))


def _print_table(title: str, table: Table) -> None:
    console.print(f"\n{title}", style="bold", highlight=False, markup=False)
    console.print(table)


def _table(*names: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    return table


def _score_table(evaluation: DepthEvaluation, domains: Sequence[Domain]) -> Table:
    variants: list[Variant] = ["covered", "filled", "best_constant"]
    if evaluation.scores("covered").coverage == 1.0:
        variants.remove("filled")
    table = _table()
    table.add_column("", no_wrap=True)
    columns = []
    for domain in domains:
        for variant in variants:
            head = f"{domain}\n" if variant == "covered" else "\n"
            name = _VARIANT_NAMES[variant]
            table.add_column(name if len(domains) == 1 else head + name, justify="right")
            columns.append(evaluation.scores(variant, domain))
    thresholds = "/".join(f"{evaluation.settings.badpix_threshold(domain):g}" for domain in domains)
    names = {
        "mae": "MAE",
        "rms": "RMS",
        "mse": "MSE",
        "log_rms": "log RMS",
        "log10": "log10",
        "abs_rel": "Abs rel",
        "sqr_rel": "Sqr rel",
        "delta_1": "δ   1.25   %",
        "delta_2": "δ²  1.25²  %",
        "delta_3": "δ³  1.25³  %",
        "badpix": f"BadPix {thresholds} %",
        "bumpiness": "bumpiness",
    }
    for measure, name in names.items():
        table.add_row(name, *(_number(getattr(scores, measure)) for scores in columns))
    return table


def _badpix_table(evaluation: DepthEvaluation) -> Table:
    table = _table(*(name for domain in DOMAINS for name in (f"τ {UNITS[domain]}", domain)))
    for index in _CURVE_MULTIPLES:
        cells = []
        for domain in DOMAINS:
            curve = evaluation.scores("covered", domain).badpix_curve
            threshold = evaluation.settings.curve_thresholds(domain)[index]
            cells += [f"{threshold:g}", _number(curve[index])]
        table.add_row(*cells)
    return table


def _sparsification_table(curve: SparsificationCurve) -> Table:
    table = _table("kept", "error", "oracle")
    oracle = replace(curve, error=curve.oracle)
    for share in _SHARES:
        kept = f"{share:.0%}"
        table.add_row(kept, _number(curve.error_of(share)), _number(oracle.error_of(share)))
    return table


def _reliability_table(reliability: Reliability) -> Table:
    table = _table("confidence", "pixels", "mean", "within 10 %")
    for row in reliability.bins:
        cells = [f"{row.pixels:,}", _number(row.confidence), _number(row.observed)]
        table.add_row(f"{row.low:.1f}..{row.high:.1f}", *cells)
    return table


def _write_figures(folder: Path, evaluation: DepthEvaluation, maps: _Maps) -> None:
    settings = evaluation.settings
    for domain in DOMAINS:
        curves = {
            "estimate": evaluation.scores("covered", domain).badpix_curve,
            "best constant map": evaluation.scores("best_constant", domain).badpix_curve,
        }
        thresholds = settings.curve_thresholds(domain).tolist()
        chart = badpix_chart(domain, thresholds, curves)
        write_chart(folder / f"badpix_{domain}.png", chart)
    curve, reliability = evaluation.sparsification(), evaluation.reliability()
    if curve is not None and reliability is not None:
        write_chart(folder / "sparsification.png", sparsification_chart({"estimate": curve}))
        write_chart(folder / "reliability.png", reliability_chart(reliability))
    span = 2.0 * evaluation.scores("best_constant").mae or None
    pictures = depth_pictures(maps.estimate, maps.confidence, maps.truth, error_span=span)
    write_pictures(folder / "maps.png", pictures)


def _number(value: float) -> str:
    return format_number(float(value))
