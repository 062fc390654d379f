"""The report on a recorded polarization camera: numbers of the whole bag, pictures of its end."""

from __future__ import annotations

from pathlib import Path

from ...evaluation.bag_run import stage_summary
from ...evaluation.reports.blocks import Block, Column, Section, Table
from ...evaluation.reports.facts import common_facts
from ...evaluation.reports.page import write_report
from .bag import ReflectionBagEvaluation
from .report import pictures_section
from .results import read_separation


def reflection_bag_report(folder: Path, evaluation: ReflectionBagEvaluation, title: str) -> None:
    """Writes `report.html` into `folder`, where the last layers are already."""
    result = read_separation(folder)
    sections = [*bag_score_sections(evaluation), pictures_section(result), _recording(evaluation)]
    write_report(
        folder / "report.html",
        sections,
        title=title,
        subtitle="Reflection separation",
        facts=common_facts([result.summary]),
    )


def bag_score_sections(evaluation: ReflectionBagEvaluation) -> list[Section]:
    """Errors of the layers, where the bag says what is true or what was separated live."""
    rows = [
        (layer, f"{name} vs truth", scores.images, scores.rmse, scores.psnr_db, scores.ssim)
        for layer, found in evaluation.scores.items()
        for name, scores in found.items()
    ]
    rows += [
        (layer, "offline vs live", scores.images, scores.rmse, scores.psnr_db, scores.ssim)
        for layer, scores in evaluation.against_live.items()
    ]
    if not rows:
        return []
    columns: list[Column | str] = [
        "layer",
        "",
        Column("images", decimals=0),
        Column("RMSE"),
        Column("PSNR", "dB", decimals=1),
        Column("SSIM", decimals=3),
    ]
    note = "Means over the images; 1 is full range. Live is what a node published while recorded."
    return [Section("Errors", [Table(columns, rows, note=note)])]


def _recording(evaluation: ReflectionBagEvaluation) -> Section:
    counters = [(name.replace("_", " "), n) for name, n in evaluation.counters.items() if n]
    counters += list(evaluation.unusable.items())
    blocks: list[Block] = [
        Table(["", Column("count", decimals=0)], counters, "Not used or noticed")
    ]
    stages = [
        (stage, times["median"], times["p95"])
        for stage, times in stage_summary(evaluation.stages_ms).items()
    ]
    columns: list[Column | str] = ["stage", Column("median", "ms", bar=True), Column("95 %", "ms")]
    blocks.append(Table(columns, stages, "Offline, time per stage"))
    topics = ", ".join(evaluation.topics.images)
    intro = f"{evaluation.messages} messages, {evaluation.separated} sets separated, from {topics}."
    return Section("Recording", blocks, intro)
