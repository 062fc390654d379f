"""Sections of a report that say how good depth is: errors, confidence, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..reports.blocks import Block, Charts, Column, Details, Row, Section, Table, Text
from ..reports.charts import Chart
from ..reports.facts import mean, number
from .charts import badpix_chart, reliability_chart, sparsification_chart
from .evaluated import Evaluated
from .evaluation import Variant
from .maps import DOMAINS, UNITS, Domain
from .reliability import merged
from .sparsification import mean_curve

_MANY_CURVES = 8

MEASURES: dict[str, Column] = {
    "coverage": Column("Coverage", "%", decimals=1),
    "mae": Column("MAE"),
    "rms": Column("RMS"),
    "mse": Column("MSE"),
    "log_rms": Column("log RMS"),
    "log10": Column("log10"),
    "abs_rel": Column("Abs rel"),
    "sqr_rel": Column("Sqr rel"),
    "delta_1": Column("δ", "%", decimals=1),
    "delta_2": Column("δ²", "%", decimals=1),
    "delta_3": Column("δ³", "%", decimals=1),
    "badpix": Column("BadPix", "%", decimals=1),
    "bumpiness": Column("Bump"),
}

DEFINITIONS = (
    "f is the estimate, D the truth, and means run over the pixels where both are known. "
    "MAE is the mean of |f − D| (on depth: the depth error), MSE of (f − D)², RMS its root, "
    "Abs rel of |f − D| / D, Sqr rel of (f − D)² / D; log RMS is the root mean square of "
    "ln f − ln D, log10 the mean of |log10 f − log10 D|. δ, δ², δ³ are the pixels whose ratio of f "
    "and D stays under 1.25, 1.25², 1.25³. "
    "BadPix are those with |f − D| over a threshold τ. Bump is the mean of 100 · min(0.05, ‖H‖), "
    "H the Hessian of f − D by Scharr derivatives. Coverage is the share of pixels with a known "
    "truth that have an estimate. Means are over images, as in the papers. After Hazirbas, "
    "Learning Focus, Semantics and Restoration (2019), section 3.5."
)


def accuracy_section(results: Sequence[tuple[str, Evaluated]]) -> Section:
    """Errors per result with their mean and the best constant map's; every measure folded away."""
    details: list[Block] = []
    gaps = any(result.score("coverage", "covered") < 1.0 for _, result in results)
    for domain in DOMAINS:
        if gaps:
            details.append(_score_table(results, domain, "covered", "where known"))
        title = "filled to full coverage" if gaps else "all pixels"
        details.append(_score_table(results, domain, "filled", title))
    return Section(
        "Accuracy",
        [
            _headline_table(results),
            Charts(_badpix_charts(results)),
            Details("All measures on depth, disparity and dioptres", details),
            Details("What the measures mean", [Text(DEFINITIONS)]),
        ],
        intro="Errors in dioptres (1/m), over all pixels with a known truth: pixels without an "
        "estimate take their nearest neighbour's. The best constant map is the median dioptre of "
        "the truth, which says nothing about the scene.",
    )


def confidence_section(results: Sequence[tuple[str, Evaluated]]) -> Section | None:
    """Sparsification and reliability; None where there is nothing to draw."""
    charts = []
    curves = {name: r.sparsification for name, r in results if r.sparsification is not None}
    if len(curves) > _MANY_CURVES:
        together = mean_curve(list(curves.values()))
        curves = {"mean": together} if together is not None else {}
    if curves:
        charts.append(sparsification_chart(curves))
    tables = [r.reliability for _, r in results if r.reliability is not None]
    if tables and len({len(table.bins) for table in tables}) == 1:
        charts.append(reliability_chart(merged(tables)))
    if not charts:
        return None
    intro = (
        "The confidence is the probability that the depth is within 10 % of the truth. Where it is "
        "useful the error falls as only more confident pixels are kept; where it is honest the "
        "observed share follows the diagonal."
    )
    return Section("Confidence", [Charts(charts)], intro)


def _badpix_charts(results: Sequence[tuple[str, Evaluated]]) -> list[Chart]:
    """The BadPix curves on dioptres and depth, of the mean where there are many results."""
    charts = []
    domains: tuple[Domain, ...] = ("dioptres", "depth")
    for domain in domains:
        thresholds = results[0][1].thresholds(domain)
        curves = {name: result.curve("filled", domain) for name, result in results}
        if not thresholds or any(len(c) != len(thresholds) for c in curves.values()):
            continue
        if len(curves) > _MANY_CURVES:
            curves = {"mean": [mean(v) for v in zip(*curves.values(), strict=True)]}
        charts.append(badpix_chart(domain, thresholds, curves))
    return charts


def _headline_table(results: Sequence[tuple[str, Evaluated]]) -> Table:
    names = ("mae", "rms", "abs_rel", "delta_1", "delta_2", "badpix")
    columns = [
        Column("Result"),
        MEASURES["coverage"],
        Column("MAE", "1/m"),
        Column("RMS", "1/m"),
        *(MEASURES[name] for name in names[2:]),
        Column("Confident half", "MAE, 1/m"),
        Column("Constant map", "MAE, 1/m"),
    ]
    rows: list[list[str | float]] = []
    for name, result in results:
        half = math.nan if result.sparsification is None else result.sparsification.error_of(0.5)
        rows.append(
            [
                name,
                100.0 * result.score("coverage", "covered"),
                *(result.score(measure) for measure in names),
                half,
                result.score("mae", "best_constant"),
            ]
        )
    return Table(columns, _with_mean(rows))


def _score_table(
    results: Sequence[tuple[str, Evaluated]], domain: Domain, variant: Variant, title: str
) -> Table:
    columns = [Column("Result"), *MEASURES.values()]
    rows: list[list[str | float]] = [
        [name, *_scores(result, variant, domain)] for name, result in results
    ]
    constant = [_scores(result, "best_constant", domain) for _, result in results]
    means = [mean(values) for values in zip(*constant, strict=True)]
    threshold = _threshold(results, domain)
    return Table(
        columns,
        [*_with_mean(rows), Row(["Best constant map", *means], "reference")],
        caption=f"{domain.capitalize()} ({UNITS[domain]}), {title}",
        note=f"BadPix at τ = {threshold:g} {UNITS[domain]}." if threshold == threshold else "",
    )


def _scores(result: Evaluated, variant: Variant, domain: Domain) -> list[float]:
    scores = [result.score(measure, variant, domain) for measure in MEASURES]
    return [100.0 * scores[0], *scores[1:]]


def _threshold(results: Sequence[tuple[str, Evaluated]], domain: Domain) -> float:
    return number(results[0][1].content, "settings", f"badpix_{domain}") if results else math.nan


def _with_mean(rows: Sequence[Sequence[str | float]]) -> list[Row]:
    """The rows and, from two on, their mean; the first cell is a name."""
    result = [Row(row) for row in rows]
    if len(rows) > 1:
        columns = list(zip(*(row[1:] for row in rows), strict=True))
        result.append(Row(["Mean", *(mean(values) for values in columns)], "mean"))
    return result
