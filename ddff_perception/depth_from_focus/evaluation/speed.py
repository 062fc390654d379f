"""How long depth from focus takes on this machine, as ratios to the yardstick in the same run."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from ...types import FocusSlice, ImageArray
from ..classical.focus_measures import yardstick, yardstick_slice
from ..estimator import DepthFromFocus


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """Median milliseconds of one stack size; `ratio` is new slice to new depth over one yardstick
    slice (its share of filter2D, box mean and argmax over the stack); `ratio_measure` the same
    over filter2D and box mean alone.
    """

    method: str
    slices: int
    width: int
    height: int
    yardstick_slice_ms: float
    yardstick_measure_ms: float
    slice_ms: float
    depth_ms: float
    all_in_focus_ms: float
    ratio: float
    ratio_measure: float
    kept_bytes_per_slice: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure_speed(
    method: str = "multiscale",
    slice_counts: Sequence[int] = (5, 10, 20, 40),
    size: tuple[int, int] = (640, 480),
    repeats: int = 40,
    advance: Callable[[], None] | None = None,
) -> list[SpeedRow]:
    """Times `method` and the yardstick, interleaved, on a synthetic sweep of `size` (w, h)."""
    rows = []
    for count in slice_counts:
        rows.append(_row(method, synthetic_sweep(count, size), repeats))
        if advance is not None:
            advance()
    return rows


def synthetic_sweep(count: int, size: tuple[int, int]) -> list[FocusSlice]:
    """A sweep over a slanted textured plane; for timing only, never for accuracy."""
    width, height = size
    rng = np.random.default_rng(7)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (height, width, 3)), (0, 0), 1.2)
    texture = np.clip((texture - 127) * 2.5 + 127, 0, 255)
    plane = np.linspace(0.2, 2.0, width)
    sweep = []
    for position in np.linspace(0.2, 2.0, count):
        blurred: ImageArray = np.empty((height, width, 3), np.uint8)
        for left in range(0, width, 80):
            middle = plane[min(left + 40, width - 1)]
            sigma = 0.3 + 2.5 * abs(middle - position)
            strip = cv2.GaussianBlur(texture[:, left : left + 80], (0, 0), sigma)
            blurred[:, left : left + 80] = strip.astype(np.uint8)
        noisy = blurred + rng.normal(0, 1.5, blurred.shape)
        image = np.clip(noisy, 0, 255).astype(np.uint8)
        sweep.append(FocusSlice(image, 1.0 / position))
    return sweep


def _row(method: str, sweep: list[FocusSlice], repeats: int) -> SpeedRow:
    images = [item.image for item in sweep]
    kept = _kept_bytes(method, sweep)
    estimator = DepthFromFocus(method)
    for slot, item in enumerate(sweep):
        estimator.update(item, slot)
    times: dict[str, list[float]] = {}
    for repeat in range(repeats + 3):
        slot = repeat % len(sweep)
        rounds = {
            "measure": _time(yardstick_slice, images[slot]),
            "slice": _time(estimator.update, sweep[slot], slot),
            "depth": _time(estimator.estimate, False),
            "whole": _time(estimator.estimate, True),
        }
        if repeat % 4 == 0:
            rounds["yardstick"] = _time(yardstick, images) / len(images)
        if repeat >= 3 or "yardstick" in rounds:
            for name, value in rounds.items():
                times.setdefault(name, []).append(value)
    median = {name: float(np.median(values)) for name, values in times.items()}
    total = median["slice"] + median["depth"]
    height, width = images[0].shape[:2]
    return SpeedRow(
        method=method,
        slices=len(sweep),
        width=width,
        height=height,
        yardstick_slice_ms=median["yardstick"],
        yardstick_measure_ms=median["measure"],
        slice_ms=median["slice"],
        depth_ms=median["depth"],
        all_in_focus_ms=max(0.0, median["whole"] - median["depth"]),
        ratio=total / median["yardstick"],
        ratio_measure=total / median["measure"],
        kept_bytes_per_slice=kept,
    )


def _kept_bytes(method: str, sweep: list[FocusSlice]) -> int:
    """What the estimator keeps per slice beside the image itself."""
    estimator = DepthFromFocus(method)
    estimator.update(sweep[0], 0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for slot, item in enumerate(sweep[1:], start=1):
        estimator.update(item, slot)
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return round(kept / max(1, len(sweep) - 1))


def _time(call: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - started) * 1e3
