"""What a summary says: facts that every report shows, and numbers in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .blocks import Cell

FACTS = {
    "method": "Method",
    "parameters": "Parameters",
    "alignment": "Alignment",
    "version": "Version",
    "hardware": "Hardware",
    "commit": "Commit",
    "date": "Date",
}


def common_facts(summaries: Sequence[Mapping[str, Any]]) -> list[tuple[str, Cell]]:
    """What all runs share, for the head of the page."""
    facts: list[tuple[str, Cell]] = []
    for key, title in FACTS.items():
        texts = {fact_text(key, summary.get(key)) for summary in summaries}
        if len(texts) == 1 and (text := texts.pop()):
            facts.append((title, text))
    return facts


def fact_text(key: str, value: object) -> str:
    """A value of a summary as text; parameters without the method, which has its own line."""
    if isinstance(value, Mapping):
        items = [(k, v) for k, v in value.items() if k != "method"]
        joint = " = " if key == "parameters" else " "
        return ", ".join(f"{name}{joint}{fact_text(key, item)}" for name, item in items)
    if isinstance(value, list | tuple):
        return ", ".join(fact_text(key, item) for item in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def number(content: object, *path: str) -> float:
    """The number at `path` of nested mappings, NaN where there is none."""
    value = inside(content, *path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def inside(content: object, *path: str) -> object:
    """What lies at `path` of nested mappings, None where nothing does."""
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def numbers(values: object) -> list[float]:
    """The numbers of a list, NaN for what is none; empty where it is no list."""
    if not isinstance(values, list | tuple):
        return []
    return [number({"value": value}, "value") for value in values]


def mean(values: Iterable[object]) -> float:
    """The mean of what is a finite float, NaN without any."""
    known = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    return math.fsum(known) / len(known) if known else math.nan
