"""Charts as data: what is drawn, apart from how (`report_svg` for pages, `chart_files` for PNG)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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


def _extended(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    return (low, high) if high > low else (low, low + 1.0)
