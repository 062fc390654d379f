"""Images and focus readings in, depth out: capture and estimator joined, without a clock."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..optics.lens_table import LensTable
from ..parameters import Value
from ..types import CameraModel, DepthEstimate, FocalStack, ImageArray
from .capture import FocusReading, RollingStack, SliceRemoved, SliceUpdated
from .estimator import DepthFromFocus
from .slots import Event

MINIMUM_SLICES = 2


class DepthPipeline:
    """What the node runs on live messages, on whatever is fed to it.

    `capture` are values of `capture.PARAMETERS`, `parameters` those of the estimator's method.
    The same calls in the same order give the same arrays.
    """

    def __init__(
        self,
        method: str = "multiscale",
        parameters: Mapping[str, Value] | None = None,
        capture: Mapping[str, Value] | None = None,
        camera: CameraModel | None = None,
        lens: LensTable | None = None,
    ) -> None:
        self.lens = lens
        self.estimator = DepthFromFocus(method, parameters, camera)
        self.stack = RollingStack(capture)
        self._stamps: dict[int, int] = {}

    @property
    def counters(self) -> dict[str, int]:
        """What capture met (see `RollingStack.counters`)."""
        return self.stack.counters

    @property
    def newest_stamp_ns(self) -> int:
        """Stamp of the newest slice, 0 without any: the stamp of the next estimate."""
        return max(self._stamps.values(), default=0)

    @property
    def slices(self) -> int:
        """How many slices the next estimate rests on."""
        return len(self._stamps)

    def add_focus(
        self, stamp_ns: int, focus_distance_m: float, lens_position: float, settled: bool
    ) -> bool:
        """Takes a reading of the lens; True if the slices changed.

        Where the distance is NaN, `lens` says it of the position.
        """
        if self.lens is not None and math.isnan(focus_distance_m) and math.isfinite(lens_position):
            focus_distance_m = self.lens.focus_distance_m(lens_position)
        reading = FocusReading(stamp_ns, focus_distance_m, lens_position, settled)
        return self._apply(self.stack.add_focus(reading))

    def add_image(self, stamp_ns: int, image: ImageArray) -> bool:
        """Takes an image (see `RollingStack.add_image`); True if the slices changed."""
        return self._apply(self.stack.add_image(stamp_ns, image))

    def flush(self) -> bool:
        """Decides on images that still wait (end of a bag); True if the slices changed."""
        return self._apply(self.stack.flush())

    def replace(self, stack: FocalStack) -> bool:
        """Takes a whole stack in place of whatever was there."""
        self.estimator.reset()
        self._stamps.clear()
        for item in stack.slices:
            self._stamps[self.estimator.update(item)] = item.stamp_ns
        return True

    def estimate(self, all_in_focus: bool = True) -> DepthEstimate | None:
        """Depth from the slices as they are; None while there are fewer than two."""
        if len(self._stamps) < MINIMUM_SLICES:
            return None
        return self.estimator.estimate(all_in_focus)

    def reset(self) -> None:
        """Forgets every slice and whatever waits."""
        self._apply(self.stack.reset())

    def set_method(self, method: str, parameters: Mapping[str, Value]) -> None:
        """Goes on with another method or other parameters; the slices stay.

        Raises InputError where they do not fit; then nothing changes.
        """
        estimator = DepthFromFocus(method, parameters, self.estimator.camera)
        for slot, item in self.estimator.slots.items():
            estimator.update(item, slot)
        self.estimator = estimator

    def _apply(self, events: list[Event]) -> bool:
        changed = False
        for event in events:
            if isinstance(event, SliceUpdated):
                self.estimator.update(event.item, event.slot, event.weight)
                self._stamps[event.slot] = event.item.stamp_ns
                changed = True
            elif isinstance(event, SliceRemoved):
                self.estimator.remove(event.slot)
                self._stamps.pop(event.slot, None)
            else:
                self.estimator.reset()
                self._stamps.clear()
        return changed
