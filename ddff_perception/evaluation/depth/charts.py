"""Charts of depth errors, confidence and sparsification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..reports.charts import Chart, Series
from .maps import UNITS, Domain
from .reliability import Reliability
from .sparsification import SparsificationCurve


def badpix_chart(
    domain: Domain, thresholds: Sequence[float], curves: Mapping[str, Sequence[float]]
) -> Chart:
    """Share of bad pixels over the error that is tolerated (thesis, Figs. 3.9 and 3.10).

    `curves`: per cent at each threshold, by the name of a method or a stack.
    """
    series = [Series(name, thresholds, values) for name, values in curves.items()]
    return Chart(
        f"BadPix on {domain}: the share of pixels with an error over τ",
        f"τ ({UNITS[domain]})",
        "bad pixels (%)",
        series,
        y_limits=(0.0, 100.0),
    )


def sparsification_chart(curves: Mapping[str, SparsificationCurve]) -> Chart:
    """Error in dioptres of the most confident pixels; with the oracle where one curve is shown."""
    series = []
    for name, curve in curves.items():
        percent = [100.0 * share for share in curve.share]
        series.append(Series(name, percent, curve.error))
        if len(curves) == 1:
            series.append(Series("oracle", percent, curve.oracle, "reference"))
            flat = [curve.error[-1]] * len(percent)
            series.append(Series("confidence that says nothing", percent, flat, "reference"))
    return Chart(
        "Error of the most confident pixels: a useful confidence rises from left to right",
        "most confident pixels kept (%)",
        "mean error (1/m)",
        series,
        x_limits=(0.0, 100.0),
    )


def reliability_chart(table: Reliability) -> Chart:
    """Observed share of pixels within 10 % over the confidence that was stated."""
    total = sum(b.pixels for b in table.bins) or 1
    filled = [b for b in table.bins if b.pixels]
    centres = [(b.low + b.high) / 2 for b in table.bins]
    shares = [b.pixels / total for b in table.bins]
    points = [b.confidence for b in filled], [b.observed for b in filled]
    return Chart(
        "Reliability: on the diagonal a stated probability is what happens",
        "confidence",
        "share within 10 %",
        [
            Series("share of pixels", centres, shares, "bars"),
            Series("calibrated", (0.0, 1.0), (0.0, 1.0), "reference"),
            Series("observed", *points, "points"),
        ],
        x_limits=(0.0, 1.0),
        y_limits=(0.0, 1.0),
    )
