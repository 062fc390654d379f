"""Images and focus readings in, a rolling focal stack out: one slice per focus distance.

A sweep never ends on a robot: each new image replaces the one of its focus distance, whatever the
order of the sweep, and slices that are not renewed age out.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...capture.reading_track import Match
from ...capture.stamp_order import SECOND_NS, Order, StampOrder
from ...capture.sweep_period import SweepPeriod
from ...parameters import Value
from ...types import FocusSlice, ImageArray
from .pairing import FocusReading, FocusTrack
from .settings import CaptureSettings
from .slots import (
    Event,
    Identity,
    SliceRemoved,
    SliceUpdated,
    SlotStatus,
    SlotTable,
    StackCleared,
    StackStatus,
)

_IMAGE_DROPS = (
    "moving",
    "unpaired",
    "waiting_for_focus",
    "repeated",
    "out_of_order",
    "ahead",
    "bad_image",
    "cleared",
)
_OTHER_COUNTERS = (
    "focus_in",
    "focus_invalid",
    "focus_repeated",
    "focus_out_of_order",
    "focus_ahead",
    "slices_aged_out",
    "slices_evicted",
    "slices_merged",
    "size_changes",
    "time_jumps",
    "pauses",
    "stamps_from_future",
)

_LARGEST_DPT = 1e6
"""1/m; a focus distance under a micrometre is an error."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    stamp_ns: int
    image: ImageArray


