"""The report over result folders of `ddff depth`: what was run, how good, how fast, pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...evaluation.depth.pictures import depth_pictures, slice_pictures
from ...evaluation.depth.report_scores import accuracy_section, confidence_section
from ...evaluation.reports.blocks import (
    Column,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    Tile,
    Tiles,
)
from ...evaluation.reports.facts import FACTS, common_facts, fact_text, mean, number
from ...evaluation.reports.results import ResultKind
from .results import Result, is_depth, read_result


def results_sections(results: Sequence[Result]) -> list[Section]:
    """The sections of a page over `results`, those that have something to say."""
    evaluated = [(r.name, r.evaluated) for r in results if r.evaluated is not None]
    sections: list[Section | None] = [Section("At a glance", [Tiles(headline_tiles(results))])]
    if evaluated:
        sections += [accuracy_section(evaluated), confidence_section(evaluated)]
    sections += [runs_section(results), time_section(results)]
    sections += [pictures_section(result) for result in results]
    return [section for section in sections if section is not None]


def headline_tiles(results: Sequence[Result]) -> list[Tile]:
    """The numbers to be seen first."""
    evaluated = [r.evaluated for r in results if r.evaluated is not None]
    tiles = []
    if evaluated:
        constant = mean([e.score("mae", "best_constant") for e in evaluated])
        error = mean([e.score("mae") for e in evaluated])
        note = f"{100 * error / constant:.0f} % of the best constant map's" if constant else ""
        tiles.append(Tile("Mean absolute error", error, "1/m", note))
        halves = [e.sparsification.error_of(0.5) for e in evaluated if e.sparsification]
        if halves:
            tiles.append(Tile("Most confident half", mean(halves), "1/m", "their mean error"))
        accurate = mean([e.score("delta_1") for e in evaluated])
        tiles.append(Tile("Within a factor of 1.25", accurate, "%", "of all pixels (δ)"))
    coverage = mean([_coverage(result) for result in results])
    tiles.append(Tile("Coverage", 100.0 * coverage, "%", "pixels with an estimate"))
    # Of what ran live, the summary tells the time of the whole run.
    total = mean([number(r.summary, "total_s") for r in results if "live" not in r.summary])
    if not math.isnan(total):
        tiles.append(Tile("Time", 1e3 * total, "ms", "for a whole stack"))
    return tiles


def runs_section(results: Sequence[Result]) -> Section | None:
    """What was run on each, where the results are many or differ."""
    if len(results) < 2:
        return None
    shared = {title for title, _ in common_facts([r.summary for r in results])}
    differing = {key: title for key, title in FACTS.items() if title not in shared}
    differing = {k: t for k, t in differing.items() if any(r.summary.get(k) for r in results)}
    columns = [
        Column("Result"), Column("Size", "px"), Column("Slices"),
        Column("Coverage", "%", decimals=1), Column("Median depth", "m"),
        Column("Mean confidence", decimals=2),
        *(Column(title) for title in differing.values()),
    ]  # fmt: skip
    rows = [
        [
            result.name,
            f"{result.depth.shape[1]} × {result.depth.shape[0]}",
            _whole(number(result.summary, "slices")),
            100.0 * _coverage(result),
            math.nan if result.relative else _median(result.depth),
            math.nan if result.confidence is None else float(np.nanmean(result.confidence)),
            *(fact_text(key, result.summary.get(key)) or "–" for key in differing),
        ]
        for result in results
    ]
    return Section("What was run", [Table(columns, rows)])


def time_section(results: Sequence[Result]) -> Section | None:
    """Milliseconds per stage and result, with the mean drawn as a bar."""
    timed = [r for r in results if isinstance(r.summary.get("timings_ms"), Mapping)]
    stages = list(dict.fromkeys(stage for r in timed for stage in r.summary["timings_ms"]))
    if not stages:
        return None
    shown = timed if 1 < len(timed) <= 8 else []
    columns = [
        Column("Stage"),
        *(Column(result.name, "ms", decimals=2) for result in shown),
        Column("Mean" if len(timed) > 1 else "Time", "ms", decimals=2, bar=True),
    ]
    rows = []
    for stage in stages:
        times = [_stage_ms(result, stage) for result in timed]
        rows.append(Row([_words(stage), *(times if shown else []), mean(times)]))
    totals = [math.fsum(t for s in stages if not math.isnan(t := _stage_ms(r, s))) for r in timed]
    rows.append(Row(["Sum", *(totals if shown else []), mean(totals)], "mean"))
    return Section(
        "Time", [Table(columns, rows)], intro="Per stage, from one new slice to new depth."
    )


def pictures_section(result: Result) -> Section:
    """Slices, all-in-focus image, depth, truth, error and confidence of one result."""
    slices = [] if result.stack is None else slice_pictures(result.stack)
    maps: list[Picture] = []
    if result.all_in_focus is not None:
        focus = Picture(result.all_in_focus, "All in focus", photo=True)
        (slices if slices else maps).append(focus)
    constant = None if result.evaluated is None else result.evaluated.score("mae", "best_constant")
    maps += depth_pictures(
        result.depth,
        result.confidence,
        result.truth,
        relative=result.relative,
        error_span=None if constant is None else 2.0 * constant,
    )
    rows = [pictures for pictures in (slices, maps) if pictures]
    columns = max(len(pictures) for pictures in rows)
    blocks = [Pictures(pictures, columns=max(columns, 3)) for pictures in rows]
    return Section(result.name, blocks, _sentence(result))


def _sentence(result: Result) -> str:
    parts = [f"{result.depth.shape[1]} × {result.depth.shape[0]} pixels"]
    if result.stack is not None:
        parts.append(f"{len(result.stack.slices)} slices")
    if isinstance(method := result.summary.get("method"), str):
        parts.append(f"method {method}")
    if result.evaluated is not None:
        parts.append(f"mean absolute error {result.evaluated.score('mae'):.3g} 1/m")
    if result.relative:
        parts.append("focus distances unknown: the depth is relative")
    return ", ".join(parts) + "."


def _coverage(result: Result) -> float:
    mask = np.isnan(result.depth)
    return float(1.0 - mask.mean())


def _median(depth: np.ndarray[Any, Any]) -> float:
    known = depth[~np.isnan(depth)]
    return float(np.median(known)) if known.size else math.nan


def _stage_ms(result: Result, stage: str) -> float:
    """Milliseconds of a stage, the median where there were many."""
    one = number(result.summary, "timings_ms", stage)
    return number(result.summary, "timings_ms", stage, "median") if math.isnan(one) else one


def _whole(value: float) -> int | None:
    return int(value) if math.isfinite(value) else None


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


DEPTH_RESULTS = ResultKind(
    title="Depth from focus",
    command="ddff depth",
    recognises=is_depth,
    read=read_result,
    sections=results_sections,
)
