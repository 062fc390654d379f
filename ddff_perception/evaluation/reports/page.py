"""One self-contained HTML page from sections of text, numbers, tables, pictures and charts.

    write_report(Path("report.html"), [Section("Errors", [Table(["stack", "error"], rows)])],
                 title="Depth from focus")

Pictures and styles are inside the page, there is no script, and a content policy in its head
forbids the page to load anything. All text is escaped.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2

from ...files.atomic import write_bytes
from ...types import ImageArray, InputError
from .blocks import (
    Block,
    Cell,
    Charts,
    ColorScale,
    Column,
    Details,
    Facts,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    Text,
    Tile,
    Tiles,
)
from .charts import Chart, Series
from .colours import to_bgr
from .numbers import best_value, column_texts, format_number, is_number
from .style import STYLE, series_style
from .svg import COLORS, chart_svg, legend_html
from .text import safe_text

__all__ = [
    "Block", "Cell", "Chart", "Charts", "ColorScale", "Column", "Details", "Facts", "Picture",
    "Pictures", "Row", "Section", "Series", "Table", "Text", "Tile", "Tiles", "render_report",
    "write_report",
]  # fmt: skip

_WIDEST_PICTURE = 960
_JPEG_QUALITY = 88
_LONG_FACT = 48  # characters from which a fact takes a line of its own
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


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
    page = _Page()
    body = "".join(page.section(number, section) for number, section in enumerate(sections))
    links = "".join(
        f'<a href="#section-{number}">{safe_text(section.title)}</a>'
        for number, section in enumerate(sections)
    )
    nav = f"<nav>{links}</nav>" if len(sections) > 1 else ""
    under_title = f'<p class="subtitle">{safe_text(subtitle)}</p>' if subtitle else ""
    head_facts = page.block(Facts(facts)) if facts else ""
    note = f'<p class="note">{safe_text(footer)}</p>' if footer else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{safe_text(title)}</title><style>{STYLE}{series_style(COLORS)}</style></head>"
        f"<body><header><h1>{safe_text(title)}</h1>{under_title}{head_facts}{nav}</header>"
        f"<main>{body}</main><footer>{note}</footer></body></html>\n"
    )


class _Page:
    """Turns blocks into HTML and counts the pictures, whose enlarged view needs an anchor."""

    def __init__(self) -> None:
        self._pictures = 0

    def section(self, number: int, section: Section) -> str:
        intro = f'<p class="intro">{safe_text(section.intro)}</p>' if section.intro else ""
        blocks = "".join(self.block(block) for block in section.blocks)
        heading = f"<h2>{safe_text(section.title)}</h2>"
        return f'<section id="section-{number}"><div>{heading}{intro}</div>{blocks}</section>\n'

    def block(self, block: Block) -> str:
        if isinstance(block, Text):
            return f"<p>{safe_text(block.text)}</p>"
        if isinstance(block, Facts):
            return _facts(block)
        if isinstance(block, Tiles):
            return f'<div class="tiles">{"".join(_tile(tile) for tile in block.tiles)}</div>'
        if isinstance(block, Table):
            return _table(block)
        if isinstance(block, Pictures):
            return self._grid(block)
        if isinstance(block, Charts):
            return f'<div class="charts">{"".join(_chart(c) for c in block.charts)}</div>'
        inner = "".join(self.block(item) for item in block.blocks)
        return f"<details><summary>{safe_text(block.title)}</summary>{inner}</details>"

    def _grid(self, block: Pictures) -> str:
        figures = "".join(self._picture(picture) for picture in block.pictures)
        columns = f"repeat({max(1, block.columns)}, minmax(0, 1fr))"
        return f'<div class="pictures" style="grid-template-columns: {columns}">{figures}</div>'

    def _picture(self, picture: Picture) -> str:
        self._pictures += 1
        name = f"picture-{self._pictures}"
        caption = safe_text(picture.caption)
        source, (height, width) = _data_url(picture.image, picture.photo)
        image = f'<img src="{source}" width="{width}" height="{height}" alt="{caption}"/>'
        scale = "" if picture.scale is None else _scale(picture.scale)
        return (
            f'<figure id="{name}"><a class="open" href="#{name}">{image}</a>{scale}'
            f'<figcaption>{caption}</figcaption><a class="close" href="#_">Close</a></figure>'
        )


def _facts(block: Facts) -> str:
    items = []
    texts = [(name, format_number(value)) for name, value in block.items]
    for name, text in sorted(texts, key=lambda item: len(item[1]) > _LONG_FACT):
        long = ' class="long"' if len(text) > _LONG_FACT else ""
        items.append(f"<div{long}><dt>{safe_text(name)}</dt><dd>{safe_text(text)}</dd></div>")
    return f'<dl class="facts">{"".join(items)}</dl>'


def _tile(tile: Tile) -> str:
    unit = f'<span class="unit">{safe_text(tile.unit)}</span>' if tile.unit else ""
    note = f'<div class="note">{safe_text(tile.note)}</div>' if tile.note else ""
    value = safe_text(format_number(tile.value, tile.digits))
    return (
        f'<div class="tile"><div class="label">{safe_text(tile.label)}</div>'
        f'<div class="value">{value}{unit}</div>{note}</div>'
    )


def _table(table: Table) -> str:
    columns = [Column(c) if isinstance(c, str) else c for c in table.columns]
    rows = [row if isinstance(row, Row) else Row(row) for row in table.rows]
    if any(len(row.cells) != len(columns) for row in rows):
        raise ValueError(f"each row of the table {table.caption!r} needs {len(columns)} cells")
    body = [[""] * len(columns) for _ in rows]
    heads = []
    for index, column in enumerate(columns):
        values = [row.cells[index] for row in rows]
        textual = bool(values) and not any(is_number(value) for value in values)
        heads.append(_head(column, textual))
        for line, cell in zip(body, _column(column, values, rows, textual), strict=True):
            line[index] = cell
    lines = "".join(
        f'<tr class="{row.kind}">{"".join(cells)}</tr>'
        for row, cells in zip(rows, body, strict=True)
    )
    caption = f"<caption>{safe_text(table.caption)}</caption>" if table.caption else ""
    note = f'<p class="note">{safe_text(table.note)}</p>' if table.note else ""
    head = f"<thead><tr>{''.join(heads)}</tr></thead>"
    return (
        f'<div><div class="scroll"><table>{caption}{head}<tbody>{lines}</tbody></table></div>'
        f"{note}</div>"
    )


def _head(column: Column, textual: bool) -> str:
    unit = f'<span class="unit">{safe_text(column.unit)}</span>' if column.unit else ""
    kind = ' class="text"' if textual else ""
    return f'<th scope="col"{kind}>{safe_text(column.title)}{unit}</th>'


def _column(
    column: Column, values: Sequence[Cell], rows: Sequence[Row], textual: bool
) -> list[str]:
    texts = [safe_text(text) for text in column_texts(column, values)]
    if textual:
        return [f'<td class="text">{text}</td>' for text in texts]
    normal = [v for v, row in zip(values, rows, strict=True) if row.kind == "normal"]
    best = best_value(column, normal)
    longest = max((float(v) for v in normal if isinstance(v, int | float) and v == v), default=0.0)
    cells = []
    for text, value, row in zip(texts, values, rows, strict=True):
        if column.bar and row.kind == "normal" and isinstance(value, int | float) and longest > 0:
            width = 100.0 * min(max(value / longest, 0.0), 1.0) if value == value else 0.0
            fill = f'<span class="fill" style="width: {width:.1f}%"></span>'
            cells.append(f'<td class="bar"><span class="track">{fill}</span>{text}</td>')
        elif best is not None and row.kind == "normal" and value == best:
            cells.append(f'<td class="best">{text}</td>')
        else:
            cells.append(f"<td>{text}</td>")
    return cells


def _chart(chart: Chart) -> str:
    caption = f"<figcaption>{safe_text(chart.caption)}</figcaption>"
    return f"<figure>{caption}{legend_html(chart)}{chart_svg(chart)}</figure>"


def _scale(scale: ColorScale) -> str:
    ramp = f"background: linear-gradient(90deg, {', '.join(scale.stops)})"
    marks = []
    for position, text in scale.marks:
        side = "start" if position < 0.04 else "end" if position > 0.96 else "mid"
        place = f"left: {100.0 * position:.1f}%"
        marks.append(f'<span class="{side}" style="{place}">{safe_text(text)}</span>')
    grey = '<span class="unknown">grey: unknown</span>' if scale.unknown else ""
    return (
        f'<div class="scale"><span class="ramp" style="{safe_text(ramp)}"></span>'
        f'<span class="marks">{"".join(marks)}</span>{grey}</div>'
    )


def _data_url(image: ImageArray, photo: bool) -> tuple[str, tuple[int, int]]:
    shown = to_bgr(image)
    height, width = shown.shape[:2]
    if width > _WIDEST_PICTURE:
        height = max(1, round(height * _WIDEST_PICTURE / width))
        width = _WIDEST_PICTURE
        shown = cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    suffix, kind = (".jpg", "jpeg") if photo else (".png", "png")
    lossy, lossless = (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY), (cv2.IMWRITE_PNG_COMPRESSION, 9)
    options = list(lossy if photo else lossless)
    done, data = cv2.imencode(suffix, shown, options)
    if not done:
        raise InputError(f"a picture of {width}x{height} cannot be stored in the report")
    text = base64.b64encode(data.tobytes()).decode("ascii")
    return f"data:image/{kind};base64,{text}", (height, width)
