"""A report's tables on the console."""

from __future__ import annotations

from rich import box
from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table as RichTable

from .blocks import Table
from .numbers import table_texts


def console_table(content: Table) -> RichTable:
    """A table of a report as the console shows it."""
    shown = RichTable(title=escape(content.caption), box=box.SIMPLE_HEAD, title_justify="left")
    columns = table_texts(content)
    for column, textual, texts in columns:
        head = f"{column.title} {column.unit}".strip()
        # Numbers make way for names, unless these are as long as topics can be.
        least = min(max(map(len, texts), default=0), 20) if textual else None
        side: JustifyMethod = "left" if textual else "right"
        shown.add_column(head, justify=side, overflow="fold", min_width=least)
    for cells in zip(*(texts for _, _, texts in columns), strict=True):
        shown.add_row(*map(escape, cells))
    return shown
