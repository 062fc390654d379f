"""What a report is made of: sections of text, numbers, tables, pictures and charts, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ...types import ImageArray
from .charts import Chart

Cell = str | int | float | None
RowKind = Literal["normal", "mean", "reference"]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names and values, such as method, version, hardware."""

    items: Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Tile:
    """One number that is to be seen first, with its unit and what it means."""

    label: str
    value: Cell
    unit: str = ""
    note: str = ""
    digits: int = 3


@dataclass(frozen=True)
class Tiles:
    """A row of single numbers."""

    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Numbers of a column share their decimals, `digits` significant ones at the column's median
    size, or exactly `decimals`. `better` marks the best of the normal rows; `bar` draws each
    value as a bar behind its number. NaN and None are shown as a dash.
    """

    title: str
    unit: str = ""
    digits: int = 3
    decimals: int | None = None
    better: Literal["low", "high"] | None = None
    bar: bool = False


@dataclass(frozen=True)
class Row:
    """One cell per column. A mean is set apart by a line, a reference row is muted."""

    cells: Sequence[Cell]
    kind: RowKind = "normal"


@dataclass(frozen=True)
class Table:
    """Rows under named columns; `caption` stands above, `note` below."""

    columns: Sequence[Column | str]
    rows: Sequence[Row | Sequence[Cell]]
    caption: str = ""
    note: str = ""


@dataclass(frozen=True)
class ColorScale:
    """What the colours of a picture stand for.

    `stops`: `#rrggbb`, equally spaced; `marks`: (position 0..1, text) along them. `unknown`: there
    is grey in the picture, which stands for no value.
    """

    stops: Sequence[str]
    marks: Sequence[tuple[float, str]]
    unknown: bool = False


@dataclass(frozen=True)
class Picture:
    """An image (H x W or H x W x 3 BGR, 8 or 16 bits) with a caption under it.

    A `photo` is stored with loss, a map without.
    """

    image: ImageArray
    caption: str
    photo: bool = False
    scale: ColorScale | None = None


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side, `columns` in a row where the page is wide enough."""

    pictures: Sequence[Picture]
    columns: int = 3


@dataclass(frozen=True)
class Slider:
    """Two pictures of one size, one over the other: what is pulled at its corner shows `before`."""

    before: Picture
    after: Picture


@dataclass(frozen=True)
class Charts:
    """Charts side by side."""

    charts: Sequence[Chart]


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away behind their title."""

    title: str
    blocks: Sequence[Block]


Block = Text | Facts | Tiles | Table | Pictures | Slider | Charts | Details


@dataclass(frozen=True)
class Section:
    """A titled part of a report; `intro` says in a sentence what is seen."""

    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    intro: str = ""
