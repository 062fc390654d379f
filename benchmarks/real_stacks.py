"""Every real capture through FocusStream and what it is compared with: pictures, scores.

    python benchmarks/real_stacks.py [CAPTURES]

The captures lie in CAPTURES, in the folder that DDFF_CAPTURES names, or in `../shared/data`. None
has a depth map: what is known of each (bounds, order, which slice is sharp where) is scored.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _record import ROOT, write_record
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as ConsoleTable
from scipy.stats import spearmanr

from ddff_perception.console import progress_bar
from ddff_perception.depth_from_focus.capture.stack_alignment import align_stack
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.depth.figures import colorize_depth
from ddff_perception.evaluation.reports.blocks import Picture, Pictures, Section, Table
from ddff_perception.evaluation.reports.colours import colorize_confidence
from ddff_perception.evaluation.reports.page import write_report
from ddff_perception.files.photographs import open_photographs, read_photographs
from ddff_perception.types import DepthEstimate, FocalStack, FocusSlice

WIDTH = 960
METHODS = ("multiscale", "focus_stream", "yardstick", "vdff", "ddffnet", "dynamic_fusion")
Score = Callable[[DepthEstimate, int], float]


@dataclass(frozen=True)
class Capture:
    """One capture: its folder, how it is aligned, and what is known of it."""

    folder: str
    alignment: str
    known: str
    score: Score


def within_bounds(estimate: DepthEstimate, slices: int) -> float:
    """Share of the pixels with depth between the sweep's ends (pixel6_sweep)."""
    return float(np.mean((estimate.depth >= 0.24 - 1e-6) & (estimate.depth <= 2.5 + 1e-6)))


def rises_to_the_bottom(estimate: DepthEstimate, slices: int) -> float:
    """Rank correlation of row and position: the bottom rows are nearer (phone_stack_balls)."""
    rows = np.repeat(np.arange(estimate.depth.shape[0])[:, None], estimate.depth.shape[1], axis=1)
    # The table, right of the ball in front.
    part = np.s_[::4, estimate.depth.shape[1] * 6 // 10 :: 4]
    return float(spearmanr(rows[part].ravel(), estimate.depth[part].ravel()).statistic)


def front_is_near(estimate: DepthEstimate, slices: int) -> float:
    """Position of the far corner minus that of the bottle in front, 1 at best (lytro_stack_45)."""
    rows, columns = estimate.depth.shape
    front = estimate.depth[rows // 2 :, columns * 3 // 8 : columns * 5 // 8]
    back = estimate.depth[rows * 2 // 10 : rows * 4 // 10, columns * 7 // 10 :]
    return float(np.median(back) - np.median(front))


def board_and_button(estimate: DepthEstimate, slices: int) -> float:
    """Mean distance, in slices, from the known sharp slices: board 3, button top 6."""
    index = estimate.depth * (slices - 1)
    rows, columns = index.shape
    button = index[rows * 46 // 100 : rows * 60 // 100, columns * 42 // 100 : columns * 52 // 100]
    board = index[rows * 88 // 100 :, columns // 5 : columns * 4 // 5]
    return float((abs(np.median(board) - 3) + abs(np.median(button) - 6)) / 2)


def nothing_known(estimate: DepthEstimate, slices: int) -> float:
    return float("nan")


CAPTURES = (
    Capture("pixel6_sweep", "ecc", "share within the bounds (1 is right)", within_bounds),
    Capture("phone_stack_balls", "ecc", "rank correlation with the row", rises_to_the_bottom),
    Capture("lytro_stack_45", "none", "background minus front, 0..1", front_is_near),
    Capture("macro_pcb_button", "ecc", "slices off the known ones (0 is right)", board_and_button),
    Capture("macro_ring", "ecc", "nothing is known", nothing_known),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("DDFF_CAPTURES", ROOT.parent / "shared" / "data"))
    parser.add_argument("captures", nargs="?", type=Path, default=default)
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "real_stacks")
    arguments = parser.parse_args()
    sections, rows = [], []
    with progress_bar("captures", len(CAPTURES)) as report:
        for capture in CAPTURES:
            section, found = evaluate(arguments.captures, capture)
            sections.append(section)
            rows += found
            report()
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_report(arguments.output / "report.html", sections, title="Real focus sweeps")
    console = Console(width=140)
    table = ConsoleTable(title="real captures")
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
    path = write_record("real_stacks", rows)
    console.print(f"{arguments.output / 'report.html'} and {path}")


def evaluate(captures: Path, capture: Capture) -> tuple[Section, list[dict[str, Any]]]:
    """The report section and the rows of one capture."""
    stack = shrink(read_photographs(open_photographs(captures / capture.folder)).stack, WIDTH)
    started = time.perf_counter()
    aligned = stack
    residual = float("nan")
    if capture.alignment != "none":
        result = align_stack(stack, capture.alignment)
        aligned, residual = result.stack, float(np.median(result.residual_px))
    align_s = time.perf_counter() - started
    rows, pictures = [], [*slice_pictures(aligned)]
    for method in METHODS:
        started = time.perf_counter()
        estimate = DepthFromFocus(method).process(aligned)
        seconds = time.perf_counter() - started
        rows.append(
            {
                "capture": capture.folder,
                "slices": len(stack.slices),
                "alignment": capture.alignment,
                "align_s": round(align_s, 2),
                "residual_px": round(residual, 2),
                "method": method,
                "score": round(capture.score(estimate, len(stack.slices)), 3),
                "score_is": capture.known,
                "seconds": round(seconds, 3),
            }
        )
        pictures += estimate_pictures(method, estimate)
    table = Table(
        ["method", capture.known, "s"], [[r["method"], r["score"], r["seconds"]] for r in rows]
    )
    return Section(capture.folder, [Pictures(pictures, columns=3), table]), rows


def slice_pictures(stack: FocalStack) -> list[Picture]:
    middle = len(stack.slices) // 2
    return [
        Picture(stack.images[i], f"Slice {i + 1} of {len(stack.slices)}", photo=True)
        for i in (0, middle, len(stack.slices) - 1)
    ]


def estimate_pictures(method: str, estimate: DepthEstimate) -> list[Picture]:
    assert estimate.all_in_focus is not None
    colour: NDArray[np.uint8] = colorize_depth(estimate.depth, relative=estimate.relative)
    return [
        Picture(estimate.all_in_focus, f"{method}: all in focus", photo=True),
        Picture(colour, f"{method}: depth" + (" (relative)" if estimate.relative else "")),
        Picture(colorize_confidence(estimate.confidence), f"{method}: confidence"),
    ]


def shrink(stack: FocalStack, width: int) -> FocalStack:
    rows, columns = stack.images[0].shape[:2]
    size = (width, round(rows * width / columns))
    slices = [
        FocusSlice(
            cv2.resize(s.image, size, interpolation=cv2.INTER_AREA),  # type: ignore[arg-type]
            s.focus_distance_m,
        )
        for s in stack.slices
    ]
    return FocalStack(tuple(slices))


if __name__ == "__main__":
    main()
