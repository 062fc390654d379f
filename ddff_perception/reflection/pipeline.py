"""Polarizer images in, layers and polarization out: capture and method joined, without a clock."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..capture.stamp_order import Order, StampOrder
from ..engines.loading import EngineSet
from ..methods import ChosenMethod
from ..optics.mosaic import mosaic_layout
from ..optics.polarization import (
    angle_of_polarization_deg,
    degree_of_polarization,
    mean_over_channels,
    stokes_from_images,
)
from ..parameters import Settings, Value, group, parameter
from ..pipeline import Change, Pipeline
from ..types import FloatArray, ImageArray, InputError, LayerPair, PolarizedImages
from .capture.alignment import NOTED_PX, AlignedSet, AlignmentSettings, aligned_set
from .capture.images import CaptureSettings, images_from_angles, images_from_mosaic
from .capture.plausibility import complaint, mosaic_complaint, unfilled_complaint
from .capture.rotating import Frame, RotatingCapture
from .capture.rotating_settings import RotatingSettings
from .methods import METHODS

INPUTS = ("mosaic", "angles", "rotating")
DEFAULT_METHOD = METHODS.default
LEAST_ANGLES = 3
_LOOK_EVERY = 32


@dataclass(frozen=True)
class StreamSettings(Settings):
    """How far stamps may go back in one stream."""

    time_jump_s: float = parameter(
        1.0,
        "stamps that go back by more than this begin anew (a bag that loops)",
        "s",
        (0.0, 3600.0),
        dynamic=False,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be computed: nothing else is."""

    layers: bool = True
    degree: bool = True
    angle: bool = True

    def __bool__(self) -> bool:
        return self.layers or self.degree or self.angle


@dataclass(frozen=True, slots=True)
class Separation:
    """What polarizer images say, pixel by pixel; None where it was not asked for.

    `degree`: H x W float32, 0..1, of the channels' mean. `angle_rad`: H x W float32, angle of
    linear polarization in [0, pi), counted as the polarizer's angles are. `kind`: type of the
    input's pixels, "uint8" or "uint16". `complaint`: why these images cannot be right, or None.
    `shifts_px`: how far the images lay off the first one, where that was looked for.
    `timings_ms`: milliseconds per stage.
    """

    images: PolarizedImages
    kind: str
    stamp_ns: int
    layers: LayerPair | None = None
    degree: FloatArray | None = None
    angle_rad: FloatArray | None = None
    complaint: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    shifts_px: tuple[float, ...] = ()

    @property
    def confidence(self) -> FloatArray | None:
        """That of the layers; H x W float32, 0..1, None where the method gives none."""
        return None if self.layers is None else self.layers.confidence


