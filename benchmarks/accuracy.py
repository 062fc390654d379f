"""Every method on path-traced stacks with exact depth.

Renders the project's accuracy set (kept in a folder, minutes the first time), or takes the stack
folders that are given. Errors are mean absolute errors in dioptres over all pixels, estimates
filled to full coverage, averaged over the stacks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from _record import ROOT, write_record
from rich.console import Console
from rich.table import Table

from ddff_perception.console import progress_bar
from ddff_perception.depth_from_focus.classical.variational import VDFF_TUNED
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.depth.charts import reliability_chart, sparsification_chart
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation
from ddff_perception.evaluation.depth.metrics import DepthScores
from ddff_perception.evaluation.depth.pictures import depth_pictures, slice_pictures
from ddff_perception.evaluation.reports.blocks import Charts, Pictures, Section
from ddff_perception.evaluation.reports.charts import write_chart
from ddff_perception.evaluation.reports.page import write_report
from ddff_perception.files.atomic import make_folder
from ddff_perception.files.results import written_by
from ddff_perception.files.stack_folder import StackFolder, read_stack
from ddff_perception.simulation.focus_camera.accuracy_set import ACCURACY_SET, render_accuracy_set
from ddff_perception.simulation.focus_camera.sweep import SweepSettings
from ddff_perception.types import DepthEstimate

METHODS: dict[str, dict[str, Any]] = {
    "yardstick": {},
    "focus_measure": {"peak": "gaussian", "radius": 8},
    "focus_measure + regularisation": {"radius": 8, "regularisation": 1000.0},
    "nonlinear": {},
    "tv": {},
    "vdff": {},
    "vdff (grid search)": VDFF_TUNED.values(),
    "multiscale": {},
    "multiscale + regularisation": {"regularisation": 100.0, "regularisation_power": 2.0},
}


@dataclass
class Result:
    """One method over all stacks."""

    evaluation: DepthEvaluation = field(default_factory=DepthEvaluation)
    seconds: list[float] = field(default_factory=list)
    errors: dict[str, float] = field(default_factory=dict)
    last: dict[str, DepthEstimate] = field(default_factory=dict)


def main() -> None:
    arguments = _arguments()
    folders = arguments.stacks or _render(arguments.folder)
    stacks = [read_stack(folder) for folder in folders]
    methods = {name: METHODS[name] for name in arguments.methods}
    results = _run(stacks, methods)
    rows = [_row(name, result, results["yardstick"]) for name, result in results.items()]
    rows.append(_constant_row(results["yardstick"]))
    console = Console(width=150)
    console.print(_table(rows))
    console.print(_stack_table(results))
    write_pictures(arguments.output, stacks, results)
    console.print(f"pictures and curves are in {arguments.output / 'report.html'}")
    if not arguments.stacks:
        default = results["multiscale"].evaluation.reliability()
        if default is not None:
            with written_by(None):
                write_chart(
                    ROOT / "docs" / "images" / "reliability.png", reliability_chart(default)
                )
        path = write_record("accuracy", rows, stacks=_stack_rows(results, stacks))
        console.print(f"recorded in {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="*", type=Path, help="stack folders with depth.npy")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "accuracy_set")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "accuracy")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    return parser.parse_args()


def _render(folder: Path, sweeps: Mapping[str, SweepSettings] = ACCURACY_SET) -> list[Path]:
    with progress_bar("rendering") as report:

        def advance(name: str, done: int, total: int) -> None:
            report(done, total, what=f"rendering {name}")

        return render_accuracy_set(folder, advance, sweeps)


def _run(stacks: list[StackFolder], methods: dict[str, dict[str, Any]]) -> dict[str, Result]:
    results = {name: Result() for name in methods}
    with progress_bar("estimating", len(stacks) * len(methods)) as report:
        for folder in stacks:
            for name, parameters in methods.items():
                assert folder.truth is not None, f"{folder.folder} has no depth.npy"
                estimator = DepthFromFocus(name.split()[0], parameters)
                result = results[name]
                result.last[folder.folder.name] = add_estimate(result, folder, estimator)
                report()
    return results


def add_estimate(result: Result, folder: StackFolder, estimator: DepthFromFocus) -> DepthEstimate:
    """The estimate of a stack, timed, and scored in `result` where the stack has a truth."""
    started = time.perf_counter()
    estimate = estimator.process(folder.stack)
    result.seconds.append(time.perf_counter() - started)
    if folder.truth is not None:
        result.evaluation.add(estimate.depth, folder.truth, estimate.confidence)
        one = DepthEvaluation(domains=("dioptres",))
        one.add(estimate.depth, folder.truth)
        result.errors[folder.folder.name] = one.scores("filled").mae
    return estimate


def write_pictures(output: Path, stacks: list[StackFolder], results: dict[str, Result]) -> None:
    """`output`/report.html: curves of all methods, and pictures of every stack."""
    curves = {name: result.evaluation.sparsification() for name, result in results.items()}
    charts = [sparsification_chart({n: c for n, c in curves.items() if c is not None})]
    for result in results.values():
        table = result.evaluation.reliability()
        charts += [reliability_chart(table)] if table is not None else []
    names = ", ".join(results)
    sections = [Section("Confidence", [Charts(charts)], f"Reliability in the order {names}.")]
    for folder in stacks:
        assert folder.truth is not None
        pictures = [*slice_pictures(folder.stack)]
        for name, result in results.items():
            estimate = result.last[folder.folder.name]
            shown = depth_pictures(estimate.depth, estimate.confidence, folder.truth)
            pictures += [replace(one, caption=f"{name}: {one.caption}") for one in shown]
        sections.append(Section(folder.folder.name, [Pictures(pictures, columns=4)]))
    make_folder(output)
    write_report(output / "report.html", sections, title="Accuracy on path-traced stacks")


def _row(name: str, result: Result, yardstick: Result) -> dict[str, Any]:
    base = yardstick.evaluation.scores("filled").mae
    scores = result.evaluation.scores("filled")
    depth = result.evaluation.scores("filled", "depth")
    curve, reliability = result.evaluation.sparsification(), result.evaluation.reliability()
    assert curve is not None and reliability is not None
    half = curve.error_of(0.5)
    return {
        "method": name,
        **_scores(scores, depth, base),
        "half_mae_dpt": half,
        "half_ratio_to_yardstick": half / base,
        "calibration_error": reliability.expected_calibration_error,
        "median_s": float(np.median(result.seconds)),
    }


def _constant_row(result: Result) -> dict[str, Any]:
    scores = result.evaluation.scores("best_constant")
    depth = result.evaluation.scores("best_constant", "depth")
    base = result.evaluation.scores("filled").mae
    return {"method": "best constant map", **_scores(scores, depth, base)}


def _scores(scores: DepthScores, depth: DepthScores, base: float) -> dict[str, float]:
    """On dioptres (`scores`) and on depth, and the ratio to the yardstick's error `base`."""
    return {
        "mae_dpt": scores.mae,
        "ratio_to_yardstick": scores.mae / base,
        "abs_rel": depth.abs_rel,
        "delta_1": depth.delta_1,
        "delta_2": depth.delta_2,
        "delta_3": depth.delta_3,
        "rms_dpt": scores.rms,
        "bumpiness": scores.bumpiness,
    }


