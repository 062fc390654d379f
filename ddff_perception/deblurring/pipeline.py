"""Frames in, the newest one without its blur out: burst and method joined, without a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..frame_pipeline import FramePipeline, FrameResult
from ..methods import Method
from ..parameters import Value
from ..pipeline import Change
from ..types import ImageArray, InputError
from .burst import Burst, Deblurred
from .capture.rolling_burst import Newest, RollingBurst
from .capture.settings import BurstSettings
from .methods import ALONE, METHODS

Sharpened = FrameResult[Deblurred]
"""A deblurred frame, and as its `image` the `Burst` that it was made of."""


class DeblurringPipeline(FramePipeline[Deblurred]):
    """What node, command and bag evaluation run."""

    methods = METHODS

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(values)
        self._burst = RollingBurst(BurstSettings.of(values or {}, "capture"))
        self._counters["untouched"] = 0

    @property
    def counters(self) -> Mapping[str, int]:
        return {**super().counters, **self._burst.counters}

    @property
    def newest(self) -> Newest | None:
        """What is known of the newest frame before it is deblurred; None without one that can be
        used.
        """
        return self._burst.newest if self._burst.stamp_ns == self._stamp_ns else None

    def add_image(self, stamp_ns: int, image: ImageArray) -> bool:
        if not super().add_image(stamp_ns, image):
            return False
        self.later("newest", (stamp_ns, image))
        return True

    def work_on(self, item: tuple[int, ImageArray]) -> None:
        self._burst.take(*item)

    def before(self, image: ImageArray) -> Burst:
        if self.newest is None:
            raise InputError("the newest image cannot be used")
        return self._burst.seen(self._method.now.name in ALONE)

    def find(self, method: Method, taken: Burst) -> Deblurred:
        found: Deblurred = (
            Deblurred(taken.newest, taken, untouched=True) if taken.sharp else method(taken)
        )
        self._counters["untouched"] += found.untouched
        return found

    def prepare(self, values: Mapping[str, Value]) -> Change:
        settings = BurstSettings.of(values, "capture")
        method = super().prepare(values)

        def apply() -> None:
            self._burst.settings = settings
            method.apply()

        return replace(method, apply=apply)

    def forget(self) -> None:
        self._backlog.clear()
        self._burst.clear()
