"""Every real capture through FocusStream and what it is compared with: pictures, scores.

    python benchmarks/real_stacks.py [CAPTURES]

The captures lie in CAPTURES, in the folder that DDFF_CAPTURES names, or in `../shared/data`. None
has a depth map: what is known of each (bounds, order, which slice is sharp where) is scored; how
much of what is smooth is torn, and whether a plain surface comes out whole (`_patches.py`).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _patches import off_plane, positions, smooth, torn
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
class Plain:
    """The part of an image that shows one plain surface, in shares of its height and width."""

    top: float
    bottom: float
    left: float
    right: float
    upright: bool = False


@dataclass(frozen=True)
class Capture:
    """One capture: its folder, how it is aligned, what is known of it, and a plain surface."""

    folder: str
    alignment: str
    known: str
    score: Score
    plain: Plain | None = None


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


def sheet_is_nearer_below(estimate: DepthEstimate, slices: int) -> float:
    """Rank correlation of row and nearness on the sheet of paper (macro_ring)."""
    rows, columns = estimate.depth.shape
    sheet = estimate.depth[rows // 20 : rows * 19 // 20 : 4, columns // 30 : columns // 3 : 4]
    row = np.repeat(np.arange(sheet.shape[0])[:, None], sheet.shape[1], axis=1)
    return float(-spearmanr(row.ravel(), sheet.ravel()).statistic)


CAPTURES = (
    Capture("pixel6_sweep", "ecc", "share within the bounds (1 is right)", within_bounds),
    Capture("phone_stack_balls", "ecc", "rank correlation with the row", rises_to_the_bottom),
    Capture(
        "lytro_stack_45",
        "none",
        "background minus front, 0..1",
        front_is_near,
        Plain(0.16, 0.36, 0.64, 0.99, upright=True),
    ),
    Capture("macro_pcb_button", "ecc", "slices off the known ones (0 is right)", board_and_button),
    Capture(
        "macro_ring",
        "ecc",
        "rank correlation of row and nearness",
        sheet_is_nearer_below,
        Plain(0.05, 0.95, 0.03, 0.33),
    ),
)


DEFAULT = Path(os.environ.get("DDFF_CAPTURES", ROOT.parent / "shared" / "data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "real_stacks")
    arguments = parser.parse_args()
    sections, rows = [], []
    with progress_bar("captures", len(CAPTURES)) as report:
        for capture in CAPTURES:
            section, found = evaluate(arguments.captures, capture, {name: {} for name in METHODS})
            sections.append(section)
            rows += found
            report()
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_report(arguments.output / "report.html", sections, title="Real focus sweeps")
    console = Console(width=140)
    table = ConsoleTable(title="real captures")
    headings = dict.fromkeys(heading for row in rows for heading in row)
    for heading in headings:
        table.add_column(heading.replace("_", " "))
    for row in rows:
        table.add_row(*(str(row.get(heading, "")) for heading in headings))
    console.print(table)
    path = write_record("real_stacks", rows)
    console.print(f"{arguments.output / 'report.html'} and {path}")


def evaluate(
    captures: Path, capture: Capture, methods: Mapping[str, Mapping[str, Any]]
) -> tuple[Section, list[dict[str, Any]]]:
    """The report section and the rows of one capture, for `methods` with their parameters."""
    stack = shrink(read_photographs(open_photographs(captures / capture.folder)).stack, WIDTH)
    started = time.perf_counter()
    aligned = stack
    residual = float("nan")
    if capture.alignment != "none":
        result = align_stack(stack, capture.alignment)
        aligned, residual = result.stack, float(np.median(result.residual_px))
    align_s = time.perf_counter() - started
    rows, pictures = [], [*slice_pictures(aligned)]
    even = smooth(aligned.images)
    for method, parameters in methods.items():
        started = time.perf_counter()
        estimate = DepthFromFocus(method, parameters).process(aligned)
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
                **_patches(capture, aligned, estimate, even),
                "seconds": round(seconds, 3),
            }
        )
        pictures += estimate_pictures(method, estimate)
    table = Table(
        ["method", capture.known, "s"], [[r["method"], r["score"], r["seconds"]] for r in rows]
    )
    return Section(capture.folder, [Pictures(pictures, columns=3), table]), rows


def _patches(
    capture: Capture, stack: FocalStack, estimate: DepthEstimate, even: NDArray[np.bool_]
) -> dict[str, float]:
    """Per cent of the pixels that are torn, and of the plain surface that is off its plane."""
    position = positions(estimate, [item.focus_distance_m for item in stack.slices])
    result = {"torn_percent": round(100 * torn(position, even), 3)}
    plain = capture.plain
    if plain is not None:
        rows, columns = position.shape
        across = slice(int(plain.left * columns), int(plain.right * columns))
        part = position[int(plain.top * rows) : int(plain.bottom * rows), across]
        result["off_plane_percent"] = round(100 * off_plane(part, plain.upright), 2)
    return result


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
