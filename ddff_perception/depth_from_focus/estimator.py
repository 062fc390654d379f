"""Slices in, depth out: what the node, the commands and the bag evaluation all run.

A focal stack streams: whatever belongs to one slice is computed once when the slice comes and
kept; only the step over the slices runs again. Feeding the slices one by one or all at once gives
the same arrays.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..parameters import Settings, Value, parameter
from ..types import (
    CameraModel,
    DepthEstimate,
    FloatArray,
    FocalStack,
    FocusSlice,
    ImageArray,
    InputError,
    SliceImages,
)
from .classical.regularisation import RegularisationSettings, regularise
from .methods import METHODS, create_method
from .solution import Solution, SweepMethod, either_way

if TYPE_CHECKING:
    from ..engines.loading import EngineSet

# Two slices nearer than this in dioptres are one focus distance: no lens resolves them.
SAME_FOCUS_DPT = 1e-6
# Nearer than any lens; keeps 1 / distance finite.
NEAREST_FOCUS_M = 1e-6
# A weight below this says that the slice must not be used at all.
MINIMUM_WEIGHT = 1e-3
# Share of the way between two slices on which the all-in-focus image takes from both.
BLENDED = 0.5
# A step, as a share of the sweep, that is a depth edge and no slope.
EDGE_STEP = 0.12


@dataclass(frozen=True)
class _Estimate(Settings):
    method: str = parameter(
        "multiscale", "how depth is found in the focal stack", choices=tuple(METHODS)
    )
    minimum_confidence: float = parameter(
        0.0, "pixels with less confidence get no depth (NaN)", limits=(0.0, 1.0)
    )
    preferred: str = parameter(
        "neither",
        "which surface the all-in-focus image shows at its depth edges, where a wide aperture sees "
        "through the near one: as depth says, or a rim more of the near or of the far one (of "
        "the later or earlier slices where distances are unknown)",
        choices=("neither", "near", "far"),
    )
    preferred_reach: float = parameter(
        0.01, "width of that rim as a share of the longest side", limits=(0.0, 0.2)
    )


# A dataclass has the fields of its last base first.
@dataclass(frozen=True)
class EstimatorSettings(RegularisationSettings, _Estimate):
    """What `DepthFromFocus` takes with every method."""


COMMON_PARAMETERS = EstimatorSettings.table()


class DepthFromFocus:
    """Depth from the slices of a focus sweep, one slice at a time or a whole stack.

    `parameters` are those of `EstimatorSettings` and of the method (`method_parameters`).
    `camera` is passed on to methods that use it and is not needed for depth. `engines` are those of
    an estimator that this one follows: they are gone on with where the method takes the same ones.
    Raises InputError on a slice of another size or type than the first one.
    """

    def __init__(
        self,
        method: str = "multiscale",
        parameters: Mapping[str, Value] | None = None,
        camera: CameraModel | None = None,
        engines: EngineSet | None = None,
    ) -> None:
        given = dict(parameters or {})
        common = {name: given.pop(name) for name in list(given) if name in COMMON_PARAMETERS}
        self._method: SweepMethod = create_method(str(common.get("method", method)), given)
        method_with_engines: Any = self._method
        if self.engines is not None:
            method_with_engines.engines = self.engines.gone_on_with(engines)
            self.engines.load()
        self._settings = EstimatorSettings.from_values({"method": method, **common})
        self.camera = camera
        self._slices: dict[int, FocusSlice] = {}
        self._weights: dict[int, float] = {}
        self._timings: dict[str, float] = {}

    @property
    def method(self) -> str:
        return self._settings.method

    @property
    def slots(self) -> dict[int, FocusSlice]:
        """The slices that the estimate rests on, by slot."""
        return dict(self._slices)

    @property
    def weights(self) -> dict[int, float]:
        """The weight of each slice, by slot."""
        return dict(self._weights)

    @property
    def minimum_confidence(self) -> float:
        return self._settings.minimum_confidence

    @minimum_confidence.setter
    def minimum_confidence(self, value: float) -> None:
        self.configure({**self._settings.values(), "minimum_confidence": value})

    def configure(self, common: Mapping[str, Value]) -> None:
        """Takes other values of `EstimatorSettings`; the method stays what it is."""
        settings = EstimatorSettings.from_values(common)
        self._settings = replace(settings, method=self._settings.method)

    @property
    def engines(self) -> EngineSet | None:
        """What runs the method's networks, None without any; while its `progress` is not None,
        `update` and `estimate` would wait for it.
        """
        return getattr(self._method, "engines", None)

    def reset(self) -> None:
        """Forgets every slice."""
        for slot in list(self._slices):
            self.remove(slot)

    def remove(self, slot: int) -> None:
        """Forgets the slice in `slot`; unknown slots are ignored."""
        if self._slices.pop(slot, None) is not None:
            self._weights.pop(slot)
            self._method.remove(slot)

    def reweigh(self, slot: int, weight: float) -> None:
        """The slice in `slot` stays, with another weight 0..1; unknown slots are ignored."""
        if slot in self._weights:
            self._weights[slot] = float(np.clip(weight, 0.0, 1.0))

    def update(
        self,
        item: FocusSlice,
        slot: int | None = None,
        weight: float = 1.0,
        image: ImageArray | None = None,
    ) -> int:
        """Takes one slice in, replacing the one in `slot`, and returns its slot.

        A slice of the same focus distance is replaced too, whatever its slot. `weight` in 0..1
        scales the confidence of what this slice decides (motion). `image` is that of the slice,
        where it is stored and at hand.
        """
        self._check(item)
        same = self._slot_of(item.focus_distance_m)
        if slot is None:
            slot = max(self._slices, default=-1) + 1 if same is None else same
        elif same is not None and same != slot:
            self.remove(same)
        started = time.perf_counter()
        self._slices[slot] = item
        self._weights[slot] = float(np.clip(weight, 0.0, 1.0))
        self._method.add(slot, item.image if image is None else image)
        self._timings["slice"] = _milliseconds(started)
        return slot

    def estimate(self, all_in_focus: bool = True, source: bool = False) -> DepthEstimate:
        """Depth, confidence and all-in-focus image of the slices that are in, and `source`, which
        slice that is from.

        One slice bounds nothing: its depth is NaN everywhere. Raises InputError without a slice.
        """
        order, positions, relative = self._ordered()
        started = time.perf_counter()
        solution = self._method.solve(order, positions)
        if relative and len(order) > 1:
            # Nobody said which end is near: nothing may depend on the order of the slices.
            turned = positions if len(order) == len(self._slices) else 1.0 - positions[::-1]
            solution = either_way(solution, self._method.solve(order[::-1], turned))
        self._timings["solve"] = _milliseconds(started)
        composite, places = None, None
        if all_in_focus or self._settings.regularisation > 0:
            started = time.perf_counter()
            images = SliceImages([self._slices[slot] for slot in order])
            shown_at = self._preferred(solution.position, positions)
            composite = compose_all_in_focus(images, shown_at, positions)
            if source:
                places = sources(shown_at, positions)
            self._timings["all_in_focus"] = _milliseconds(started)
            solution = self._regularised(solution, composite)
        started = time.perf_counter()
        depth, confidence = self._to_depth(solution, order, positions, relative)
        self._timings["depth"] = _milliseconds(started)
        timings = MappingProxyType(dict(self._timings))
        shown = composite if all_in_focus else None
        return DepthEstimate(depth, confidence, shown, relative, timings, places)

    @property
    def order(self) -> list[int]:
        """The slots that an estimate rests on by their place in the sweep, as in its `source`."""
        return self._ordered()[0]

    def _preferred(self, position: FloatArray, positions: NDArray[np.float64]) -> FloatArray:
        """Where the all-in-focus image is focused: at `position`, or beside a depth edge at that of
        the surface that is preferred.
        """
        settings = self._settings
        reach = round(settings.preferred_reach * max(position.shape))
        if settings.preferred == "neither" or reach < 1:
            return position
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        grow = cv2.dilate if settings.preferred == "near" else cv2.erode
        moved = np.asarray(grow(position, kernel), np.float32)
        edge = np.abs(moved - position) > EDGE_STEP * float(positions[-1] - positions[0])
        return np.where(edge, moved, position)

    def process(
        self, stack: FocalStack, all_in_focus: bool = True, source: bool = False
    ) -> DepthEstimate:
        """The estimate of a whole stack, from nothing."""
        self.reset()
        total = 0.0
        for item in stack.slices:
            self.update(item)
            total += self._timings["slice"]
        self._timings["slice"] = total / len(stack.slices)
        return self.estimate(all_in_focus, source)

    def _check(self, item: FocusSlice) -> None:
        distance, shape, dtype = item.focus_distance_m, item.shape, item.dtype
        if not math.isnan(distance) and distance < NEAREST_FOCUS_M:
            raise InputError(
                f"focus distance {distance:g} m must be positive (from {NEAREST_FOCUS_M:g} m on), "
                "inf, or unknown"
            )
        colour = len(shape) == 3 and shape[2] == 3
        types = (np.uint8, np.uint16)
        if 0 in shape or not (len(shape) == 2 or colour) or dtype not in types:
            raise InputError(
                f"an image of {shape} {dtype} cannot be a slice: give 8 or 16 bits, "
                "grey or three colours"
            )
        if min(shape[:2]) < 8:
            raise InputError("slices must be at least 8 x 8 pixels")
        for other in self._slices.values():
            if other.shape != shape or other.dtype != dtype:
                raise InputError(
                    f"the slice is {shape} {dtype}, the stack holds "
                    f"{other.shape} {other.dtype}: reset before another size"
                )
            break

    def _slot_of(self, distance: float) -> int | None:
        if not math.isnan(distance):
            for slot, other in self._slices.items():
                if abs(1.0 / other.focus_distance_m - 1.0 / distance) < SAME_FOCUS_DPT:
                    return slot
        return None

    def _ordered(self) -> tuple[list[int], NDArray[np.float64], bool]:
        """Slots in order of position; positions in dioptres, or 0..1 if distances are unknown."""
        used = [slot for slot in self._slices if self._weights[slot] >= MINIMUM_WEIGHT]
        if not used:
            raise InputError("there is no usable slice yet: a sweep needs at least two")
        distances = np.array([self._slices[slot].focus_distance_m for slot in used])
        if np.isnan(distances).any():
            known = [slot for slot, d in zip(used, distances, strict=True) if not math.isnan(d)]
            if len(known) >= 2:
                used, distances = known, distances[~np.isnan(distances)]
            else:
                # A slice that is not used has its place in the sweep all the same.
                places = np.linspace(0.0, 1.0, len(self._slices))
                of_used = [slot in set(used) for slot in sorted(self._slices)]
                return sorted(used), places[of_used], True
        positions = 1.0 / distances
        order = np.argsort(positions, kind="stable")
        return [used[i] for i in order], positions[order], False

    def _regularised(self, solution: Solution, guide: ImageArray) -> Solution:
        if self._settings.regularisation <= 0:
            return solution
        started = time.perf_counter()
        position = regularise(solution.position, solution.confidence, guide, self._settings)
        self._timings["regularise"] = _milliseconds(started)
        return Solution(position, solution.confidence)

    def _to_depth(
        self,
        solution: Solution,
        order: list[int],
        positions: NDArray[np.float64],
        relative: bool,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        confidence = solution.confidence
        weights = np.array([self._weights[slot] for slot in order], dtype=np.float32)
        if weights.min() < 1.0:
            weight = np.interp(solution.position, positions, weights).astype(np.float32)
            confidence = confidence * weight
        if relative:
            depth = solution.position
        else:
            with np.errstate(divide="ignore"):
                depth = np.maximum(solution.position, np.float32(0.0))
                np.divide(np.float32(1.0), depth, out=depth)
        if len(order) < 2:
            return np.full_like(depth, np.nan), np.zeros_like(confidence)
        if self.minimum_confidence > 0.0:
            depth = np.where(confidence < self.minimum_confidence, np.float32(np.nan), depth)
        return depth, confidence


def compose_all_in_focus(
    images: Sequence[ImageArray], position: NDArray[np.float32], positions: NDArray[np.float64]
) -> ImageArray:
    """Each pixel from the slice whose focus is nearest to its estimated position, and about half
    way between two from both, so that what differs between slices leaves no edge.

    `images`: S images in order of `positions` (S,), ascending, looked at one after the other;
    `position`: H x W estimated position per pixel, in the same unit. Returns an image of the
    slices' shape and type.
    """
    before = images[0]
    result = before.copy()
    for number in range(1, len(positions)):
        image = images[number]
        low, high = float(positions[number - 1]), float(positions[number])
        start, reach = low + 0.5 * (1.0 - BLENDED) * (high - low), BLENDED * (high - low)
        share = np.clip((position - np.float32(start)) * np.float32(1.0 / reach), 0.0, 1.0)
        above: Any = cv2.compare(position, start, cv2.CMP_GT)  # type: ignore[call-overload]
        cv2.copyTo(_blended(before, image, share), above, result)
        before = image
    return result


def sources(position: FloatArray, positions: NDArray[np.float64]) -> NDArray[np.uint16]:
    """The number of the slice in `positions` (S,), ascending, that is nearest to each `position`,
    H x W.
    """
    places = np.zeros(position.shape, np.uint16)
    for middle in (positions[1:] + positions[:-1]) / 2.0:
        places += position > np.float32(middle)
    return places


def _blended(one: ImageArray, other: ImageArray, share: FloatArray) -> ImageArray:
    """`one`, and `other` with its `share` of each pixel (H x W, 0..1)."""
    if one.dtype == np.uint8:
        return cast(ImageArray, cv2.blendLinear(one, other, 1.0 - share, share))
    weight = share if one.ndim == 2 else share[..., None]
    mixed = one + weight * (other.astype(np.float32) - one)
    return np.asarray(mixed.round(), np.uint16)


def _milliseconds(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
