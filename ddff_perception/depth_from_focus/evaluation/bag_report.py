"""What a recorded sweep says: the last depth, and errors over all of it, as JSON and sections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...evaluation.bag_run import BagResult
from ...evaluation.depth.bag_errors import bag_errors
from ...evaluation.depth.charts import reliability_chart, sparsification_chart
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.reports.blocks import (
    Block,
    Charts,
    Pictures,
    Section,
    Table,
    Tile,
    Tiles,
)
from ...types import CameraModel, DepthEstimate, FloatArray
from .report import pictures_section
from .results import Result

FULL_SHARE = 0.9
"""A stack with this share of its slices is as good as full: some are always being dropped."""

SCHEMA = "ddff-bag-evaluation/1"
SCORES = ("against_truth", "recorded_against_truth", "against_recorded")
_AFTER = "the images after the first sweep"


@dataclass
class SweepResult(BagResult):
    """What a recorded sweep says.

    `against_truth` scores the estimates, `recorded_against_truth` the recorded depth topic;
    `against_recorded` takes the recorded depth as if it was the truth: how near the offline
    estimate comes to the live one. None where there was nothing to score. Only the time after the
    first sweep is scored: when the stack held at least `FULL_SHARE` of the `slices` that it ever
    held. `last` belongs to `last_truth` (None without one).
    """

    slices: int = 0
    coverage: float = math.nan
    against_truth: DepthEvaluation | None = None
    recorded_against_truth: DepthEvaluation | None = None
    against_recorded: DepthEvaluation | None = None
    camera: CameraModel | None = None
    last: DepthEstimate | None = None
    last_truth: FloatArray | None = None

    def to_json(self) -> dict[str, Any]:
        scores = {name: getattr(self, name) for name in SCORES}
        return {
            "schema": SCHEMA,
            **super().to_json(),
            "slices": self.slices,
            "coverage": self.coverage,
            **{name: None if found is None else found.to_json() for name, found in scores.items()},
        }


def error_table(result: SweepResult) -> list[Table]:
    """Live and offline estimates, and what they are compared with; empty without any truth."""
    return bag_errors(
        result.against_truth,
        result.recorded_against_truth,
        result.against_recorded,
        "Errors after the first sweep",
        _AFTER,
    )


def sweep_sections(result: SweepResult, folder: Path) -> list[Section]:
    """The last depth with numbers of the whole bag, and its errors."""
    tiles = [
        Tile("estimates", result.estimates),
        Tile("slices", result.slices),
        Tile("coverage", 100.0 * result.coverage, "%"),
    ]
    scored = result.against_truth or result.recorded_against_truth
    if result.against_truth is not None:
        mae = result.against_truth.scores("covered", "dioptres").mae
        tiles.append(Tile("mean absolute error", mae, "1/m", "after the first sweep"))
    blocks: list[Block] = [Tiles(tiles)]
    if (last := result.last) is not None:
        summary = {"relative": last.relative}
        maps = last.depth, last.confidence, last.all_in_focus
        shown = Result(folder.name, folder, *maps, summary, truth=result.last_truth)
        rows = [b.pictures for b in pictures_section(shown).blocks if isinstance(b, Pictures)]
        blocks.append(Pictures([picture for row in rows for picture in row]))
    sections = [Section("Depth", blocks, "The pictures show the last depth of the recording.")]
    errors: list[Block] = list(error_table(result))
    if scored is not None:
        curve, reliability = scored.sparsification(), scored.reliability()
        if curve is not None and reliability is not None:
            charts = [sparsification_chart({"estimate": curve}), reliability_chart(reliability)]
            errors.append(Charts(charts))
    return [*sections, Section("Errors", errors)] if errors else sections
