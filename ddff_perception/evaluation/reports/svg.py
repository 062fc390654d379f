"""Charts as inline SVG that takes its colours and fonts from the page around it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .charts import Chart, Series
from .colours import nice_ticks
from .text import safe_text

COLORS = 8  # --series-0 .. --series-7 of the page's style

_WIDTH, _HEIGHT = 520.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 10.0, 50.0
_BAR_SHARE = 0.3
_DASHES = ("", "7 3", "2 3")


def chart_svg(chart: Chart) -> str:
    """`chart` as one `<svg>` element, without its caption and legend."""
    frame = _Frame(chart)
    parts = [_grid(frame), _axis_titles(chart)]
    colors = _color_indices(chart.series)
    order = sorted(range(len(chart.series)), key=lambda n: _DEPTH[chart.series[n].kind])
    parts += [_series(frame, chart.series[n], colors[n]) for n in order]
    label = safe_text(f"{chart.caption}. {chart.y_label} over {chart.x_label}.")
    box = f"0 0 {_WIDTH:g} {_HEIGHT:g}"
    return (
        f'<svg class="chart" viewBox="{box}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )


def legend_html(chart: Chart) -> str:
    """The names of the series beside a sample of their line; nothing for a single one."""
    if len(chart.series) < 2:
        return ""
    items = []
    for series, color in zip(chart.series, _color_indices(chart.series), strict=True):
        if series.kind == "bars":
            sample = '<rect class="bars" x="0" y="2" width="22" height="8"/>'
        else:
            dot = '<circle cx="11" cy="6" r="3"/>' if series.kind == "points" else ""
            sample = f'<g {_style(series, color)}><path d="M0 6H22"/>{dot}</g>'
        key = f'<svg class="key" viewBox="0 0 22 12" aria-hidden="true">{sample}</svg>'
        items.append(f"<li>{key}{safe_text(series.name)}</li>")
    return f'<ul class="legend">{"".join(items)}</ul>'


_DEPTH = {"bars": 0, "reference": 1, "line": 2, "points": 3}


class _Frame:
    """Data coordinates to those of the drawing."""

    def __init__(self, chart: Chart) -> None:
        (self.left, self.right), (self.bottom, self.top) = chart.limits()

    def x(self, value: float) -> float:
        share = (value - self.left) / (self.right - self.left)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.bottom) / (self.top - self.bottom)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _color_indices(series: Sequence[Series]) -> list[int]:
    """Each series' number among the coloured ones, or among the reference lines."""
    indices, curves, references = [], 0, 0
    for item in series:
        if item.kind == "reference":
            indices.append(references)
            references += 1
        else:
            indices.append(curves)
            curves += item.kind != "bars"
    return indices


def _style(series: Series, color: int) -> str:
    if series.kind == "reference":
        return f'class="reference r{color % 2}"'
    dash = _DASHES[color // COLORS % len(_DASHES)]
    return f'class="curve s{color % COLORS}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _grid(frame: _Frame) -> str:
    parts = []
    x_ticks, y_ticks = nice_ticks(frame.left, frame.right, 6), nice_ticks(frame.bottom, frame.top)
    right, base = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for value, label in zip(y_ticks, _labels(y_ticks), strict=True):
        y = frame.y(value)
        parts.append(f'<path class="grid" d="M{_LEFT:g} {y:.1f}H{right:g}"/>')
        parts.append(f'<text x="{_LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for value, label in zip(x_ticks, _labels(x_ticks), strict=True):
        x = frame.x(value)
        parts.append(f'<path class="axis" d="M{x:.1f} {base:g}v5"/>')
        parts.append(f'<text x="{x:.1f}" y="{base + 20:g}" text-anchor="middle">{label}</text>')
    parts.append(f'<path class="axis" d="M{_LEFT:g} {base:g}H{right:g}"/>')
    return "".join(parts)


def _labels(ticks: Sequence[float]) -> list[str]:
    """Ticks as text with as many decimals as the longest of them needs."""
    texts = [f"{value:g}" for value in ticks]
    if any("e" in text for text in texts):
        return texts
    decimals = max((len(text.partition(".")[2]) for text in texts), default=0)
    return [f"{value:.{decimals}f}" if value else "0" for value in ticks]


def _axis_titles(chart: Chart) -> str:
    across = (_LEFT + _WIDTH - _RIGHT) / 2
    up = (_TOP + _HEIGHT - _BOTTOM) / 2
    return (
        f'<text class="title" x="{across:g}" y="{_HEIGHT - 6:g}" text-anchor="middle">'
        f"{safe_text(chart.x_label)}</text>"
        f'<text class="title" transform="translate(13 {up:g}) rotate(-90)" text-anchor="middle">'
        f"{safe_text(chart.y_label)}</text>"
    )


def _series(frame: _Frame, series: Series, color: int) -> str:
    if series.kind == "bars":
        return _bars(frame, series)
    known = [
        (frame.x(x), frame.y(min(max(y, frame.bottom), frame.top))) if _finite(x, y) else None
        for x, y in zip(series.x, series.y, strict=True)
    ]
    path, pen_down = [], False
    for point in known:
        if point is not None:
            path.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = point is not None
    dots = ""
    if series.kind == "points":
        dots = "".join(f'<circle cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="3.2"/>' for p in known if p)
    return f'<g {_style(series, color)}><path d="{"".join(path) or "M0 0"}"/>{dots}</g>'


def _bars(frame: _Frame, series: Series) -> str:
    height = _BAR_SHARE * (frame.y(frame.bottom) - frame.y(frame.top))
    tallest = max((y for y in series.y if _finite(y, y)), default=0.0) or 1.0
    step = abs(frame.x(series.x[1]) - frame.x(series.x[0])) if len(series.x) > 1 else 20.0
    base, width = frame.y(frame.bottom), 0.86 * step
    parts = []
    for x, y in zip(series.x, series.y, strict=True):
        if _finite(x, y) and y > 0:
            tall = height * y / tallest
            parts.append(
                f'<rect class="bars" x="{frame.x(x) - width / 2:.1f}" y="{base - tall:.1f}" '
                f'width="{width:.1f}" height="{tall:.1f}"/>'
            )
    return "".join(parts)


def _finite(x: float, y: float) -> bool:
    return math.isfinite(x) and math.isfinite(y)