class RollingStack:
    """Pairs images with focus readings and keeps one slice per focus distance.

    Feed readings and images as they come; what changed comes back as events, in the order in which
    they apply. Images are kept by reference, never copied: the caller must not write into them
    afterwards. Images come out in the order of their stamps. Stamps are nanoseconds of one clock.

    `counters`: `images_in` = `images_used` + every `dropped_*` + `pending`; what readings and
    slices met has its own (`focus_*`, `slices_*`, `size_changes`, `time_jumps`).
    """

    def __init__(self, parameters: Mapping[str, Value] | None = None) -> None:
        self.counters: dict[str, int] = dict.fromkeys(
            ("images_in", "images_used", *(f"dropped_{why}" for why in _IMAGE_DROPS)), 0
        )
        self.counters.update(dict.fromkeys(_OTHER_COUNTERS, 0))
        self._slots = SlotTable()
        self._track = FocusTrack()
        self._waiting: list[_Waiting] = []
        self._images, self._readings = StampOrder(), StampOrder()
        self._sweep = SweepPeriod()
        self._last_out_ns: int | None = None
        self.configure(parameters or {})

    def configure(self, parameters: Mapping[str, Value]) -> None:
        """Takes new values of CaptureSettings (defaults for the others); slices stay.

        Raises InputError on an unknown name or a value out of range.
        """
        self._settings = CaptureSettings.from_values(parameters)
        self._rule = self._settings.rule
        self._images.jump_s = self._readings.jump_s = self._settings.time_jump_s

    @property
    def balance(self) -> bool:
        """Whether exposures are to be balanced."""
        return self._settings.balance

    @property
    def pending(self) -> int:
        """Images that wait for their reading."""
        return len(self._waiting)

    @property
    def slices(self) -> list[FocusSlice]:
        """The slices as they were taken, in order of the focus."""
        return [slot.item for slot in self._slots]

    def __len__(self) -> int:
        return len(self._slots)

    def add_focus(self, reading: FocusReading) -> list[Event]:
        """Takes a reading of the lens; images that waited for it may come out.

        Unusable readings are counted: distances that are zero, negative or (unless unknown ones
        are allowed) NaN, stamps that repeat or go back. A moving lens needs no distance.
        """
        self.counters["focus_in"] += 1
        events: list[Event] = []
        if not self._valid(reading):
            self.counters["focus_invalid"] += 1
            return events
        order = self._judge(self._readings, reading.stamp_ns)
        if order is Order.JUMP:
            events += self._jump_back(self._readings, reading.stamp_ns)
        elif order is not Order.NEXT:
            self.counters[f"focus_{order.value}"] += 1
            return events
        self._track.add(reading, self._rule)
        return events + self._resolve()

    def add_image(self, stamp_ns: int, image: ImageArray) -> list[Event]:
        """Takes an image (H x W x 3 BGR or H x W grey, uint8 or uint16) by its stamp.

        Images that cannot be used are counted as `dropped_*`, never raised.
        """
        self.counters["images_in"] += 1
        if not _is_image(image):
            return self._drop("bad_image")
        order, events = self._see(stamp_ns)
        if order is Order.AHEAD:
            return events + self._drop("ahead")
        last = self._last_out_ns
        at = bisect_left(self._waiting, stamp_ns, key=lambda waiting: waiting.stamp_ns)
        queued = at < len(self._waiting) and self._waiting[at].stamp_ns == stamp_ns
        if queued or last == stamp_ns:
            return events + self._drop("repeated")
        if last is not None and stamp_ns < last:
            return events + self._drop("out_of_order")
        self._waiting.insert(at, _Waiting(stamp_ns, image))
        events += self._resolve()
        return events + self._age()

    def skip_image(self, stamp_ns: int) -> list[Event]:
        """An image was taken that nobody had time for: it is none of a pause's."""
        return self._see(stamp_ns)[1]

    def flush(self) -> list[Event]:
        """Decides on every image that waits by the readings that there are (end of a bag)."""
        events: list[Event] = []
        while self._waiting:
            events += self._decide(final=True)
        return events

    def reset(self) -> list[Event]:
        """Forgets slices, readings and waiting images; the counters go on."""
        return self._clear("reset")

    def status(self) -> StackStatus:
        """What the stack holds now."""
        newest_ns, reading = self._images.newest_ns, self._track.newest
        slots = tuple(
            SlotStatus(
                slot.number,
                slot.item.focus_distance_m,
                slot.lens_position,
                slot.item.stamp_ns,
                ((newest_ns or 0) - slot.item.stamp_ns) / SECOND_NS,
            )
            for slot in self._slots
        )
        age_s = math.nan
        if newest_ns is not None and reading is not None:
            age_s = (newest_ns - reading.stamp_ns) / SECOND_NS
        still_s = self._track.still_ns / SECOND_NS
        return StackStatus(slots, self._coverage(), age_s, still_s, self.pending)

    def _valid(self, reading: FocusReading) -> bool:
        distance = reading.focus_distance_m
        if math.isnan(distance):
            return not reading.settled or self._settings.allow_unknown
        return distance > 0.0 and reading.dioptres <= _LARGEST_DPT

    def _resolve(self) -> list[Event]:
        events: list[Event] = []
        while self._waiting:
            waited_ns = (self._images.newest_ns or 0) - self._waiting[0].stamp_ns
            overdue = waited_ns > self._settings.pairing_wait_ns
            crowded = len(self._waiting) > self._settings.queue_size
            before = len(self._waiting)
            events += self._decide(final=overdue or crowded)
            if len(self._waiting) == before:
                break
        return events

    def _decide(self, final: bool) -> list[Event]:
        """Uses or drops the first waiting image, or leaves it where a reading is still awaited."""
        first = self._waiting[0]
        match, reading = self._track.at(first.stamp_ns, self._rule, final)
        if match is Match.WAIT:
            return []
        del self._waiting[0]
        self._last_out_ns = first.stamp_ns
        if reading is None:
            return self._drop(match.value if len(self._track) else "waiting_for_focus")
        if math.isnan(reading.focus_distance_m) and self._holds_distances():
            return self._drop("unpaired")
        self.counters["images_used"] += 1
        return self._use(first, reading)

    def _use(self, waiting: _Waiting, reading: FocusReading) -> list[Event]:
        events: list[Event] = []
        oldest = self._slots.oldest()
        if oldest is not None and not _same_type(oldest.item.image, waiting.image):
            self.counters["size_changes"] += 1
            events += self._empty("size_change")
        identity, key = self._identify(reading)
        if identity is not self._slots.identity:
            if len(self._slots):
                events += self._empty("focus_kind")
            self._slots.identity = identity
        item = FocusSlice(waiting.image, reading.focus_distance_m, waiting.stamp_ns)
        same = self._near(identity, key)
        for number in same[1:]:
            self._slots.remove(number)
            self.counters["slices_merged"] += 1
            events.append(SliceRemoved(number))
        if same:
            self._slots.touch(same[0])
        room = self._settings.max_slices - (0 if same else 1)
        while len(self._slots) > room:
            events += self._remove_oldest("slices_evicted")
        number = self._slots.put(same[0] if same else None, key, item, reading.lens_position)
        self._sweep.visit(number, waiting.stamp_ns)
        return [*events, SliceUpdated(number, item)]

    @staticmethod
    def _identify(reading: FocusReading) -> tuple[Identity, float]:
        if not math.isnan(reading.focus_distance_m):
            return Identity.DISTANCE, reading.dioptres
        if math.isfinite(reading.lens_position):
            return Identity.POSITION, reading.lens_position
        return Identity.ORDER, float(reading.stamp_ns)

    def _near(self, identity: Identity, key: float) -> list[int]:
        settings = self._settings
        if identity is Identity.DISTANCE:
            return self._slots.near(
                key, settings.distance_tolerance_dpt, settings.distance_tolerance_rel
            )
        if identity is Identity.POSITION:
            return self._slots.near(key, settings.position_tolerance)
        return []

    def _holds_distances(self) -> bool:
        return self._slots.identity is Identity.DISTANCE and len(self._slots) > 0

    def _coverage(self) -> float:
        readings = [r for r in self._track.readings if r.settled or self._settings.keep_moving]
        named = [self._identify(reading) for reading in readings]
        wanted = {key for identity, key in named if identity is self._slots.identity}
        if not wanted or self._slots.identity is Identity.ORDER:
            return math.nan
        return sum(bool(self._near(self._slots.identity, key)) for key in wanted) / len(wanted)

    def _age(self) -> list[Event]:
        events: list[Event] = []
        limit_ns = self._settings.max_age_ns
        while limit_ns and (oldest := self._slots.oldest()) is not None:
            if (self._images.newest_ns or 0) - oldest.item.stamp_ns <= limit_ns:
                break
            events += self._remove_oldest("slices_aged_out")
        return events

    def _remove_oldest(self, counter: str) -> list[Event]:
        oldest = self._slots.oldest()
        if oldest is None:
            return []
        self._slots.remove(oldest.number)
        self.counters[counter] += 1
        return [SliceRemoved(oldest.number)]

    def _see(self, stamp_ns: int) -> tuple[Order, list[Event]]:
        """Where an image's stamp lies; after a jump or a pause what came before is forgotten."""
        newest = self._images.newest_ns
        order = self._judge(self._images, stamp_ns)
        if order is Order.JUMP:
            return order, self._jump_back(self._images, stamp_ns)
        if order is not Order.NEXT or newest is None or not self._settings.max_age_s:
            return order, []
        if not self._sweep.is_pause(stamp_ns - newest, self._images.resumed):
            return order, []
        self.counters["pauses"] += 1
        self._forget_waiting()
        return order, self._empty("pause")

    def _judge(self, stream: StampOrder, stamp_ns: int) -> Order:
        before = stream.from_future
        order = stream.take(stamp_ns)
        self.counters["stamps_from_future"] += stream.from_future - before
        return order

    def _jump_back(self, stream: StampOrder, stamp_ns: int) -> list[Event]:
        self.counters["time_jumps"] += 1
        events = self._clear("time_jump")
        stream.take(stamp_ns)
        return events

    def _clear(self, reason: str) -> list[Event]:
        self._forget_waiting()
        self._track.clear()
        self._images.reset()
        self._readings.reset()
        self._sweep.reset()
        self._last_out_ns = None
        return self._empty(reason)

    def _forget_waiting(self) -> None:
        self.counters["dropped_cleared"] += len(self._waiting)
        self._waiting.clear()

    def _empty(self, reason: str) -> list[Event]:
        self._slots.clear()
        self._sweep.interrupt()
        return [StackCleared(reason)]

    def _drop(self, why: str) -> list[Event]:
        self.counters[f"dropped_{why}"] += 1
        return []


def _is_image(image: ImageArray) -> bool:
    return (
        isinstance(image, np.ndarray)
        and image.dtype in (np.uint8, np.uint16)
        and (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3))
        and image.size > 0
    )


def _same_type(one: ImageArray, other: ImageArray) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype
