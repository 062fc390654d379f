"""One new 640x480 slice to new depth by FocusStream, per engine and precision.

The ratio is to the same ten slices computed anew. `cpu` is processor time of the whole process,
which other work on the machine disturbs less than the clock.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import typer
from _record import write_record

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.engines.create import available_backends
from ddff_perception.types import FocalStack, FocusSlice

WIDTH, HEIGHT, SLICES, REPEATS, THREADS = 640, 480, 10, 15, 2


def main() -> None:
    """Measures every engine that is here and records the table."""
    rows = []
    for engine, precision in itertools.product(available_backends(), ("float32", "int8")):
        row = _measure(engine, precision)
        rows.append(row)
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    print(f"recorded in {write_record('learned_speed', rows)}")


def _measure(engine: str, precision: str) -> dict[str, Any]:
    chosen = {"engine": engine, "threads": THREADS, "precision": precision}
    estimator = DepthFromFocus("focus_stream", chosen)
    stack = _stack()
    estimator.process(stack, all_in_focus=False)
    rng = np.random.default_rng(0)

    def step() -> None:
        estimator.update(stack.slices[int(rng.integers(SLICES))])
        estimator.estimate(all_in_focus=False)

    slice_ms, slice_cpu = _time(lambda: estimator.update(stack.slices[3]))
    step_ms, step_cpu = _time(step)
    whole_ms, whole_cpu = _time(lambda: estimator.process(stack, all_in_focus=False))
    return {
        "engine": engine,
        "precision": precision,
        "threads": THREADS,
        "slice_ms": slice_ms,
        "step_ms": step_ms,
        "stack_ms": whole_ms,
        "ratio": round(step_ms / whole_ms, 3),
        "slice_cpu_ms": slice_cpu,
        "step_cpu_ms": step_cpu,
        "stack_cpu_ms": whole_cpu,
        "cpu_ratio": round(step_cpu / whole_cpu, 3),
    }


def _time(call: Callable[[], object]) -> tuple[float, float]:
    """Median milliseconds by the clock and of the processor."""
    clock, processor = [], []
    call()
    for _ in range(REPEATS):
        started, spent = time.perf_counter(), time.process_time()
        call()
        clock.append(time.perf_counter() - started)
        processor.append(time.process_time() - spent)
    return tuple(round(statistics.median(v) * 1e3, 2) for v in (clock, processor))  # type: ignore[return-value]


def _stack() -> FocalStack:
    rng = np.random.default_rng(1)
    sharp = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    dioptres = np.linspace(0.15, 2.0, SLICES)
    images = [cv2.GaussianBlur(sharp, (0, 0), 0.6 + abs(value - 1.0)) for value in dioptres]
    return FocalStack(
        tuple(FocusSlice(i, float(1 / d)) for i, d in zip(images, dioptres, strict=True))
    )


if __name__ == "__main__":
    typer.run(main)
