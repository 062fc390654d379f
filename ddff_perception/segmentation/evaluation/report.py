"""The report on labels: how good, class by class, what is taken for what, and the pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...evaluation.reports.blocks import (
    Block,
    Cell,
    ColorScale,
    Column,
    Picture,
    Pictures,
    Section,
    Table,
)
from ...evaluation.reports.colours import CONFIDENCE_MAP, color_stops, colorize_confidence
from ...evaluation.reports.facts import number
from ...evaluation.reports.results import ResultKind
from ..palette import label_colours
from ..types import CLASSES
from .counts import Scores
from .results import SegmentationResult, is_segmentation, read_segmentation

_NOTE = (
    "Recall TP / (TP + FN), which papers call class accuracy; precision TP / (TP + FP); IoU TP / "
    "(TP + FP + FN). Unlabelled pixels count as wrong. Means are over the classes that are there."
)


def segmentation_sections(results: Sequence[SegmentationResult]) -> list[Section]:
    """The sections of a page over `results`."""
    sections = [Section("At a glance", [_glance(results)])]
    counted = [result.counts for result in results if result.counts is not None]
    if counted:
        total = np.sum(counted, axis=0)
        sections.append(Section("Classes", [class_table(total), confusion_table(total)]))
    return [*sections, *(pictures_section(result) for result in results)]


def pictures_section(result: SegmentationResult) -> Section:
    """Image, overlay, labels, truth and confidence of one result."""
    marks = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]
    scale = ColorScale(color_stops(CONFIDENCE_MAP), marks)
    pictures = [
        Picture(result.image, "Image", photo=True),
        Picture(result.overlay, "Labels over the image", photo=True),
        Picture(label_colours(result.labels), "Labels"),
    ]
    if result.truth is not None:
        pictures.append(Picture(label_colours(result.truth), "True labels"))
    pictures.append(Picture(colorize_confidence(result.confidence), "Confidence", scale=scale))
    blocks: list[Block] = [Pictures(pictures, columns=3), shares_table(result.labels)]
    return Section(result.name, blocks)


def shares_table(labels: NDArray[np.uint8]) -> Table:
    """Which classes are seen, the most frequent first."""
    shares = np.bincount(labels.ravel(), minlength=256) / labels.size
    seen = sorted(((float(shares[n]), name) for n, name in enumerate(CLASSES)), reverse=True)
    rows: list[tuple[Cell, ...]] = [(name, 100 * share) for share, name in seen if share]
    rows.append(("unlabelled", 100 * float(shares[255])))
    return Table(["class", Column("pixels", "%", decimals=1, bar=True)], rows)


def class_table(counts: NDArray[np.int64]) -> Table:
    """Scores of each class that the truth shows, and their means."""
    scores = Scores.of(counts)
    columns: list[Column | str] = [
        "class",
        Column("true pixels", "%", decimals=1),
        Column("recall", "%", decimals=1),
        Column("precision", "%", decimals=1),
        Column("IoU", "%", decimals=1, bar=True),
    ]
    kinds = (scores.frequency, scores.recall, scores.precision, scores.iou)
    rows: list[tuple[Cell, ...]] = [
        (name, *(100 * float(values[n]) for values in kinds))
        for n, name in enumerate(CLASSES)
        if scores.present[n]
    ]
    means = (scores.mean_recall, scores.mean_precision, scores.mean_iou)
    rows.append(("mean", math.nan, *(100 * value for value in means)))
    caption = f"Of {100 * scores.global_accuracy:.1f} % of the pixels the label is right"
    return Table(columns, rows, caption, _NOTE)


def confusion_table(counts: NDArray[np.int64]) -> Table:
    """What is taken for what, as shares of the true class's pixels."""
    found = [*CLASSES, "unlabelled"]
    shown = [n for n in range(len(found)) if counts[:, n].any()]
    columns: list[Column | str] = ["true class"]
    columns += [Column(found[n], "%", decimals=0) for n in shown]
    rows: list[tuple[Cell, ...]] = []
    for number_, name in enumerate(CLASSES):
        total = int(counts[number_].sum())
        if total:
            row = 100.0 * counts[number_] / total
            rows.append((name, *(float(row[n]) for n in shown)))
    return Table(columns, rows, "Confusion", "Each row adds up to 100 %.")


def _glance(results: Sequence[SegmentationResult]) -> Table:
    columns: list[Column | str] = [
        Column("Result"),
        Column("Size", "px"),
        Column("Method"),
        Column("Frames", decimals=0),
        Column("Time", "ms", decimals=1),
        Column("Right", "%", decimals=1, better="high"),
        Column("Mean IoU", "%", decimals=1, better="high"),
        Column("Confidence, mean", decimals=2),
    ]
    rows: list[tuple[Cell, ...]] = []
    for result in results:
        scores = None if result.counts is None else Scores.of(result.counts)
        height, width = result.labels.shape
        rows.append(
            (
                result.name,
                f"{width} × {height}",
                str(result.summary.get("method", "–")),
                number(result.summary, "frames"),
                number(result.summary, "method_ms"),
                math.nan if scores is None else 100 * scores.global_accuracy,
                math.nan if scores is None else 100 * scores.mean_iou,
                float(result.confidence.mean()),
            )
        )
    return Table(columns, rows)


SEGMENTATION_RESULTS = ResultKind(
    title="Segmentation",
    command="ddff segment",
    recognises=is_segmentation,
    read=read_segmentation,
    sections=segmentation_sections,
)
