"""Folders of results: truth files beside estimates, numbers in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...types import InputError


def match_truths(folders: Sequence[Path], truths: Sequence[Path]) -> list[Path | None]:
    """The truth of each result folder.

    None are given: no truth. As many as folders: one each, in order. One folder that holds a
    subfolder named like each result (a set of stacks): those. Raises InputError otherwise.
    """
    if not truths:
        return [None] * len(folders)
    if len(truths) == len(folders):
        return list(truths)
    if len(truths) == 1 and truths[0].is_dir():
        inside = [truths[0] / folder.resolve().name for folder in folders]
        missing = [path.name for path in inside if not path.is_dir()]
        if not missing:
            return list(inside)
        raise InputError(f"{truths[0]} holds no folder {missing[0]}: give one truth per result")
    raise InputError(
        f"{len(folders)} results but {len(truths)} truths: give one truth per result, in order, "
        "or the folder of their stacks"
    )


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
