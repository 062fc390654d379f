"""One camera per stream: images of another frame_id are noticed, named and left out."""

from __future__ import annotations

from enum import Enum

_EVIDENCE = 10
_EVIDENCE_GAPS = 3


class Frame(Enum):
    """Whose image it is."""

    OWN = "own"
    OTHER = "other"
    """Another camera publishes on this topic, too: leave it out."""
    CHANGED = "changed"
    """The stream is another camera's from now on: forget what came before, and take it."""


class FrameGate:
    """Keeps the frame_id that a stream began with.

    A lasting change is followed: ten images of one other frame_id in a row, over three times as
    long as the stream's own images are apart. Offer it only images that can be used, so that
    no result carries the frame_id of one that was rejected.
    """

    def __init__(self) -> None:
        self.frame_id = ""
        self.reset()

    def reset(self) -> None:
        """The next image is the first; the frame_id stays until then."""
        self._own_ns: int | None = None
        self._gap_ns = 0
        self._other = ""
        self._others = 0
        self._other_since_ns = 0

    def take(self, frame_id: str, stamp_ns: int) -> Frame:
        """Judges the next image of the stream, by its stamp in nanoseconds."""
        if self._own_ns is None or frame_id == self.frame_id:
            self._gap_ns = 0 if self._own_ns is None else max(stamp_ns - self._own_ns, 0)
            self.frame_id, self._own_ns, self._others = frame_id, stamp_ns, 0
            return Frame.OWN
        if frame_id != self._other or not self._others:
            self._other, self._others, self._other_since_ns = frame_id, 0, stamp_ns
        self._others += 1
        # Stamps of two cameras may be of two clocks: each is compared with its own.
        lasted_ns = stamp_ns - self._other_since_ns
        if self._others < _EVIDENCE or lasted_ns <= _EVIDENCE_GAPS * self._gap_ns:
            return Frame.OTHER
        self.reset()
        self.take(frame_id, stamp_ns)
        return Frame.CHANGED

    def complaint(self, topic: str) -> str:
        """What to say of the image that was `OTHER`."""
        return (
            f"{topic} has images of two cameras, frame_id {self.frame_id!r} and {self._other!r}: "
            f"only {self.frame_id!r} is used; give each camera a topic of its own (remap one)"
        )