class SeparationPipeline(Pipeline):
    """What the node runs on live messages, on whatever is fed to it.

    `capture` are values of `CaptureSettings`, `rotating` of `RotatingSettings`, `alignment` of
    `AlignmentSettings`, `parameters` those of the method; `time_jump_s`: stamps that go back by
    more begin anew. The calls that take input answer whether there is something new to separate.
    The same calls in the same order give the same arrays. Raises InputError where the values do not
    fit.
    """

    def __init__(
        self,
        method: str = DEFAULT_METHOD,
        parameters: Mapping[str, Value] | None = None,
        capture: Mapping[str, Value] | None = None,
        rotating: Mapping[str, Value] | None = None,
        time_jump_s: float = 1.0,
        alignment: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__()
        self._separator = ChosenMethod(METHODS, method, parameters)
        self.set_capture(capture)
        self._alignment = AlignmentSettings.from_values(alignment)
        self._rotating = RotatingCapture(rotating, time_jump_s, self.later, alignment)
        self._order = StampOrder(time_jump_s)
        self._counters = dict.fromkeys(
            (
                "dropped_repeated", "dropped_out_of_order", "dropped_ahead", "time_jumps",
                "implausible", "sets_moved",
            ),
            0,
        )  # fmt: skip
        self._raw: ImageArray | None = None
        self._set: tuple[Sequence[ImageArray], Sequence[float]] | None = None
        self._stamp_ns = 0
        self._sets_seen = 0

    @classmethod
    def from_values(cls, values: Mapping[str, Value]) -> SeparationPipeline:
        """The pipeline that the node runs with these values, by its own names; defaults elsewhere.

        Raises InputError where they do not fit, also those of a method that is not chosen.
        """
        separator = ChosenMethod.from_values(METHODS, values)
        pipeline = cls(
            capture=CaptureSettings.table().part(values),
            rotating=group(values, "rotating"),
            time_jump_s=StreamSettings.of(values).time_jump_s,
            alignment=AlignmentSettings.table().part(values),
        )
        pipeline._separator = separator
        return pipeline

    @property
    def method(self) -> str:
        return self._separator.now.name

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The method's, complete."""
        return self._separator.now.values

    @property
    def engines(self) -> EngineSet | None:
        return self._separator.engines

    @property
    def counters(self) -> dict[str, int]:
        """What capture met; of a rotating filter also `RotatingCapture.counters`."""
        rotating = self._rotating.counters
        return {
            **self._counters,
            "stamps_from_future": self._order.from_future + self._rotating.from_future,
            **(rotating if rotating["images_in"] else {}),
        }

    @property
    def newest_stamp_ns(self) -> int:
        """Stamp of the newest images, 0 without any."""
        return self._stamp_ns

    @property
    def angles(self) -> int:
        """How many polarizer angles there are now."""
        if self._raw is not None:
            return 4
        return len(self._set[1]) if self._set is not None else self._rotating.frames

    @property
    def ready(self) -> bool:
        """Whether there are images at enough polarizer angles."""
        return self.angles >= LEAST_ANGLES

    def prepare(self, values: Mapping[str, Value]) -> Change:
        capture = CaptureSettings.table().part(values)
        CaptureSettings.from_values(capture)
        rotating = RotatingSettings.from_values(group(values, "rotating")).values()
        alignment = AlignmentSettings.of(values)
        separator = self._separator.prepare(values)

        def apply() -> None:
            self.set_capture(capture)
            self._alignment = alignment
            self._rotating.configure(rotating, alignment.values())
            separator.apply()

        return Change(apply, separator.discard)

    def set_capture(self, capture: Mapping[str, Value] | None) -> None:
        """Goes on with other values of CaptureSettings."""
        self.capture = CaptureSettings.from_values(capture)

    def add_mosaic(self, stamp_ns: int, raw: ImageArray) -> bool:
        """Takes the raw image of a polarization camera, H x W uint8 or uint16."""
        if not self._is_next(stamp_ns):
            return False
        self._raw, self._set, self._stamp_ns = raw, None, stamp_ns
        return True

    def add_set(
        self, stamp_ns: int, images: Sequence[ImageArray], angles_deg: Sequence[float]
    ) -> bool:
        """Takes one image per polarizer angle, all of one instant."""
        if not self._is_next(stamp_ns):
            return False
        self._raw, self._set, self._stamp_ns = None, (images, angles_deg), stamp_ns
        return True

    def add_angle(self, stamp_ns: int, angle_deg: float) -> bool:
        """Takes a reading of a rotating filter: the angle of its transmission axis, degrees.

        Raises InputError where it is no number.
        """
        if not math.isfinite(angle_deg):
            raise InputError("the filter's angle is no number: it must be finite")
        return self._rotating.add_angle(stamp_ns, angle_deg)

    def add_image(self, stamp_ns: int, image: ImageArray) -> bool:
        """Takes a frame of the camera behind a rotating filter."""
        if not self._is_next(stamp_ns):
            return False
        return self._rotating.add_image(stamp_ns, image)

    def skip(self, stamp_ns: int) -> None:
        """A frame was taken that there was no room for: it is none of a pause's."""
        self._rotating.skip_image(stamp_ns)

    def flush(self) -> bool:
        """Decides on frames that still wait for a reading (end of a bag)."""
        return self._rotating.flush()

    def work_on(self, item: Frame) -> None:
        self._rotating.take(item)
        self._raw = self._set = None
        self._stamp_ns = self._rotating.newest_stamp_ns or self._stamp_ns

    def reset(self) -> None:
        """Forgets every image."""
        self._backlog.clear()
        self._rotating.reset()
        self._order.reset()
        self._raw = self._set = None

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Of input images of that size: width and height of the upper left part that is used, and
        of the layers.
        """
        if self._raw is None:
            return (width, height), (width, height)
        period = mosaic_layout(self.capture.layout).period
        used = width - width % period, height - height % period
        step = 2 if self.capture.resolution == "half" else 1
        return used, (used[0] // step, used[1] // step)

    def separate(self, wanted: Wanted | None = None) -> Separation:
        """What the newest images say; ask for it when `ready`.

        Raises InputError where the images cannot be used (see `capture`, `PolarizedImages`).
        """
        wanted = Wanted() if wanted is None else wanted
        clock = _Stages()
        images, kind, wrong, shifts = self._images()
        clock.mark("capture")
        if self._raw is not None:
            wrong = mosaic_complaint(self._raw, images, self.capture)
        else:
            wrong = wrong or complaint(images)
        if wrong is not None:
            self._counters["implausible"] += 1
        clock.mark("check")
        layers = None
        if wanted.layers:
            layers = self._separator.now(images)
            clock.mark(self.method)
        degree = angle = None
        if wanted.degree or wanted.angle:
            stokes = mean_over_channels(stokes_from_images(images.images, images.angles_deg))
            degree = degree_of_polarization(stokes) if wanted.degree else None
            if wanted.angle:
                angle = angle_of_polarization_deg(stokes)
                angle *= math.pi / 180.0
            clock.mark("polarization")
        return Separation(
            images, kind, self._stamp_ns, layers, degree, angle, wrong, clock.milliseconds, shifts
        )

    def _images(self) -> tuple[PolarizedImages, str, str | None, tuple[float, ...]]:
        """Linear images, the type of their pixels, a complaint about their bits or how they lie,
        and how far they lay off the first one.
        """
        if self._raw is not None:
            return images_from_mosaic(self._raw, self.capture), self._raw.dtype.name, None, ()
        images, angles = self._set if self._set is not None else self._rotating.images()
        # Sizes, types and angles are checked before, pixels after.
        PolarizedImages(tuple(images), tuple(angles))
        found = self._aligned(images)
        wrong = None if found is None else self._moved(found, angles)
        taken, shifts = (images, ()) if found is None else (found.images, found.shifts_px)
        linear = images_from_angles(taken, angles, self.capture)
        wrong = unfilled_complaint(images, self.capture) or wrong
        return linear, images[0].dtype.name, wrong, shifts

    def _aligned(self, images: Sequence[ImageArray]) -> AlignedSet | None:
        """The images laid over each other; None where they are taken as they come."""
        still = self._alignment.alignment == "none"
        if not still and self._set is None:
            return None
        # Where nothing is to be done about it, now and then a look is enough.
        self._sets_seen += 1
        if still and self._sets_seen % _LOOK_EVERY != 1:
            return None
        return aligned_set(images, self._alignment)

    def _moved(self, found: AlignedSet, angles_deg: Sequence[float]) -> str | None:
        """The sentence about images that lie off each other and stay so."""
        if found.failed and self._alignment.alignment != "none":
            self._counters["sets_moved"] += 1
            number, why = next(iter(found.failed.items()))
            return (
                f"the image at {angles_deg[number]:g} degrees could not be laid over the first one "
                f"({why}): take it as it is (alignment=none) if nothing moved, or try "
                "alignment=features"
            )
        worst = max(range(len(found.shifts_px)), key=lambda n: found.shifts_px[n])
        shift = found.shifts_px[worst]
        if self._alignment.alignment != "none" or shift < NOTED_PX:
            return None
        self._counters["sets_moved"] += 1
        return (
            f"the image at {angles_deg[worst]:g} degrees lies {shift:.1f} px off the first one, "
            "which spoils its polarization: set alignment=ecc (or features, for larger motion)"
        )

    def _is_next(self, stamp_ns: int) -> bool:
        order = self._order.take(stamp_ns)
        if order is Order.JUMP:
            self._counters["time_jumps"] += 1
            self._rotating.begin_again(stamp_ns)
        elif order is not Order.NEXT:
            self._counters[f"dropped_{order.value}"] += 1
            return False
        return True


method_values = METHODS.chosen


class _Stages:
    """Time per stage, milliseconds."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def mark(self, stage: str) -> None:
        """The stage ends here."""
        now = time.perf_counter()
        self.milliseconds[stage] = (now - self._since) * 1e3
        self._since = now
