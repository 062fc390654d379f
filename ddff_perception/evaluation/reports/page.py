"""One self-contained HTML page from sections of text, numbers, tables, pictures and charts.

    write_report(Path("report.html"), [Section("Errors", [Table(["stack", "error"], rows)])],
                 title="Depth from focus")

`page.html` is its template, `page.css` its look. Pictures and styles are inside the page, there is
no script, and a content policy in its head forbids the page to load anything. All text is escaped.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from ...files.atomic import write_bytes
from ...types import InputError
from .blocks import Cell, Column, Facts, Picture, Row, Section, Table
from .charts import THEME, Chart, chart_svg
from .colours import to_bgr
from .numbers import best_value, format_number, table_texts

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_WIDEST_PICTURE = 960
_JPEG_QUALITY = 88
_LONG_FACT = 48  # characters from which a fact takes a line of its own
# What XML, and therefore a well-formed page, cannot hold even escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def write_report(
    path: Path,
    sections: Sequence[Section],
    *,
    title: str,
    subtitle: str = "",
    facts: Sequence[tuple[str, Cell]] = (),
    footer: str = "",
) -> None:
    """The page at `path`, atomically; raises InputError where it cannot be written.

    `facts` are the names and values under the title: what was run, with which version, on what.
    """
    page = render_report(sections, title=title, subtitle=subtitle, facts=facts, footer=footer)
    write_bytes(path, page.encode())


def render_report(
    sections: Sequence[Section],
    *,
    title: str,
    subtitle: str = "",
    facts: Sequence[tuple[str, Cell]] = (),
    footer: str = "",
) -> str:
    """The page as text, well-formed both as HTML and (after its first line) as XML."""
    numbers = itertools.count(1)
    page = (
        _environment()
        .get_template("page.html")
        .render(
            sections=sections,
            title=title,
            subtitle=subtitle,
            facts_of_page=Facts(facts),
            footer=footer,
            theme=THEME,
            numbered=lambda name: f"{name}-{next(numbers)}",
        )
    )
    return page.lstrip() + "\n"


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=lambda value: (
            _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cells": _cells,
        "drawn": _drawn,
        "kind": lambda block: type(block).__name__,
        "number": format_number,
        "stored": _stored,
        "texts": _texts,
    }
    return environment


def _texts(facts: Facts) -> list[tuple[str, str, bool]]:
    """Names and values as text; those that take a line of their own (True) come last."""
    texts = [(name, format_number(value)) for name, value in facts.items]
    return sorted(((*text, len(text[1]) > _LONG_FACT) for text in texts), key=lambda item: item[2])


def _cells(table: Table) -> tuple[list[tuple[Column, bool]], list[dict[str, Any]]]:
    """The columns of a table, whether each holds text alone, and its rows as the template has them:
    `kind` and `cells` with `text`, `kind` ("text", "bar", "best" or none) and `percent` of a bar.
    """
    rows = [row if isinstance(row, Row) else Row(row) for row in table.rows]
    if any(len(row.cells) != len(table.columns) for row in rows):
        needed = f"needs {len(table.columns)} cells"
        raise ValueError(f"each row of the table {table.caption!r} {needed}")
    columns = table_texts(table)
    shown = [
        _column(column, textual, texts, [row.cells[index] for row in rows], rows)
        for index, (column, textual, texts) in enumerate(columns)
    ]
    lines = [{"kind": row.kind, "cells": [c[n] for c in shown]} for n, row in enumerate(rows)]
    return [(column, textual) for column, textual, _ in columns], lines


def _column(
    column: Column, textual: bool, texts: Sequence[str], values: Sequence[Cell], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    if textual:
        return [{"text": text, "kind": "text"} for text in texts]
    normal = [v for v, row in zip(values, rows, strict=True) if row.kind == "normal"]
    best = best_value(column, normal)
    longest = max((float(v) for v in normal if isinstance(v, int | float) and v == v), default=0.0)
    cells = []
    for text, value, row in zip(texts, values, rows, strict=True):
        cell: dict[str, Any] = {"text": text, "kind": ""}
        if column.bar and row.kind == "normal" and isinstance(value, int | float) and longest > 0:
            share = min(max(value / longest, 0.0), 1.0) if value == value else 0.0
            cell |= {"kind": "bar", "percent": 100.0 * share}
        elif best is not None and row.kind == "normal" and value == best:
            cell["kind"] = "best"
        cells.append(cell)
    return cells


def _drawn(chart: Chart, prefix: str) -> tuple[str, Markup]:
    from markupsafe import Markup

    box, drawing = chart_svg(chart, prefix)
    return box, Markup(drawing)  # noqa: S704 (matplotlib has escaped what is text in it)


def _stored(picture: Picture) -> dict[str, Any]:
    shown = to_bgr(picture.image)
    height, width = shown.shape[:2]
    if width > _WIDEST_PICTURE:
        height = max(1, round(height * _WIDEST_PICTURE / width))
        width = _WIDEST_PICTURE
        shown = cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    suffix, kind = (".jpg", "jpeg") if picture.photo else (".png", "png")
    lossy, lossless = (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY), (cv2.IMWRITE_PNG_COMPRESSION, 9)
    done, data = cv2.imencode(suffix, shown, list(lossy if picture.photo else lossless))
    if not done:
        raise InputError(f"a picture of {width}x{height} cannot be stored in the report")
    text = base64.b64encode(data.tobytes()).decode("ascii")
    return {"url": f"data:image/{kind};base64,{text}", "width": width, "height": height}
