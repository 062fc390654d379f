"""The report's sections on a recorded sweep: what was in it, what came out, how it did live."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...evaluation.bag_run import stage_summary
from ...evaluation.depth.charts import reliability_chart, sparsification_chart
from ...evaluation.depth.evaluation import DepthEvaluation, Variant
from ...evaluation.depth.figures import (
    DEPTH_MAP,
    colorize_depth,
    colorize_error,
    depth_range,
    depth_ticks,
)
from ...evaluation.depth.maps import best_constant
from ...evaluation.live import LiveRun
from ...evaluation.reports.colours import color_stops, colorize_confidence
from ...evaluation.reports.page import (
    Block,
    Charts,
    ColorScale,
    Column,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    Tile,
    Tiles,
)
from .bag import BagEvaluation

_ERROR_NOTE = (
    "Means over the images after the first sweep. Live is the recorded depth topic, offline the "
    "estimate from the recorded images; filled has every unknown pixel set to its nearest known "
    "one; best constant is the median true dioptre of each image, which says nothing of the scene."
)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Errors of one kind of depth in a bag against its reference, as means over the images."""

    name: str
    images: int
    mae_dpt: float
    mae_m: float
    abs_rel: float
    delta_1: float
    coverage: float
    reference: bool = False


def error_rows(evaluation: BagEvaluation) -> list[ErrorRow]:
    """The lines of an error table: live and offline estimates, and what they are compared with."""
    rows = []
    live, offline = evaluation.recorded_against_truth, evaluation.against_truth
    if live is not None:
        rows.append(_error_row("live vs truth", live))
    if offline is not None:
        rows.append(_error_row("offline vs truth", offline))
        rows.append(_error_row("  filled", offline, "filled"))
        rows.append(_error_row("  best constant", offline, "best_constant"))
    if evaluation.against_recorded is not None:
        rows.append(_error_row("offline vs live", evaluation.against_recorded))
    return rows


def bag_sections(evaluation: BagEvaluation, live: LiveRun | None = None) -> list[Section]:
    """Sections for `write_report`; `live` adds how the recorded node did."""
    sections = [Section("Depth", list(_depth_blocks(evaluation)))]
    rows = error_rows(evaluation)
    if rows:
        sections.append(Section("Errors", list(_error_blocks(evaluation, rows))))
    if live is not None:
        sections.append(live_section(live))
    sections.append(_recording_section(evaluation))
    return sections


def live_section(live: LiveRun) -> Section:
    """Rate and latency of the recorded topics, and what the node said of itself."""
    columns: list[Column | str] = [
        "topic",
        Column("messages", decimals=0),
        Column("rate", "Hz"),
        Column("latency, median", "ms"),
        Column("latency, 95 %", "ms"),
    ]
    rows = [
        (name, topic.messages, topic.rate_hz, topic.latency_median_ms, topic.latency_p95_ms)
        for name, topic in live.topics.items()
    ]
    note = "Latency is from the stamp of the image to the receipt by the recorder."
    blocks: list[Block] = [Table(columns, rows, caption="Recorded topics", note=note)]
    if live.stages_ms:
        stages = list(live.stages_ms.items())
        blocks.append(Table(["stage", Column("median", "ms", bar=True)], stages, "Stages"))
    if live.losses:
        losses = list(live.losses.items())
        blocks.append(Table(["frames", Column("count", decimals=0)], losses, "Not used"))
    return Section("Live", blocks, "How the node did while the sweep was recorded.")


