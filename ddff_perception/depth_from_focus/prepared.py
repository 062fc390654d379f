"""A whole stack made ready for an estimate: slices balanced, hopeless ones left out, aligned.

Images of a stack on disk are read anew at each step, so that one of them is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..console import progress_bar
from ..files.stack_folder import Alignment
from ..parameters import Value
from ..types import NO_SOURCE, DepthEstimate, FloatArray, FocalStack, InputError
from .capture.alignment_settings import AlignmentSettings
from .capture.exposure import Balance, Exposures, Nothing, balanced
from .estimator import DepthFromFocus
from .pipeline import MINIMUM_SLICES, lens_table_of

# Slices that lie closer are left alone: resampling would cost more than it gives.
_WELL_PX = 1.0
# Share of the slices that must see a pixel for its depth to be known.
_LEAST_SEEN = 0.5


@dataclass(frozen=True, slots=True)
class PreparedStack:
    """The slices in one view and of one exposure, the weight of each, the share of slices that see
    each pixel (H x W), what was found in words for the user, and as facts for `summary.json`.
    """

    stack: FocalStack
    weights: Sequence[float]
    seen: FloatArray
    notes: tuple[str, ...]
    facts: dict[str, Any]


def prepare(
    stack: FocalStack, kind: str, values: Mapping[str, Value], balance: bool = True
) -> PreparedStack:
    """`kind` is an alignment, or `auto`: it looks how the slices lie, and leaves them alone where
    they lie well. `values` are a node's, for the alignment.

    Raises InputError where too few slices show anything.
    """
    everywhere = np.ones(stack.slices[0].shape[:2], np.float32)
    prepared = PreparedStack(stack, [1.0] * len(stack.slices), everywhere, (), {})
    return _aligned(_balanced(prepared, balance), kind, values)


def as_kept(stack: FocalStack, alignment: Alignment) -> PreparedStack:
    """A stack that was kept when it was prepared."""
    facts = {"alignment": {"kind": "none", "kept": True}}
    return PreparedStack(stack, alignment.weights, alignment.seen, (), facts)


def estimate(estimator: DepthFromFocus, prepared: PreparedStack) -> DepthEstimate:
    """The estimate of a prepared stack, with `source` by the slices' numbers.

    Unknown, and black in the all-in-focus image, where most slices do not see the pixel; unknown
    where none of them shows anything.
    """
    nothing = Nothing()
    count = len(prepared.stack.slices)
    with progress_bar("measuring sharpness", count) as report:
        slots: dict[int, int] = {}
        for number, item in enumerate(prepared.stack.slices):
            image, weight = item.image, prepared.weights[number]
            if weight > 0:
                nothing.add(image)
            slots[estimator.update(item, weight=weight, image=image)] = number
            report()
    with progress_bar("estimating depth"):
        found = estimator.estimate(source=True)
    assert found.source is not None
    numbers = np.array([slots[slot] for slot in estimator.order], np.uint16)
    found = replace(found, source=numbers[found.source])
    return _in_view(found, prepared.seen, nothing)


def _balanced(prepared: PreparedStack, wanted: bool) -> PreparedStack:
    """With slices of one exposure if `wanted`, and without those that are hopeless."""
    stack, exposures = prepared.stack, Exposures()
    with progress_bar("comparing exposures", len(stack.slices)) as report:
        for item in stack.slices:
            exposures.add(item.image)
            report()
    found = exposures.balance()
    left = len(stack.slices) - len(found.hopeless)
    if left < MINIMUM_SLICES:
        raise InputError(
            f"all slices but {left} are black or burnt out: take the photographs with another "
            "exposure"
        )
    gains = found.gains if wanted else np.ones_like(found.gains)
    slices = tuple(balanced(s, float(g)) for s, g in zip(stack.slices, gains, strict=True))
    weights = [float(number not in found.hopeless) for number in range(len(slices))]
    facts = {"gains": [round(float(g), 3) for g in gains], "left_out": list(found.hopeless)}
    return replace(
        prepared,
        stack=replace(stack, slices=slices),
        weights=weights,
        notes=_on_exposure(found, wanted),
        facts={"exposure": facts},
    )


def _on_exposure(found: Balance, wanted: bool) -> tuple[str, ...]:
    notes = []
    if found.spread > 0:
        done = "balanced" if wanted else "left as they are, since --no-balance was given"
        notes.append(f"exposures differ by up to {found.spread:.0%}: {done}")
    if found.hopeless:
        numbers = ", ".join(map(str, found.hopeless))
        notes.append(f"slices that are too dark or burnt out, and left out: {numbers} (from 0 on)")
    return tuple(notes)


def _aligned(prepared: PreparedStack, kind: str, values: Mapping[str, Value]) -> PreparedStack:
    if kind == "none":
        return replace(prepared, facts={**prepared.facts, "alignment": {"kind": "none"}})
    from .capture.stack_alignment import align_stack

    settings = AlignmentSettings.table().part(values)
    chosen = "ecc" if kind == "auto" else kind
    stack = prepared.stack
    used = [number for number, weight in enumerate(prepared.weights) if weight > 0]
    shown = replace(stack, slices=tuple(stack.slices[number] for number in used))
    with progress_bar("aligning slices", len(used)) as report:
        aligned = align_stack(shown, chosen, lens_table_of(values), report, settings)
    displaced_px = round(aligned.displaced_px(), 2)
    failed = [used[number] for number in aligned.failed]
    facts = {"kind": chosen, "displaced_px": displaced_px, "failed_slices": failed}
    if kind == "auto" and displaced_px < _WELL_PX:
        return replace(prepared, facts={**prepared.facts, "alignment": {**facts, "kind": "none"}})
    notes = list(prepared.notes)
    if kind == "auto":
        notes.append(
            f"slices lay up to {displaced_px:.1f} px apart: aligned, as by --param alignment=ecc"
        )
    if failed:
        numbers = ", ".join(map(str, failed))
        notes.append(f"slices that could not be aligned, and count less: {numbers} (from 0 on)")
    slices, weights = list(stack.slices), list(prepared.weights)
    for number, item, weight in zip(used, aligned.stack.slices, aligned.weights, strict=True):
        slices[number], weights[number] = item, float(weight)
    return PreparedStack(
        replace(stack, slices=tuple(slices)),
        weights,
        aligned.seen(),
        tuple(notes),
        {**prepared.facts, "alignment": facts},
    )


def _in_view(found: DepthEstimate, seen: FloatArray, nothing: Nothing) -> DepthEstimate:
    """The estimate, less sure where some slices do not see a pixel."""
    outside = seen < _LEAST_SEEN
    image, source = found.all_in_focus, found.source
    if image is not None and source is not None and outside.any():
        image, source = image.copy(), source.copy()
        image[outside], source[outside] = 0, NO_SOURCE
    blank = nothing.mask()
    unknown = outside if blank is None else outside | (blank > 0)
    if not unknown.any() and float(seen.min()) >= 1.0:
        return found
    depth = np.where(unknown, np.float32(np.nan), found.depth)
    confidence = np.where(unknown, np.float32(0.0), found.confidence * seen)
    return replace(found, depth=depth, confidence=confidence, all_in_focus=image, source=source)
