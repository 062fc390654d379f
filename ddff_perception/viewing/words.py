"""What is written on the page, as HTML. What a message says is text: it is escaped, always."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ..evaluation.reports.blocks import ColorScale

_LEVELS = ("OK", "WARN", "ERROR", "STALE")
_LEVEL_COLOURS = ("#2b8a3e", "#b35c00", "#c92a2a", "#5c636a")
# As much of one diagnostics message as is shown.
_MOST_ROWS, _MOST_TEXT = 80, 300
_SMALL = "font-size:0.78em;line-height:1.45;padding:0 0.9em 0.35em"


def caption(*lines: str, scale: ColorScale | None = None) -> str:
    """Lines below a picture, and its colours with what they stand for."""
    text = "<br>".join(escape(line) for line in lines if line)
    return f'<div style="{_SMALL}">{_bar(scale) if scale else ""}{text}</div>'


def problem(text: str) -> str:
    """One sentence that should be seen."""
    style = f"{_SMALL};color:#fff;background:{_LEVEL_COLOURS[2]};border-radius:4px"
    return f'<div style="margin:0 0.9em;{style}">{escape(text[:_MOST_TEXT])}</div>'


def diagnostics(level: int, name: str, message: str, values: Mapping[str, str]) -> str:
    """One status: how it is, why, and its values as a table."""
    known = min(max(level, 0), len(_LEVELS) - 1)
    badge = (
        f'<span style="background:{_LEVEL_COLOURS[known]};color:#fff;border-radius:4px;'
        f'padding:0 0.5em;font-weight:600">{_LEVELS[known]}</span>'
    )
    rows = "".join(_row(key, value) for key, value in list(values.items())[:_MOST_ROWS])
    return (
        f'<div style="{_SMALL}"><p>{badge} {escape(message[:_MOST_TEXT])}</p>'
        f'<div style="opacity:0.7">{escape(name[:_MOST_TEXT])}</div>'
        f'<table style="width:100%;border-collapse:collapse">{rows}</table></div>'
    )


def _row(key: str, value: str) -> str:
    cell = "border-top:1px solid rgba(128,128,128,0.25);padding:0.1em 0;vertical-align:top"
    return (
        f'<tr><td style="{cell}">{escape(key[:_MOST_TEXT])}</td>'
        f'<td style="{cell};text-align:right;font-variant-numeric:tabular-nums;'
        f'overflow-wrap:anywhere">{escape(value[:_MOST_TEXT])}</td></tr>'
    )


def _bar(scale: ColorScale) -> str:
    colours = ",".join(escape(stop) for stop in scale.stops)
    marks = "".join(
        f'<span style="position:absolute;left:{100 * at:.1f}%;white-space:nowrap;'
        f'transform:translateX(-{100 * at:.0f}%)">{escape(text)}</span>'
        for at, text in scale.marks
    )
    grey = (
        '<span style="background:#808080;color:#fff;border-radius:3px;padding:0 0.4em">'
        "unknown</span>"
    )
    bar = f'<div style="height:8px;border-radius:3px;background:linear-gradient(90deg,{colours})">'
    marked = f'<div style="position:relative;height:1.5em">{marks}</div>'
    return f'<div style="padding-top:4px">{bar}</div>{marked}{grey if scale.unknown else ""}</div>'