def _depth_blocks(evaluation: BagEvaluation) -> Iterator[Block]:
    tiles = [
        Tile("estimates", evaluation.estimates),
        Tile("slices", evaluation.slices),
        Tile("coverage", 100.0 * evaluation.coverage, "%"),
    ]
    if evaluation.against_truth is not None:
        scores = evaluation.against_truth.scores("covered", "dioptres")
        tiles.append(Tile("mean absolute error", scores.mae, "1/m", "after the first sweep"))
    yield Tiles(tiles)
    last = evaluation.last
    if last is None:
        return
    truth = evaluation.last_truth
    near, far = depth_range(truth if truth is not None else last.depth)
    marks = [(at, "∞" if math.isinf(m) else f"{m:.3g} m") for at, m in depth_ticks(near, far)]
    scale = None if last.relative else ColorScale(color_stops(DEPTH_MAP), marks, unknown=True)
    pictures = [
        Picture(
            colorize_depth(last.depth, near, far, relative=last.relative), "last depth", scale=scale
        )
    ]
    if truth is not None:
        pictures.append(Picture(colorize_depth(truth, near, far), "truth", scale=scale))
        span = 0.5 / best_constant(truth)
        error = colorize_error(last.depth, truth, span)
        pictures.append(Picture(error, f"absolute error, black 0 to white {span:.2g} 1/m"))
    pictures.append(Picture(colorize_confidence(last.confidence), "confidence, dark 0 to bright 1"))
    if last.all_in_focus is not None:
        pictures.append(Picture(last.all_in_focus, "all in focus", photo=True))
    yield Pictures(pictures)


def _error_blocks(evaluation: BagEvaluation, rows: Sequence[ErrorRow]) -> Iterator[Block]:
    columns: list[Column | str] = [
        "",
        Column("images", decimals=0),
        Column("MAE", "1/m"),
        Column("MAE", "m"),
        Column("Abs rel"),
        Column("δ < 1.25", "%"),
        Column("coverage", "%"),
    ]
    cells = [
        Row(
            (
                row.name.strip(),
                row.images,
                row.mae_dpt,
                row.mae_m,
                row.abs_rel,
                row.delta_1,
                100.0 * row.coverage,
            ),
            kind="reference" if row.reference else "normal",
        )
        for row in rows
    ]
    yield Table(columns, cells, note=_ERROR_NOTE)
    scored = evaluation.against_truth or evaluation.recorded_against_truth
    if scored is None:
        return
    curve, reliability = scored.sparsification(), scored.reliability()
    if curve is not None and reliability is not None:
        charts = [sparsification_chart({"estimate": curve}), reliability_chart(reliability)]
        yield Charts(charts)


def _recording_section(evaluation: BagEvaluation) -> Section:
    gaps = [
        (name, g.count, 1e3 * g.period_s, g.missing, g.longest_s, g.repeated, g.backwards)
        for name, g in evaluation.gaps.items()
    ]
    columns: list[Column | str] = [
        "topic",
        Column("messages", decimals=0),
        Column("period", "ms"),
        Column("missing", decimals=0),
        Column("longest gap", "s"),
        Column("repeated", decimals=0),
        Column("backwards", decimals=0),
    ]
    counters = [(name.replace("_", " "), n) for name, n in evaluation.counters.items() if n]
    blocks: list[Block] = [
        Table(columns, gaps, "Topics"),
        Table(["", Column("count", decimals=0)], counters, "Images and focus readings"),
    ]
    stages = [
        (stage, times["median"], times["p95"])
        for stage, times in stage_summary(evaluation.stages_ms).items()
    ]
    if stages:
        stage_columns: list[Column | str] = [
            "stage",
            Column("median", "ms", bar=True),
            Column("95 %", "ms"),
        ]
        blocks.append(Table(stage_columns, stages, "Offline estimate, time per stage"))
    return Section("Recording", blocks, _recording_intro(evaluation))


def _recording_intro(evaluation: BagEvaluation) -> str:
    parts = [f"{evaluation.messages} messages were read."]
    if evaluation.damage:
        parts.append(f"The recording is damaged: {evaluation.damage}.")
    if evaluation.unreadable:
        parts.append(f"{evaluation.unreadable} messages could not be parsed.")
    dropped = evaluation.notes.get("dropped", "0")
    if dropped != "0":
        parts.append(f"The recorder dropped {dropped} messages.")
    parts += [f"{count} x {reason}." for reason, count in evaluation.unusable.items()]
    return " ".join(parts)


def _error_row(name: str, evaluation: DepthEvaluation, variant: Variant = "covered") -> ErrorRow:
    dioptres = evaluation.scores(variant, "dioptres")
    depth = evaluation.scores(variant, "depth")
    return ErrorRow(
        name,
        evaluation.images,
        dioptres.mae,
        depth.mae,
        depth.abs_rel,
        depth.delta_1,
        dioptres.coverage,
        reference=variant == "best_constant",
    )
