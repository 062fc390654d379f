"""Where images come from: one camera per topic, and the frame and size that belong to a stamp."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..capture.frame_gate import Frame, FrameGate
from ..types import InputError
from .messages import stamp_ns

# Images whose source is remembered until their result is published.
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Source:
    """Where an image comes from: its frame, and its width and height."""

    frame_id: str = ""
    size: tuple[int, int] = (0, 0)


class ImageSources:
    """Of a node's images, those that were taken in: what is rejected leaves no trace here."""

    def __init__(self) -> None:
        self._gates: dict[str, FrameGate] = {}
        self._by_stamp: OrderedDict[int, Source] = OrderedDict()
        self._newest = Source()

    def check(self, name: str, image: Any) -> bool:
        """Judges an image of the topic `name`: False where another camera's images take over from
        now on. Raises InputError where it is one of a second camera on the topic.
        """
        gate = self._gates.setdefault(name, FrameGate())
        frame = gate.take(image.header.frame_id, stamp_ns(image.header.stamp))
        if frame is Frame.OTHER:
            raise InputError(gate.complaint(name))
        return frame is Frame.OWN

    def note(self, images: Sequence[Any]) -> None:
        """The images of one instant were taken in."""
        stamp = max(stamp_ns(image.header.stamp) for image in images)
        first = images[0]
        size = (getattr(first, "width", 0), getattr(first, "height", 0))
        self._newest = self._by_stamp.setdefault(stamp, Source(first.header.frame_id, size))
        while len(self._by_stamp) > _REMEMBERED:
            self._by_stamp.popitem(last=False)

    def at(self, stamp: int) -> Source:
        """The source of the image of `stamp`, nanoseconds; of the newest where it is not known."""
        return self._by_stamp.get(stamp, self._newest)

    def clear(self) -> None:
        """Forgets what came: the next image is the first of its topic."""
        self._by_stamp.clear()
        for gate in self._gates.values():
            gate.reset()
