"""Where images come from: one camera per topic, and the frame and size that belong to a stamp."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ..types import InputError
from .frame_gate import Frame, FrameGate

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

    def check(self, name: str, frame_id: str, stamp_ns: int) -> bool:
        """Judges an image of the topic `name`: False where another camera's images take over from
        now on. Raises InputError where it is one of a second camera on the topic.
        """
        gate = self._gates.setdefault(name, FrameGate())
        frame = gate.take(frame_id, stamp_ns)
        if frame is Frame.OTHER:
            raise InputError(gate.complaint(name))
        return frame is Frame.OWN

    def note(self, stamp_ns: int, source: Source) -> None:
        """The image of that stamp was taken in; of equal stamps the first one counts."""
        self._newest = self._by_stamp.setdefault(stamp_ns, source)
        while len(self._by_stamp) > _REMEMBERED:
            self._by_stamp.popitem(last=False)

    def at(self, stamp_ns: int) -> Source:
        """The source of the image of that stamp; of the newest where it is not known."""
        return self._by_stamp.get(stamp_ns, self._newest)

    def clear(self) -> None:
        """Forgets what came: the next image is the first of its topic."""
        self._by_stamp.clear()
        for gate in self._gates.values():
            gate.reset()
