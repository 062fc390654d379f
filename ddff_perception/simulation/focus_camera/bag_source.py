"""A recorded focus sweep as the frames of a simulated camera."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...files.bag_topics import find_topics
from ...files.bags import BagReader
from ...files.bags_messages import camera_of, depth_of, image_of, stamp_of
from ...types import CameraModel, FloatArray, InputError
from .sources import Frame


class BagSource:
    """The images of a bag, each with the focus state before it and the true depth of its stamp.

    Raises InputError where the path holds no bag with images and focus states.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with BagReader(path) as bag:
            self._topics = find_topics(bag.topics, {})
            if "image" not in self._topics or "focus_state" not in self._topics:
                raise InputError(
                    f"{path} holds focal stacks only: play it with `ddff play`, which takes any bag"
                )
            first = next(bag.messages([self._topics["image"]]), None)
            if first is None:
                raise InputError(f"{path} holds no image that can be read")
            height, width = image_of(first.message).shape[:2]
            self.size = (int(width), int(height))
            self.camera = _camera(bag, self._topics.get("camera_info"))
            states = bag.messages([self._topics["focus_state"]])
            self._states = sorted((item.message for item in states), key=stamp_of)

    def frames(self, loop: Callable[[], bool]) -> Iterator[Frame]:
        """The recorded frames in order, and again as long as `loop` says so."""
        yield from self._once()
        while loop():
            yield from self._once()

    def _once(self) -> Iterator[Frame]:
        with BagReader(self._path) as images, BagReader(self._path) as truths:
            truth = _Truth(truths, self._topics.get("truth"))
            for item in images.messages([self._topics["image"]]):
                stamp = stamp_of(item.message)
                try:
                    frame = self._frame(stamp, item.message, truth.at(stamp))
                except InputError:  # one image that cannot be shown does not end the sweep
                    continue
                yield frame

    def _frame(self, stamp_ns: int, message: Any, truth: FloatArray | None) -> Frame:
        image = image_of(message)
        index = bisect_right(self._states, stamp_ns, key=stamp_of)
        if index == 0:
            return Frame(image, math.nan, math.nan, False, truth, stamp_ns)
        state = self._states[index - 1]
        distance, position = float(state.focus_distance), float(state.lens_position)
        return Frame(image, distance, position, bool(state.settled), truth, stamp_ns)


class _Truth:
    """True depth by stamp, asked in ascending order; one image is held at a time."""

    def __init__(self, bag: BagReader, topic: str | None) -> None:
        self._messages = bag.messages([topic]) if topic is not None else iter(())
        self._stamp_ns = -1
        self._message: Any = None

    def at(self, stamp_ns: int) -> FloatArray | None:
        while self._stamp_ns < stamp_ns:
            item = next(self._messages, None)
            if item is None:
                return None
            self._stamp_ns, self._message = stamp_of(item.message), item.message
        return depth_of(self._message) if self._stamp_ns == stamp_ns else None


def _camera(bag: BagReader, topic: str | None) -> CameraModel | None:
    first = None if topic is None else next(bag.messages([topic]), None)
    return None if first is None else camera_of(first.message)
