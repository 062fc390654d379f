"""Numbers as a reader wants them: few digits, shared decimals in a column, a dash for none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .blocks import Cell, Column, Row, Table

DASH = "–"

_MOST_DECIMALS = 5


def format_number(value: Cell, digits: int = 3) -> str:
    """`value` with `digits` significant digits, in powers of ten only below 1e-5."""
    if not _is_number(value):
        return DASH if value is None or isinstance(value, float) else str(value)
    assert isinstance(value, int | float)
    if isinstance(value, int):
        return _signed(f"{value:,}")
    if value == 0:
        return "0"
    decimals = digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2])
    if decimals > _MOST_DECIMALS + digits:
        return _power_of_ten(value, digits)
    return _signed(f"{value:,.{max(decimals, 0)}f}")


def column_texts(column: Column, values: Sequence[Cell]) -> list[str]:
    """The cells of one column; its numbers share their decimals so that they line up."""
    sizes = sorted(abs(v) for v in values if _is_number(v) and isinstance(v, float) and v)
    if column.decimals is not None:
        decimals = column.decimals
    elif sizes:
        typical = sizes[len(sizes) // 2]
        decimals = max(0, column.digits - 1 - math.floor(math.log10(typical)))
    else:
        decimals = 0
    if decimals > _MOST_DECIMALS + column.digits:
        return [format_number(value, column.digits) for value in values]
    return [
        _signed(f"{value:,.{decimals}f}")
        if isinstance(value, float) and _is_number(value)
        else format_number(value, column.digits)
        for value in values
    ]


def table_texts(table: Table) -> list[tuple[Column, bool, list[str]]]:
    """The columns of a table, whether each holds text alone, and its cells as text."""
    rows = [row.cells if isinstance(row, Row) else row for row in table.rows]
    found = []
    for index, head in enumerate(table.columns):
        column = Column(head) if isinstance(head, str) else head
        values = [cells[index] for cells in rows]
        textual = bool(values) and not any(is_number(value) for value in values)
        found.append((column, textual, column_texts(column, values)))
    return found


def is_number(value: Cell) -> bool:
    """Whether the cell is aligned as a number: it is one, or it stands for a missing one."""
    return value is None or isinstance(value, int | float)


def best_value(column: Column, values: Sequence[Cell]) -> float | None:
    """The lowest or highest number, None unless two are there to compare."""
    numbers = [float(v) for v in values if _is_number(v) and isinstance(v, int | float)]
    if column.better is None or len(numbers) < 2 or min(numbers) == max(numbers):
        return None
    return min(numbers) if column.better == "low" else max(numbers)


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _power_of_ten(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    superscript = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return _signed(f"{mantissa}·10{superscript}")


def _signed(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
