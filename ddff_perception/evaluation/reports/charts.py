"""Charts: what is drawn as data, and by matplotlib as SVG inside a page or as a PNG file."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...files.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["line", "points", "reference", "bars"]

COLOURS = 8
# The page's colours on white; on a page the reader's light or dark setting chooses (page.css).
THEME = {
    "ink": "#17191c", "soft": "#5b6470", "faint": "#8a929c", "rule": "#e2e5e9",
    "strong-rule": "#b9c0c8", "tint": "#dbe8f6",
    "series-0": "#1f5fa8", "series-1": "#c8550b", "series-2": "#2c7d4f", "series-3": "#8447ad",
    "series-4": "#b82c64", "series-5": "#7c6a12", "series-6": "#13868c", "series-7": "#5f6772",
}  # fmt: skip
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ddff",
    "text.parse_math": False,
    "path.simplify": False,
    "font.size": 9.0,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": THEME["strong-rule"],
    "xtick.color": THEME["strong-rule"],
    "xtick.labelcolor": THEME["soft"],
    "ytick.labelcolor": THEME["soft"],
}
_BAR_SHARE = 0.3  # of the height that the tallest bar takes


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

    def colours(self) -> list[str]:
        """The name of each series' colour in `THEME`."""
        numbers = itertools.count()
        return [
            {"reference": "faint", "bars": "tint"}.get(series.kind)
            or f"series-{next(numbers) % COLOURS}"
            for series in self.series
        ]


def write_chart(path: Path, chart: Chart) -> None:
    """`chart` as a PNG of 896 x 576 pixels; raises InputError where it cannot be written."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        figure = _drawn(chart, (5.6, 3.6))
        axes = figure.axes[0]
        axes.set_title(chart.caption, loc="left", fontsize="medium")
        if len(chart.series) > 1:
            axes.legend(frameon=False, fontsize="small")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=160)
    write_bytes(path, buffer.getvalue())


def chart_svg(chart: Chart, prefix: str) -> tuple[str, str]:
    """The view box of `chart`, and what is inside its `<svg>` element, without caption and legend.

    Text stays text. The colours are the page's variables (`--series-0` ...), the ids begin with
    `prefix`. The same chart gives the same text.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure = _drawn(chart, (5.2, 3.0))
        figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    text = re.sub(
        r"<style.*?</style>|font-family: [^;]*; ?", "", buffer.getvalue(), flags=re.DOTALL
    )
    text = re.sub(r'(?:xlink:)?(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", text)
    for name, colour in THEME.items():
        text = text.replace(colour, f"var(--{name})")
    root, _, inside = text[text.index("<svg") :].partition(">")
    return root.partition('viewBox="')[2].partition('"')[0], inside.rpartition("</svg>")[0]


def _drawn(chart: Chart, size: tuple[float, float]) -> Figure:
    """The chart as a figure of `size` inches, without its caption and legend."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    (left, right), (bottom, top) = chart.limits()
    dashes = itertools.cycle(("--", ":"))
    for number, (series, colour) in enumerate(zip(chart.series, chart.colours(), strict=True)):
        look: dict[str, Any] = {"color": THEME[colour], "label": series.name, "gid": f"s{number}"}
        if series.kind == "bars":
            width = 0.9 * (series.x[1] - series.x[0]) if len(series.x) > 1 else 0.1
            unit = _BAR_SHARE * (top - bottom) / (max(series.y, default=0.0) or 1.0)
            axes.bar(series.x, [y * unit for y in series.y], width, bottom, zorder=0, **look)
        elif series.kind == "reference":
            axes.plot(series.x, series.y, linewidth=1.0, linestyle=next(dashes), **look)
        else:
            marker = "o" if series.kind == "points" else None
            axes.plot(series.x, series.y, linewidth=1.6, marker=marker, markersize=4.5, **look)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_xlabel(chart.x_label, color=THEME["ink"])
    axes.set_ylabel(chart.y_label, color=THEME["ink"])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=THEME["rule"])
    axes.tick_params(axis="y", length=0)
    axes.set_axisbelow(True)
    return figure


def _extended(limits: tuple[float, float]) -> tuple[float, float]:
    low, high = limits
    return (low, high) if high > low else (low, low + 1.0)
