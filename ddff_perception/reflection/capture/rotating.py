"""One camera behind a polarizer that turns: frames grouped by angle, laid over the newest one."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...capture.reading_track import Match, Nearness
from ...capture.stamp_order import Order, StampOrder
from ...capture.sweep_period import SweepPeriod
from ...optics.registration import RegistrationError
from ...optics.resampling import Matrix
from ...parameters import Value
from ...types import ImageArray
from .alignment import AlignmentSettings, Look, displacement, laid_over, motion
from .filter_angles import FilterTrack, axis_difference
from .rotating_settings import RotatingSettings


@dataclass(slots=True)
class Frame:
    """An image with its angle. `matrix` maps pixels of the newest frame to pixels of this one."""

    stamp_ns: int
    angle_deg: float
    image: ImageArray
    # Goes up whenever all frames are forgotten.
    era: int
    look: Look | None = None
    matrix: Matrix = field(default_factory=lambda: np.eye(3))


class RotatingCapture:
    """Frames and readings of the filter in, the newest frame of each angle out, in one view.

    A filter that turns never ends to: each frame takes the place of the one at its angle, so that
    there is a new result with every frame. `values` of RotatingSettings, `alignment` of
    AlignmentSettings. `later` gets the number
    of each frame's angle, and the frame; it calls `take` with it, at once by default. The same
    calls in the same order give the same arrays. `counters` says what was met.
    """

    def __init__(
        self,
        values: Mapping[str, Value] | None = None,
        time_jump_s: float = 1.0,
        later: Callable[[int, Frame], None] | None = None,
        alignment: Mapping[str, Value] | None = None,
    ) -> None:
        self.counters = dict.fromkeys(
            (
                "images_in", "angles_in", "angles_repeated", "angles_out_of_order", "angles_ahead",
                "dropped_unpaired", "dropped_turning", "dropped_old", "dropped_moved",
                "dropped_waiting", "size_changes", "pauses", "alignment_failed",
            ),
            0,
        )  # fmt: skip
        self._settings = RotatingSettings.from_values(values)
        self._alignment = AlignmentSettings.from_values(alignment)
        self._readings = StampOrder(time_jump_s)
        self._track = FilterTrack()
        self._waiting: deque[tuple[int, ImageArray]] = deque()
        self._frames: list[Frame] = []
        self._later = later or (lambda _, frame: self.take(frame))
        self._era = 0
        self._sweep = SweepPeriod()
        self._seen_ns: int | None = None

    @property
    def frames(self) -> int:
        """How many frames of different angles there are."""
        return len(self._frames)

    @property
    def from_future(self) -> int:
        """How many readings had stamps that proved to be errors (see `StampOrder`)."""
        return self._readings.from_future

    @property
    def newest_stamp_ns(self) -> int:
        return self._frames[-1].stamp_ns if self._frames else 0

    def configure(
        self,
        values: Mapping[str, Value] | None = None,
        alignment: Mapping[str, Value] | None = None,
    ) -> None:
        """Takes new values; another alignment begins anew, as its frames are kept otherwise."""
        self._settings = RotatingSettings.from_values(values)
        before, self._alignment = self._alignment, AlignmentSettings.from_values(alignment)
        if before != self._alignment:
            self._frames.clear()

    def add_angle(self, stamp_ns: int, angle_deg: float) -> bool:
        """Takes a reading of the filter's axis; True if it let a frame in."""
        self.counters["angles_in"] += 1
        order = self._readings.take(stamp_ns)
        if order not in (Order.NEXT, Order.JUMP):
            self.counters[f"angles_{order.value}"] += 1
            return False
        if order is Order.JUMP:
            self._track.clear()
            self._forget()
        self._track.append(stamp_ns, angle_deg)
        return self._let_in()

    def add_image(self, stamp_ns: int, image: ImageArray) -> bool:
        """Takes a frame, later than those before; True if one was let in."""
        self.counters["images_in"] += 1
        self.skip_image(stamp_ns)
        self._waiting.append((stamp_ns, image))
        if len(self._waiting) > self._settings.queue_size:
            self._waiting.popleft()
            self.counters["dropped_waiting"] += 1
        return self._let_in()

    def skip_image(self, stamp_ns: int) -> None:
        """A frame was taken that nobody had time for: it is none of a pause's."""
        seen_ns = self._seen_ns
        if seen_ns is not None and self._sweep.is_pause(stamp_ns - seen_ns, False):
            self.counters["pauses"] += 1
            self._forget()
        self._seen_ns = stamp_ns

    def flush(self) -> bool:
        """Decides on frames that still wait (end of a bag); True if one was let in."""
        return self._let_in(final=True)

    def reset(self) -> None:
        """Forgets every frame and reading."""
        self._track.clear()
        self._readings.reset()
        self._sweep.reset()
        self._forget()

    def begin_again(self, stamp_ns: int) -> None:
        """Forgets every frame, as the stream's stamps went back to `stamp_ns`; readings stay where
        they went back already.
        """
        readings_ns = self._readings.newest_ns
        if readings_ns is not None and readings_ns - stamp_ns > 1e9 * self._readings.jump_s:
            self._track.clear()
            self._readings.reset()
        self._forget()

    def images(self) -> tuple[tuple[ImageArray, ...], tuple[float, ...]]:
        """The frames as the newest one sees them, and their angles (0..180 deg), oldest first."""
        newest = self._frames[-1] if self._frames else None
        if newest is None:
            return (), ()
        others = [(frame.image, frame.matrix) for frame in self._frames[:-1]]
        if self._alignment.alignment == "none":
            seen = [image for image, _ in others]
        else:
            seen = laid_over(newest.image, others, self._alignment)
        angles = tuple(frame.angle_deg % 180.0 for frame in self._frames)
        return (*seen, newest.image), angles

    def _forget(self) -> None:
        self._waiting.clear()
        self._frames.clear()
        self._era += 1
        self._sweep.interrupt()
        self._seen_ns = None

    def _let_in(self, final: bool = False) -> bool:
        changed = False
        near = Nearness.of_seconds(
            self._settings.pairing_tolerance_s, self._settings.stamp_jitter_s
        )
        turn_deg = self._settings.turn_limit_deg
        while self._waiting:
            stamp_ns, image = self._waiting[0]
            found, angle = self._track.at(stamp_ns, near, turn_deg, final)
            if found is Match.WAIT and not self._waited_long(stamp_ns):
                break
            self._waiting.popleft()
            if found is Match.PAIRED:
                place = int(angle % 180.0 // self._settings.angle_tolerance_deg)
                self._sweep.visit(place, stamp_ns)
                self._later(place, Frame(stamp_ns, angle, image, self._era))
                changed = True
            else:
                turning = found is Match.MOVING
                self.counters["dropped_turning" if turning else "dropped_unpaired"] += 1
        return changed

    def _waited_long(self, stamp_ns: int) -> bool:
        newest = self._waiting[-1][0]
        return newest - stamp_ns > 1e9 * self._settings.pairing_wait_s

    def take(self, frame: Frame) -> None:
        """Takes a frame that was let in, unless all of its time were forgotten since."""
        if frame.era != self._era:
            return
        aligned = self._alignment.alignment != "none"
        frame.look = Look.of(frame.image, self._alignment) if aligned else None
        if self._frames and frame.stamp_ns < self._frames[-1].stamp_ns:
            self._take_late(frame, self._frames[-1])
            return
        if self._frames and not _same_type(self._frames[-1], frame):
            self.counters["size_changes"] += 1
            self._frames.clear()
        oldest = frame.stamp_ns - 1e9 * self._settings.max_age_s
        self._drop("dropped_old", [f for f in self._frames if f.stamp_ns < oldest])
        if aligned and self._frames:
            self._move_view(frame)
        self._put(frame)

    def _take_late(self, frame: Frame, newest: Frame) -> None:
        """Takes a frame that had to wait until there was a newer one, whose view stays."""
        newer = [f for f in self._frames if f.stamp_ns > frame.stamp_ns]
        if not _same_type(newest, frame) or any(self._is_near(f, frame) for f in newer):
            return
        if frame.look is not None:
            try:
                frame.matrix = self._step(newest, frame)
            except RegistrationError:
                self.counters["alignment_failed"] += 1
                return
        self._put(frame)
        self._drop_moved()

    def _put(self, frame: Frame) -> None:
        """Puts a frame in the place of the one at its angle, in the order of the stamps."""
        self._frames = [f for f in self._frames if not self._is_near(f, frame)]
        insort(self._frames, frame, key=lambda f: f.stamp_ns)
        del self._frames[: -self._settings.max_frames]

    def _is_near(self, one: Frame, other: Frame) -> bool:
        difference = abs(axis_difference(one.angle_deg, other.angle_deg))
        return difference <= self._settings.angle_tolerance_deg

    def _move_view(self, frame: Frame) -> None:
        """Lays all frames over the new one: one registration, to the newest of them."""
        previous = self._frames[-1]
        try:
            step = self._step(frame, previous)
        except RegistrationError:
            self.counters["alignment_failed"] += 1
            self._frames.clear()
            return
        for other in self._frames:
            other.matrix = other.matrix @ step
        self._drop_moved()

    def _drop_moved(self) -> None:
        limit = self._alignment.motion_limit_px
        moved = [f for f in self._frames if displacement(f.matrix, f.image.shape) > limit]
        self._drop("dropped_moved", moved)

    def _step(self, frame: Frame, previous: Frame) -> Matrix:
        """The matrix from pixels of `frame` to pixels of `previous`; raises RegistrationError."""
        if frame.look is None or previous.look is None:
            return np.eye(3)
        return motion(frame.look, previous.look, self._alignment)

    def _drop(self, reason: str, frames: list[Frame]) -> None:
        if not frames:
            return
        self.counters[reason] += len(frames)
        gone = {id(frame) for frame in frames}
        self._frames = [frame for frame in self._frames if id(frame) not in gone]


def _same_type(one: Frame, other: Frame) -> bool:
    return (one.image.shape, one.image.dtype) == (other.image.shape, other.image.dtype)
