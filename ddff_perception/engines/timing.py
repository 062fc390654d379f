"""How long one run of an engine takes, inputs and outputs on the host included."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .base import Engine


@dataclass(frozen=True, slots=True)
class EngineTiming:
    """Milliseconds per run: median, 10th and 90th percentile of `runs`; `first_ms` is the first
    run with these shapes, which the warm-up spares a node.
    """

    engine: str
    backend: str
    shapes: Mapping[str, tuple[int, ...]]
    runs: int
    first_ms: float
    median_ms: float
    p10_ms: float
    p90_ms: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def time_engine(
    engine: Engine,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    runs: int = 30,
    advance: Callable[[], None] | None = None,
) -> EngineTiming:
    """Times `engine` on random inputs of `shapes` (default: the card's typical ones)."""
    shapes = engine.signature.typical_shapes() if shapes is None else shapes
    feeds = engine.signature.random_feeds(shapes)
    first = _milliseconds(lambda: engine.run(feeds))
    engine.run(feeds)
    times = []
    for _ in range(runs):
        times.append(_milliseconds(lambda: engine.run(feeds)))
        if advance is not None:
            advance()
    low, median, high = (float(value) for value in np.percentile(times, (10, 50, 90)))
    return EngineTiming(
        engine.description, engine.backend, dict(shapes), runs, first, median, low, high
    )


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - started)
