"""Loops that numba compiles where it is installed, and that Python runs as they are where not."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

HAS_NUMBA = importlib.util.find_spec("numba") is not None


def compiled(function: F) -> F:
    """`function` as machine code that lets other threads run, kept on disk for the next process."""
    return _made(function, False)


def compiled_sum(function: F) -> F:
    """The same, where sums of floats may be taken in another order, so that lanes add up."""
    return _made(function, {"reassoc", "contract", "nsz"})


def _made(function: F, fastmath: bool | set[str]) -> F:
    if not HAS_NUMBA:
        return function
    import numba

    made: F = numba.njit(cache=True, nogil=True, boundscheck=False, fastmath=fastmath)(function)
    return made
