"""The slices of a focus sweep that streams, laid over each other, and what motion does to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.lens_table import LensTable
from ...optics.registration import (
    LEAST_CONTRAST,
    RegistrationError,
    Spectrum,
    pyramid,
    spectrum,
    translation,
)
from ...optics.resampling import Matrix, on_grid, warp, warp_by_flow
from ...parameters import Value
from ...types import NO_SOURCE, DepthEstimate, FloatArray, FocusSlice
from .alignment_settings import AlignmentSettings, breathing_matrix
from .slots import Event, SliceRemoved, SliceUpdated, StackCleared

# Against the slice that it replaces, an image that moved less than this stands still: the noise of
# the phase correlation must not add up from sweep to sweep.
_STILL_PX = 0.3
_REWEIGH_STEP = 0.02
_SIZE_PX = 240
# Dense flow is measured against slices that flow has bent already: without a pull towards no flow
# its errors would add up for ever.
_FLOW_LEAK = np.float32(0.1)


@dataclass(frozen=True, slots=True)
class SliceReweighted:
    """The slice of `slot` stays; its weight is now `weight`, because the camera moved."""

    slot: int
    weight: float


AlignedEvent = Event | SliceReweighted
Point = NDArray[np.float64]


@dataclass(slots=True)
class _View:
    """A slice as it lies in the common view.

    `found`: where it was found; `matrix`: what it is resampled by; `place`: its displacement that
    is left, pixels.
    """

    item: FocusSlice
    found: Matrix
    matrix: Matrix
    breathing: Matrix
    levels: list[FloatArray]
    thumbnail: Spectrum
    place: Point
    own_weight: float
    weight: float = 1.0

    @property
    def dioptres(self) -> float:
        return 1.0 / self.item.focus_distance_m


class Aligner:
    """Lays each new slice over the ones before it and weighs them all by what motion left.

    Put it between a RollingStack and an estimator: events in, events out. The common view is the
    one of the first slice after a start. A new slice is registered to the slice nearest in focus
    (the newest of two), which lies in that view already, so that each slice is resampled once and
    the others are never touched: the cost is one registration per image, whatever the number of
    slices.

    Over long times: neighbours in focus stay within one registration error of each other, while
    the common view as a whole drifts by the sum of the errors (a still camera's by under 0.1 pixel
    in 300 images), and the camera may move away from it. `to_newest_view` brings depth back to
    where the camera is now; once the view has moved by `view_limit`, the stack starts anew
    (StackCleared("motion")), which costs one sweep.

    Motion is measured in the aligned images by phase correlation, against the slice that is
    replaced (the same focus, one sweep ago), or else the nearest in focus. Slices that lie off the
    newest by d weigh exp(-(d / motion_scale_px)^2). Raises InputError on bad parameters.
    """

    def __init__(
        self,
        parameters: Mapping[str, Value] | None = None,
        table: LensTable | None = None,
        principal_point: tuple[float, float] | None = None,
    ) -> None:
        self.counters = {"alignment_failures": 0, "views_restarted": 0}
        self._table = table
        self._principal_point = principal_point
        self._views: dict[int, _View] = {}
        self.configure(parameters or {})

    def configure(self, parameters: Mapping[str, Value]) -> None:
        """Takes new values of AlignmentSettings (defaults for the others) from now on.

        Another kind of alignment makes a view that the slices before do not share: reset then.
        """
        self._settings = AlignmentSettings.complete(parameters, self._table)

    def reset(self) -> None:
        """Forgets every slice."""
        self._views.clear()

    @property
    def kind(self) -> str:
        """The kind of alignment, one of `alignment_settings.KINDS`."""
        return self._settings.alignment

    @property
    def motion_px(self) -> float:
        """How far the stack lies off its newest slice: median over the slices, pixels."""
        newest = self._newest
        if newest is None:
            return 0.0
        return float(np.median([_distance(view, newest) for view in self._views.values()]))

    @property
    def held_back(self) -> bool:
        """Whether the stack is too far off for a depth."""
        return self.motion_px > self._settings.motion_limit_px

    def process(self, events: Iterable[Event]) -> list[AlignedEvent]:
        """The same events with aligned slices, and what else changes by them."""
        return [result for event in events for result in self._apply(event)]

    def to_newest_view(self, estimate: DepthEstimate) -> DepthEstimate:
        """`estimate`, made in the common view, as the camera sees it in the newest slice.

        Shift and rotation about the image centre; magnification stays that of the common view.
        Pixels that come from outside are unknown (depth NaN, confidence 0). The same estimate
        where the view has not moved.
        """
        rigid = self._motion_of_view(estimate.depth.shape)
        if rigid is None or np.abs(rigid - np.eye(3)).max() < 1e-6:
            return estimate
        size = (estimate.depth.shape[1], estimate.depth.shape[0])

        def moved(values: FloatArray, outside: float) -> FloatArray:
            result = cv2.warpAffine(
                values, rigid[:2], size, flags=cv2.INTER_NEAREST, borderValue=(outside,)
            )
            return np.asarray(result, np.float32)

        composite = estimate.all_in_focus
        if composite is not None:
            composite = warp(composite, np.asarray(np.linalg.inv(rigid), np.float64))
        source = estimate.source
        if source is not None:
            far = float(NO_SOURCE)
            source = moved(source.astype(np.float32), far).astype(np.uint16)
        return replace(
            estimate,
            source=source,
            depth=moved(estimate.depth, math.nan),
            confidence=moved(estimate.confidence, 0.0),
            all_in_focus=composite,
        )

    def _apply(self, event: Event) -> list[AlignedEvent]:
        if isinstance(event, SliceUpdated):
            return self._update(event)
        if isinstance(event, SliceRemoved):
            self._views.pop(event.slot, None)
        else:
            self.reset()
        return [event]

    def _update(self, event: SliceUpdated) -> list[AlignedEvent]:
        events: list[AlignedEvent] = []
        neighbour = self._neighbour(event)
        view = self._align(event, neighbour)
        if self._left(view):
            self.counters["views_restarted"] += 1
            self.reset()
            events.append(StackCleared("motion"))
            neighbour = None
            view = self._align(event, None)
        own = self._views.get(event.slot)
        view.place = self._place(view, own, neighbour)
        view.weight = view.own_weight
        self._views[event.slot] = view
        events.append(SliceUpdated(event.slot, view.item, view.weight))
        return events + self._reweigh(view)

    def _neighbour(self, event: SliceUpdated) -> _View | None:
        """The slice nearest in focus, the newer of two; the one before where focus is unknown."""
        others = [view for slot, view in self._views.items() if slot != event.slot]
        if not others:
            return self._views.get(event.slot)
        dioptres = 1.0 / event.item.focus_distance_m
        if math.isnan(dioptres):
            return max(others, key=lambda view: view.item.stamp_ns)
        below = [view for view in others if view.dioptres <= dioptres]
        above = [view for view in others if view.dioptres > dioptres]
        beside = [max(below, key=lambda view: view.dioptres)] if below else []
        beside += [min(above, key=lambda view: view.dioptres)] if above else []
        return max(beside or others, key=lambda view: view.item.stamp_ns)

    def _align(self, event: SliceUpdated, neighbour: _View | None) -> _View:
        item, kind = event.item, self._settings.alignment
        breathing = np.eye(3)
        if kind != "none":
            breathing = breathing_matrix(
                self._table, item.focus_distance_m, item.image.shape, self._principal_point
            )
        found, weight = breathing, event.weight
        registers = kind in ("ecc", "flow")
        if registers and neighbour is not None:
            found, registered = self._register(item, breathing, neighbour)
            weight *= 1.0 if registered else self._settings.failed_weight
        matrix = on_grid(found, item.image.shape)
        image = warp(item.image, matrix)
        # Registration goes by what the matrix alone gives: errors of the flow must not enter it.
        levels = pyramid(image, self._settings.size(_SIZE_PX)) if registers else []
        if kind == "flow" and neighbour is not None:
            size = self._settings.size(_SIZE_PX)
            flow = self._settings.flow(neighbour.item.image, image, size)
            image = warp_by_flow(item.image, matrix, (1.0 - _FLOW_LEAK) * flow)
        aligned = replace(item, image=image)
        place = _point(0.0, 0.0)
        return _View(aligned, found, matrix, breathing, levels, spectrum(image), place, weight)

    def _register(
        self, item: FocusSlice, breathing: Matrix, neighbour: _View
    ) -> tuple[Matrix, bool]:
        settings = self._settings
        initial = breathing @ np.linalg.inv(neighbour.breathing) @ neighbour.matrix
        # The neighbour was found at `found` and lies at `matrix`: what that leaves is not motion.
        left = np.linalg.inv(neighbour.matrix) @ neighbour.found
        moving = pyramid(item.image, settings.size(_SIZE_PX))
        try:
            return settings.find(neighbour.levels, moving, item.image.shape, initial) @ left, True
        except RegistrationError:
            self.counters["alignment_failures"] += 1
            return initial @ left, False

    def _left(self, view: _View) -> bool:
        """Whether the camera has moved so far that a new common view is due."""
        shape = view.item.image.shape
        centre = _centre(shape)
        moved = _apply_to_point(view.found, centre) - centre
        return bool(np.hypot(*moved) > self._settings.view_limit * max(shape))

    def _place(self, view: _View, own: _View | None, neighbour: _View | None) -> Point:
        reference = own or neighbour
        if reference is None:
            return _point(0.0, 0.0)
        moved = translation(reference.thumbnail, view.thumbnail)
        if moved.reliable:
            still = moved.length < _STILL_PX
            return reference.place + (_point(0.0, 0.0) if still else _point(moved.x, moved.y))
        plain = min(reference.thumbnail.contrast, view.thumbnail.contrast) < LEAST_CONTRAST
        if plain or own is None:
            return reference.place.copy()
        # The same focus shows something else: the camera moved by more than can be measured. What
        # was taken just before may show the same again, or the error would stay for ever.
        newest = self._newest
        if newest is not None and newest is not own:
            moved = translation(newest.thumbnail, view.thumbnail)
            if moved.reliable:
                return newest.place + _point(moved.x, moved.y)
        return reference.place + _point(float(max(view.item.image.shape)), 0.0)

    @property
    def _newest(self) -> _View | None:
        return max(self._views.values(), key=lambda view: view.item.stamp_ns, default=None)

    def _reweigh(self, newest: _View) -> list[AlignedEvent]:
        events: list[AlignedEvent] = []
        for slot, view in self._views.items():
            weight = view.own_weight * self._settings.weight(_distance(view, newest))
            if abs(weight - view.weight) > _REWEIGH_STEP:
                view.weight = weight
                events.append(SliceReweighted(slot, weight))
        return events

    def _motion_of_view(self, shape: tuple[int, ...]) -> Matrix | None:
        newest = self._newest
        if newest is None or self._settings.alignment not in ("ecc", "flow"):
            return None
        return _rigid(newest.found, shape)


def _distance(one: _View, other: _View) -> float:
    return float(np.hypot(*(one.place - other.place)))


def _point(x: float, y: float) -> Point:
    return np.array([x, y], dtype=np.float64)


def _centre(shape: tuple[int, ...]) -> Point:
    return _point((shape[1] - 1) / 2, (shape[0] - 1) / 2)


def _apply_to_point(matrix: Matrix, point: Point) -> Point:
    x, y, w = matrix @ np.array([point[0], point[1], 1.0])
    return _point(x / w, y / w)


def _rigid(matrix: Matrix, shape: tuple[int, ...]) -> Matrix:
    """Shift and rotation of `matrix` about the image centre, without its magnification."""
    centre = _centre(shape)
    u, _, vt = np.linalg.svd(matrix[:2, :2])
    result = np.eye(3)
    result[:2, :2] = u @ vt
    result[:2, 2] = _apply_to_point(matrix, centre) - result[:2, :2] @ centre
    return result
