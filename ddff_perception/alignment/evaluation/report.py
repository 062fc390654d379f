"""The report on time maps: how far, how sure, and the pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...evaluation.reports.blocks import Block, Charts, Column, Picture, Pictures, Section, Table
from ...evaluation.reports.charts import Chart, Series
from ...evaluation.reports.results import ResultKind
from .results import AlignmentResult, TimeMap, is_alignment, read_alignment
from .scores import FRAME_S, OffsetScores

_NOTE = (
    "Offsets in frames of 30 Hz. Frames without a match count as outside; false: frames that the "
    "reference does not show and that were matched all the same. Frames whose true place is "
    "unknown are left out."
)
_STEPS = np.array([0, 1, 2, 4, 8, 15, 30, 60, 120])


def scores_table(rows: Sequence[tuple[str, OffsetScores]]) -> Table:
    """Offsets, a line each."""
    columns: list[Column | str] = [
        "time map",
        Column("frames", decimals=0),
        Column("matched", "%", decimals=1),
        Column("within 4", "%", decimals=1, better="high"),
        Column("within 15", "%", decimals=1, better="high"),
        Column("median", "frames", decimals=1, better="low"),
        Column("false", "%", decimals=1, better="low"),
    ]
    cells = [
        (
            name, s.frames, 100 * s.matched, 100 * s.within_4, 100 * s.within_15, s.median_frames,
            100 * s.false,
        )
        for name, s in rows
    ]  # fmt: skip
    return Table(columns, cells, "Offsets from the true frames", _NOTE)


def map_charts(time_map: TimeMap) -> Charts:
    """Time in the reference and confidence over time, and how many frames are how far off."""
    x = time_map.query_s.tolist()
    lines = [Series("matched", x, time_map.reference_s.tolist(), "points")]
    true_s = np.where(np.isfinite(time_map.true_s), time_map.true_s, np.nan)
    if not np.isnan(true_s).all():
        lines.append(Series("true", x, true_s.tolist(), "reference"))
    charts = [
        Chart("Time map", "time in the query [s]", "time in the reference [s]", lines),
        Chart(
            "Confidence",
            "time in the query [s]",
            "confidence",
            [Series("confidence", x, time_map.confidence.tolist())],
        ),
    ]
    offset = np.abs(time_map.reference_s - true_s) / FRAME_S
    offset = offset[~np.isnan(offset)]
    if len(offset):
        counts = np.histogram(offset, [*_STEPS, np.inf])[0] / len(offset)
        bars = [Series("share", _STEPS.astype(float).tolist(), (100 * counts).tolist(), "points")]
        charts.append(Chart("Offsets", "frames from the true one, at least", "%", bars))
    return Charts(charts)


def result_section(result: AlignmentResult) -> Section:
    """One result: charts, pairs, the cost matrix."""
    blocks: list[Block] = [map_charts(result.time_map)]
    pictures = [
        Picture(image, caption, photo=True)
        for image, caption in (
            (result.pairs, "Query above, the matched frames of the reference below"),
            (result.costs, "Costs: reference down, query to the right; the tour in it"),
            (result.descriptors, "Frames as points, like ones side by side; matched ones joined"),
        )
        if image is not None
    ]
    blocks += [Pictures([picture], columns=1) for picture in pictures]
    return Section(result.name, blocks)


def alignment_sections(results: Sequence[AlignmentResult]) -> list[Section]:
    """The sections of a page over `results`."""
    rows = []
    for result in results:
        found = result.time_map
        matched = ~np.isnan(found.reference_s)
        confidence = float(found.confidence[matched].mean()) if matched.any() else float("nan")
        rows.append((result.name, len(matched), 100 * float(matched.mean()), confidence))
    columns: list[Column | str] = [
        "result",
        Column("frames", decimals=0),
        Column("matched", "%", decimals=1),
        Column("mean confidence", decimals=2),
    ]
    glance: list[Block] = [Table(columns, rows)]
    scored = [
        (result.name, OffsetScores.of(result.time_map.reference_s, result.time_map.true_s))
        for result in results
        if not np.isnan(result.time_map.true_s).all()
    ]
    if scored:
        glance.append(scores_table(scored))
    return [Section("At a glance", glance), *(result_section(result) for result in results)]


ALIGNMENT_RESULTS = ResultKind(
    "Time maps", "ddff align match", is_alignment, read_alignment, alignment_sections
)
