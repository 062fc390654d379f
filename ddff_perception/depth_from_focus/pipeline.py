"""Images and focus readings in, depth out: capture and estimator joined, without a clock."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..optics.lens_table import LensTable
from ..parameters import Value
from ..types import CameraModel, DepthEstimate, FocalStack, ImageArray
from .capture.alignment import Aligner, SliceReweighted
from .capture.rolling_stack import FocusReading, RollingStack, SliceRemoved, SliceUpdated
from .capture.slots import Event
from .estimator import MINIMUM_WEIGHT, DepthFromFocus

MINIMUM_SLICES = 2


class DepthPipeline:
    """What the node runs on live messages, on whatever is fed to it.

    `capture` are values of `capture.PARAMETERS`, `alignment` of `ALIGNMENT_PARAMETERS`,
    `parameters` those of the estimator's method. The same calls in the same order give the same
    arrays.
    """

    def __init__(
        self,
        method: str = "multiscale",
        parameters: Mapping[str, Value] | None = None,
        capture: Mapping[str, Value] | None = None,
        camera: CameraModel | None = None,
        lens: LensTable | None = None,
        alignment: Mapping[str, Value] | None = None,
    ) -> None:
        self.lens = lens
        self.aligner = Aligner(alignment, lens)
        self._held_back = 0
        self.estimator = DepthFromFocus(method, parameters, camera)
        self.stack = RollingStack(capture)

    @property
    def counters(self) -> dict[str, int]:
        """What capture met (see `RollingStack.counters`), alignment, and estimates that were held
        back because of motion.
        """
        return {**self.stack.counters, **self.aligner.counters, "held_back": self._held_back}

    @property
    def newest_stamp_ns(self) -> int:
        """Stamp of the newest slice, 0 without any: the stamp of the next estimate."""
        return max((item.stamp_ns for item in self.estimator.slots.values()), default=0)

    @property
    def slices(self) -> int:
        """How many slices the next estimate rests on."""
        return len(self.estimator.slots)

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
        """Takes a whole stack, as it is, in place of whatever was there."""
        self._clear()
        for item in stack.slices:
            self.estimator.update(item)
        return True

    def estimate(self, all_in_focus: bool = True) -> DepthEstimate | None:
        """Depth from the slices as they are, as the camera sees it in the newest one.

        None while there are fewer than two slices, or they are too far off each other.
        """
        if self.slices < MINIMUM_SLICES:
            return None
        usable = sum(weight >= MINIMUM_WEIGHT for weight in self.estimator.weights.values())
        if self.aligner.held_back or usable < MINIMUM_SLICES:
            self._held_back += 1
            return None
        return self.aligner.to_newest_view(self.estimator.estimate(all_in_focus))

    def reset(self) -> None:
        """Forgets every slice and whatever waits."""
        self._apply(self.stack.reset())

    def set_method(self, method: str, parameters: Mapping[str, Value]) -> None:
        """Goes on with another method or other parameters; the slices stay.

        Raises InputError where they do not fit; then nothing changes. Where an engine has to be
        built first, the sweep begins anew: nothing here waits for it.
        """
        estimator = DepthFromFocus(method, parameters, self.estimator.camera)
        if estimator.engines is not None and estimator.engines.progress is not None:
            self.reset()
        weights = self.estimator.weights
        for slot, item in self.estimator.slots.items():
            estimator.update(item, slot, weights[slot])
        self.close()
        self.estimator = estimator

    def close(self) -> None:
        """Stops engines that are still being built."""
        if self.estimator.engines is not None:
            self.estimator.engines.cancel()

    def set_alignment(self, values: Mapping[str, Value]) -> None:
        """Takes new values of ALIGNMENT_PARAMETERS; another kind of alignment starts anew.

        Raises InputError where they do not fit; then nothing changes.
        """
        aligner = Aligner(values, self.lens)
        if aligner.kind != self.aligner.kind:
            self.reset()
            self.aligner = aligner
        else:
            self.aligner.configure(values)

    def _apply(self, events: list[Event]) -> bool:
        changed = False
        for event in self.aligner.process(events):
            if isinstance(event, SliceUpdated):
                self.estimator.update(event.item, event.slot, event.weight)
                changed = True
            elif isinstance(event, SliceReweighted):
                self.estimator.reweigh(event.slot, event.weight)
            elif isinstance(event, SliceRemoved):
                self.estimator.remove(event.slot)
            else:
                self.estimator.reset()
        return changed

    def _clear(self) -> None:
        self.aligner.reset()
        self.estimator.reset()
