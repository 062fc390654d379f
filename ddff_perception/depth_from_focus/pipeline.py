"""Images and focus readings in, depth out: capture and estimator joined, without a clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..engines.loading import EngineSet
from ..engines.settings import ENGINE_PARAMETERS
from ..optics.lens_table import LensTable, read_lens_table
from ..parameters import Value, group
from ..pipeline import Change, Pipeline, check_methods
from ..types import CameraModel, DepthEstimate, FocalStack, FocusSlice, ImageArray, InputError
from .capture.alignment import Aligner, SliceReweighted
from .capture.alignment_settings import AlignmentSettings
from .capture.exposure import LiveBalance, balanced
from .capture.pairing import FocusReading
from .capture.rolling_stack import RollingStack
from .capture.settings import CaptureSettings
from .capture.slots import Event, SliceRemoved, SliceUpdated
from .estimator import COMMON_PARAMETERS, MINIMUM_WEIGHT, DepthFromFocus, EstimatorSettings
from .methods import METHODS, create_method, method_parameters

MINIMUM_SLICES = 2


class DepthPipeline(Pipeline):
    """What the node runs on live messages, on whatever is fed to it.

    `capture` are values of `CaptureSettings`, `alignment` of `AlignmentSettings`,
    `parameters` those of the estimator's method.
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
        super().__init__()
        self.lens = lens
        self.aligner = Aligner(alignment, lens)
        self._exposures = LiveBalance()
        self._held_back = self._balanced = self._left_out = 0
        self._values: Mapping[str, Value] = {}
        self.stack = RollingStack(capture)
        self.estimator = DepthFromFocus(method, parameters, camera)

    @classmethod
    def from_values(cls, values: Mapping[str, Value]) -> DepthPipeline:
        """The pipeline that the node runs with these values, by its own names; defaults elsewhere.

        Raises InputError where they do not fit, also those of a method that is not chosen, and
        where the lens table cannot be read.
        """
        check_methods(METHODS, method_parameters, create_method, values, {})
        pipeline = cls(
            *method_values(values),
            capture=group(values, "capture"),
            lens=lens_table_of(values),
            alignment=AlignmentSettings.table().part(values),
        )
        pipeline._values = dict(values)
        return pipeline

    @property
    def counters(self) -> dict[str, int]:
        """What capture met (see `RollingStack.counters`), alignment, estimates that were held back
        because of motion, slices that were balanced, and left out because of their exposure.
        """
        own = {
            "held_back": self._held_back,
            "exposure_balanced": self._balanced,
            "exposure_left_out": self._left_out,
        }
        return {**self.stack.counters, **self.aligner.counters, **own}

    @property
    def engines(self) -> EngineSet | None:
        return self.estimator.engines

    @property
    def newest_stamp_ns(self) -> int:
        """Stamp of the newest slice, 0 without any: the stamp of the next estimate."""
        return max((item.stamp_ns for item in self.estimator.slots.values()), default=0)

    @property
    def slices(self) -> int:
        """How many slices the next estimate rests on."""
        return len(self.estimator.slots)

    @property
    def taken(self) -> tuple[FocusSlice, ...]:
        """The slices as they were taken, oldest first."""
        slices = self.stack.slices or self.estimator.slots.values()
        return tuple(sorted(slices, key=lambda item: item.stamp_ns))

    def add_focus(
        self, stamp_ns: int, focus_distance_m: float, lens_position: float, settled: bool
    ) -> bool:
        """Takes a reading of the lens; True if the slices changed.

        Where the distance is NaN, `lens` says it of the position.
        """
        if self.lens is not None and math.isnan(focus_distance_m) and math.isfinite(lens_position):
            focus_distance_m = self.lens.focus_distance_m(lens_position)
        reading = FocusReading(stamp_ns, focus_distance_m, lens_position, settled)
        return self._take(self.stack.add_focus(reading))

    def add_image(self, stamp_ns: int, image: ImageArray) -> bool:
        """Takes an image (see `RollingStack.add_image`); True if the slices changed."""
        return self._take(self.stack.add_image(stamp_ns, image))

    def skip(self, stamp_ns: int) -> None:
        self._take(self.stack.skip_image(stamp_ns))

    def flush(self) -> bool:
        """Decides on images that still wait (end of a bag); True if the slices changed."""
        return self._take(self.stack.flush())

    def replace(self, stack: FocalStack) -> bool:
        """Takes a whole stack, as it is, in place of whatever was there."""
        self._backlog.clear()
        self.aligner.reset()
        self.estimator.reset()
        for item in stack.slices:
            self.estimator.update(item)
        return True

    def estimate(self, all_in_focus: bool = True, source: bool = False) -> DepthEstimate | None:
        """Depth from the slices as they are, as the camera sees it in the newest one; with
        `source`, which slice each pixel is from.

        None while there are fewer than two slices, or they are too far off each other.
        """
        if self.slices < MINIMUM_SLICES:
            return None
        usable = sum(weight >= MINIMUM_WEIGHT for weight in self.estimator.weights.values())
        if self.aligner.held_back or usable < MINIMUM_SLICES:
            self._held_back += 1
            return None
        return self.aligner.to_newest_view(self.estimator.estimate(all_in_focus, source))

    def reset(self) -> None:
        """Forgets every slice and whatever waits."""
        self._take(self.stack.reset())

    def prepare(self, values: Mapping[str, Value]) -> Change:
        changed = frozenset(name for name in values if values[name] != self._values.get(name))
        capture, alignment = group(values, "capture"), AlignmentSettings.table().part(values)
        CaptureSettings.from_values(capture)
        Aligner(alignment, self.lens)
        check_methods(METHODS, method_parameters, create_method, values, self._values)
        method, parameters = method_values(values)
        estimator: DepthFromFocus | None = None
        if any(name == "method" or name.startswith(f"{method}.") for name in changed):
            estimator = self._other_estimator(method, parameters)

        def apply() -> None:
            self._values = dict(values)
            self.stack.configure(capture)
            if changed & set(alignment):
                self.set_alignment(alignment)
            if estimator is not None:
                self._go_on_with(estimator)
            else:
                self.estimator.configure(COMMON_PARAMETERS.part(values))

        return Change(apply, lambda: self._free(estimator))

    def set_alignment(self, values: Mapping[str, Value]) -> None:
        """Takes new values of AlignmentSettings; another kind of alignment starts anew.

        Raises InputError where they do not fit; then nothing changes.
        """
        aligner = Aligner(values, self.lens)
        if aligner.kind != self.aligner.kind:
            self.reset()
            self.aligner = aligner
        else:
            self.aligner.configure(values)

    def _other_estimator(self, method: str, parameters: Mapping[str, Value]) -> DepthFromFocus:
        return DepthFromFocus(method, parameters, self.estimator.camera, self.engines)

    def _go_on_with(self, estimator: DepthFromFocus) -> None:
        if estimator.engines is not None and estimator.engines.progress is not None:
            self.reset()
        weights = self.estimator.weights
        try:
            for slot, item in self.estimator.slots.items():
                estimator.update(item, slot, weights[slot])
        except InputError:
            self._free(estimator)
            raise
        before, self.estimator = self.estimator, estimator
        self._free(before)

    def _free(self, estimator: DepthFromFocus | None) -> None:
        """Frees the engines of an estimator that is not in use, but for those that are."""
        engines = None if estimator is None else estimator.engines
        if engines is not None and engines is not self.engines:
            engines.close()

    def _take(self, events: list[Event]) -> bool:
        """Takes what capture changed; True if there is a slice to work on."""
        changed = False
        for event in events:
            if isinstance(event, SliceUpdated):
                changed = True
                self.later(event.slot, event)
                continue
            if isinstance(event, SliceRemoved):
                self._backlog.discard(event.slot)
            else:
                self._backlog.clear()
            self.work_on(event)
        return changed

    def work_on(self, item: Event) -> None:
        for aligned in self.aligner.process([self._in_balance(item)]):
            if isinstance(aligned, SliceUpdated):
                self.estimator.update(aligned.item, aligned.slot, aligned.weight)
            elif isinstance(aligned, SliceReweighted):
                self.estimator.reweigh(aligned.slot, aligned.weight)
            elif isinstance(aligned, SliceRemoved):
                self.estimator.remove(aligned.slot)
            else:
                self.estimator.reset()

    def _in_balance(self, event: Event) -> Event:
        """The event with its slice balanced; of a slice that shows nothing, that it is gone."""
        if not self.stack.balance:
            self._exposures.reset()
        elif isinstance(event, SliceUpdated):
            gain = self._exposures.gain(event.slot, event.item.image)
            if gain is None:
                self._left_out += 1
                return SliceRemoved(event.slot)
            self._balanced += gain != 1.0
            return replace(event, item=balanced(event.item, gain))
        elif isinstance(event, SliceRemoved):
            self._exposures.forget(event.slot)
        else:
            self._exposures.reset()
        return event


def method_values(values: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """The method and what `DepthFromFocus` takes for it, of the node's values."""
    own = EstimatorSettings.of(values).values()
    method = str(own.pop("method"))
    engine = ENGINE_PARAMETERS.part(values) if METHODS[method].network else {}
    return method, {**own, **group(values, method), **engine}


def lens_table_of(values: Mapping[str, Value]) -> LensTable | None:
    """The lens table that the node's values name; raises InputError where it cannot be read."""
    path = str(values.get("lens_table", ""))
    return read_lens_table(Path(path).expanduser()) if path else None
