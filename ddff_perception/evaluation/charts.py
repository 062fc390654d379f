"""Charts as data: what is drawn, apart from how (`report_svg` for pages, `chart_files` for PNG)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .depth_maps import UNITS, Domain
from .reliability import Reliability
from .sparsification import SparsificationCurve

Kind = Literal["line", "points", "reference", "bars"]


@dataclass(frozen=True)
class Series:
    """One curve. `x`, `y` of one length; a NaN in `y` breaks the curve.

    `kind`: a line, a line with points, a thin dashed reference line, or bars around each x. Bars
    stand behind the rest and are scaled to the chart's height by their own largest value.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: Kind = "line"


@dataclass(frozen=True)
class Chart:
    """Curves over one pair of axes. Limits of None fit the data, y from 0."""

    caption: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The x and y range that is shown, each with a positive extent."""
        drawn = [s for s in self.series if s.kind != "bars"] or list(self.series)
        xs = [x for s in drawn for x in s.x if x == x]
        ys = [y for s in drawn for y in s.y if y == y]
        x_limits = self.x_limits or (min(xs, default=0.0), max(xs, default=1.0))
        y_limits = self.y_limits or (min(0.0, *ys, 0.0), 1.04 * max(ys, default=1.0))
        return _extended(x_limits), _extended(y_limits)


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


def _extended(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    return (low, high) if high > low else (low, low + 1.0)
