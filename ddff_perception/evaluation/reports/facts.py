"""Facts about a run that every report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .blocks import (
    Cell,
)

_FACTS = {
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
    for key, title in _FACTS.items():
        texts = {_fact(key, summary.get(key)) for summary in summaries}
        if len(texts) == 1 and (text := texts.pop()):
            facts.append((title, text))
    return facts


def _fact(key: str, value: object) -> str:
    """A value of a summary as text; parameters without the method, which has its own line."""
    if isinstance(value, Mapping):
        items = [(k, v) for k, v in value.items() if k != "method"]
        joint = " = " if key == "parameters" else " "
        return ", ".join(f"{name}{joint}{_fact(key, item)}" for name, item in items)
    if isinstance(value, list | tuple):
        return ", ".join(_fact(key, item) for item in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
