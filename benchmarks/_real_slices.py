"""Single slices of real focal stacks, judged by what the whole stack says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from _patches import positions
from numpy.typing import NDArray
from real_stacks import CAPTURES, shrink

from ddff_perception.defocus.pipeline import DefocusPipeline
from ddff_perception.depth_from_focus.capture.stack_alignment import align_stack
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.photographs import open_photographs, read_photographs
from ddff_perception.types import FloatArray

WIDTH = 640
_PAIRS = 20_000
# Two points count as ordered where the stack has them so far apart, of the whole sweep.
_APART = 0.15


def order(away: FloatArray, found: FloatArray, sure: NDArray[np.bool_]) -> float:
    """Share of random pairs of sure pixels that `found` puts into the order of `away`; a half is
    chance.
    """
    rng = np.random.default_rng(0)
    numbers = np.flatnonzero(sure)
    one, other = rng.choice(numbers, (2, _PAIRS))
    wanted = away.ravel()[one] - away.ravel()[other]
    apart = np.abs(wanted) >= _APART * float(np.ptp(away[sure]))
    given = found.ravel()[one] - found.ravel()[other]
    return float((np.sign(wanted[apart]) == np.sign(given[apart])).mean())


def shares(distances_m: list[float], relative: bool) -> NDArray[np.float64]:
    """Where each slice is in focus, as `positions` has it: even steps, or its share in dioptres."""
    if relative:
        return np.linspace(0.0, 1.0, len(distances_m))
    dioptres = 1.0 / np.asarray(distances_m)
    return np.asarray((dioptres - dioptres.min()) / np.ptp(dioptres))


def real_rows(captures: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Three slices of each capture: how well blur orders what the stack orders by distance from the
    slice in focus, and what undoing it gains against the stack's all-in-focus image.

    The lens is unknown; `values`: parameters of the pipeline. Captures that are not there are left
    out.
    """
    rows = []
    for capture in CAPTURES:
        if not (captures / capture.folder).is_dir():
            continue
        stack = shrink(read_photographs(open_photographs(captures / capture.folder)).stack, WIDTH)
        if capture.alignment != "none":
            stack = align_stack(stack, capture.alignment).stack
        whole = DepthFromFocus("multiscale").process(stack)
        assert whole.all_in_focus is not None
        distances = [item.focus_distance_m for item in stack.slices]
        position, planes = positions(whole, distances), shares(distances, whole.relative)
        sure = (whole.confidence >= np.median(whole.confidence)) & np.isfinite(position)
        count = len(stack.slices)
        for number in (0, count // 2, count - 1):
            pipeline = DefocusPipeline(values)
            pipeline.add_image(1, stack.slices[number].image)
            found = pipeline.sharpen(pipeline.estimate()).found
            pipeline.close()
            away = np.abs(position - planes[number])
            assert found.sharp is not None
            before, after = (
                image_scores(unit_image(image), unit_image(whole.all_in_focus)).psnr_db
                for image in (stack.slices[number].image, found.sharp)
            )
            rows.append(
                {
                    "capture": capture.folder,
                    "slice": number + 1,
                    "slices": count,
                    "order": order(away, np.abs(found.found.defocus), sure),
                    "came_db": before,
                    "gain_db": after - before,
                }
            )
    return rows
