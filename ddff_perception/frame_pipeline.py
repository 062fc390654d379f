"""One image in, one result of the chosen method out: the pipeline of what needs no more."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Generic, TypeVar

from .capture.stamp_order import Order, StampOrder
from .engines.loading import EngineSet
from .methods import ChosenMethod, Method, Methods
from .parameters import Value
from .pipeline import Change, Pipeline
from .types import InputError

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FrameResult(Generic[R]):
    """What a `method` with its `parameters` (the node's) `found` in an `image`, or in whatever
    `FramePipeline.before` made of one.

    `timings_ms`: milliseconds by the method's name, and before and after it.
    """

    stamp_ns: int
    image: Any
    found: R
    method: str
    parameters: Mapping[str, Value]
    timings_ms: Mapping[str, float]


class FramePipeline(Pipeline, Generic[R]):
    """The newest image alone counts; each of the `methods` takes one and gives an `R`.

    A capability whose methods take more than the image fills in `before`, one that works on what
    they find `after`, one that does without a method at times `find`, one that keeps something from
    image to image `forget`.

    `values`: of the node's parameters, by its names; defaults elsewhere. Raises InputError where
    they do not fit.
    """

    methods: ClassVar[Methods]

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        super().__init__()
        self._method = ChosenMethod.from_values(self.methods, values or {})
        self._order = StampOrder()
        self._counters = dict.fromkeys(
            ("dropped_repeated", "dropped_out_of_order", "dropped_ahead", "time_jumps"), 0
        )
        self._image: Any = None
        self._stamp_ns = 0

    def before(self, image: Any) -> Any:
        """What the method takes of the newest image; raises InputError where that does not suit."""
        return image

    def find(self, method: Method, taken: Any) -> R:
        """What the method finds in what it takes; raises InputError where that does not suit it."""
        found: R = method(taken)
        return found

    def after(self, taken: Any, found: R) -> R:
        """What is handed on of what the method `found` in what it has `taken`."""
        return found

    def forget(self) -> None:
        """Lets go of what is kept of earlier images: stamps went back, or all is to begin anew."""

    @property
    def counters(self) -> Mapping[str, int]:
        return {**self._counters, "stamps_from_future": self._order.from_future}

    @property
    def engines(self) -> EngineSet | None:
        return self._method.engines

    @property
    def newest_stamp_ns(self) -> int:
        return self._stamp_ns

    def add_image(self, stamp_ns: int, image: Any) -> bool:
        order = self._order.take(stamp_ns)
        if order is Order.JUMP:
            self._counters["time_jumps"] += 1
            self.forget()
        elif order is not Order.NEXT:
            self._counters[f"dropped_{order.value}"] += 1
            return False
        self._image, self._stamp_ns = image, stamp_ns
        return True

    def estimate(self) -> FrameResult[R]:
        """What the method finds in the newest image; raises InputError where it does not suit."""
        if self._image is None:
            raise InputError("there is no image yet")
        method, clock = self._method.now, time.perf_counter
        times = [clock()]
        taken = self.before(self._image)
        times.append(clock())
        found = self.find(method, taken)
        times.append(clock())
        found = self.after(taken, found)
        before_ms, method_ms, after_ms = ((b - a) * 1e3 for a, b in pairwise([*times, clock()]))
        timings = {"before": before_ms, method.name: method_ms, "after": after_ms}
        name, values = method.name, method.parameters
        return FrameResult(self._stamp_ns, taken, found, name, values, timings)

    def prepare(self, values: Mapping[str, Value]) -> Change:
        return self._method.prepare(values)

    def reset(self) -> None:
        self._order.reset()
        self._image = None
        self.forget()
