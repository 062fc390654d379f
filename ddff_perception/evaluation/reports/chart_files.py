"""Charts as PNG files, by matplotlib without its global state."""

from __future__ import annotations

import io
from itertools import cycle
from pathlib import Path
from typing import Any

from ...files.atomic import write_bytes
from .charts import Chart, Series

_SIZE_INCHES = (5.6, 3.6)
_DOTS_PER_INCH = 160
_BAR_SHARE = 0.3  # of the height that the tallest bar takes


def write_chart(path: Path, chart: Chart) -> None:
    """`chart` as a PNG at `path`; raises InputError where it cannot be written."""
    write_bytes(path, chart_png(chart))


def chart_png(chart: Chart) -> bytes:
    """`chart` as PNG, 896 x 576 pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    (left, right), (bottom, top) = chart.limits()
    references = cycle(("--", ":"))
    for series in chart.series:
        dash = next(references) if series.kind == "reference" else "-"
        _draw(axes, series, (bottom, top), dash)
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel=chart.x_label, ylabel=chart.y_label)
    axes.set_title(chart.caption, loc="left", fontsize="medium")
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if len(chart.series) > 1:
        axes.legend(frameon=False, fontsize="small")
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def _draw(axes: Any, series: Series, y_limits: tuple[float, float], dash: str) -> None:
    bottom, top = y_limits
    if series.kind == "bars":
        width = 0.9 * (series.x[1] - series.x[0]) if len(series.x) > 1 else 0.1
        unit = _BAR_SHARE * (top - bottom) / (max(series.y, default=0.0) or 1.0)
        heights = [value * unit for value in series.y]
        axes.bar(series.x, heights, width, bottom=bottom, color="0.9", label=series.name, zorder=0)
        return
    styles: dict[str, dict[str, Any]] = {
        "line": {"linewidth": 1.8},
        "points": {"linewidth": 1.8, "marker": "o", "markersize": 4.5},
        "reference": {"linewidth": 1.0, "linestyle": dash, "color": "0.5"},
    }
    axes.plot(series.x, series.y, label=series.name, **styles[series.kind])