COLUMNS = {
    "mae_dpt": ("error [dpt]", "{:.3f}"),
    "ratio_to_yardstick": ("ratio", "{:.2f}"),
    "half_mae_dpt": ("50 % best [dpt]", "{:.3f}"),
    "half_ratio_to_yardstick": ("ratio", "{:.2f}"),
    "abs_rel": ("Abs rel", "{:.3f}"),
    "delta_1": ("δ %", "{:.1f}"),
    "delta_2": ("δ² %", "{:.1f}"),
    "delta_3": ("δ³ %", "{:.1f}"),
    "bumpiness": ("bump", "{:.2f}"),
    "calibration_error": ("calib.", "{:.3f}"),
    "median_s": ("s / stack", "{:.3f}"),
}


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="path-traced stacks: mean absolute error in dioptres, full coverage")
    table.add_column("method")
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [
            style.format(row[key]) if key in row else "" for key, (_, style) in COLUMNS.items()
        ]
        table.add_row(row["method"], *cells)
    return table


def _stack_table(results: dict[str, Result]) -> Table:
    table = Table(title="error [dpt] per stack")
    table.add_column("stack")
    for name in results:
        table.add_column(name, justify="right")
    for stack in next(iter(results.values())).errors:
        table.add_row(stack, *(f"{result.errors[stack]:.3f}" for result in results.values()))
    return table


def _stack_rows(results: dict[str, Result], stacks: list[StackFolder]) -> list[dict[str, Any]]:
    return [
        {
            "stack": folder.folder.name,
            "slices": len(folder.stack.slices),
            **{name: result.errors[folder.folder.name] for name, result in results.items()},
        }
        for folder in stacks
    ]


if __name__ == "__main__":
    main()
