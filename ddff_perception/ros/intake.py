"""What comes in and waits for a node's worker: images, sets of them, and readings beside them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from ..capture.partners import Partners
from ..types import InputError
from .image_sets import ImageSets
from .messages import stamp_ns

# Readings that may come while one image is being worked on.
_READINGS = 1000

Incoming = tuple[str, Any]
"""The name of an input, and its message; of several inputs `images`, and a tuple of messages."""


class Intake:
    """The way of messages to the worker of `node`, a `PipelineNode`: nothing here takes long.

    `readings` are taken before the images; `skipped` are the stamps of images that there was no
    room for.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._sets: ImageSets | None = None
        self._partners: Partners | None = None
        self.readings: deque[Incoming] = deque(maxlen=_READINGS)
        self.skipped: deque[int] = deque(maxlen=_READINGS)

    def join(self, names: Sequence[str]) -> None:
        """From now on images of these inputs are handed over together, those of one instant."""
        self._sets = self._partners = None
        if not names:
            return
        settings = self._node.settings
        self._sets = ImageSets(
            names,
            lambda *images: self._node.hand_over("images", images),
            self._node.diagnostics.count_drop,
            queue_size=settings["sync_queue_size"],
            slop_s=settings["slop_s"],
            time_jump_s=settings["time_jump_s"],
            incomplete=self._node.unpaired,
        )
        if "alone_after_s" in settings.values:
            self._partners = Partners(names, settings["alone_after_s"])

    def image(self, name: str, message: Any) -> None:
        """An image or the like came on the input `name`."""
        stamp = stamp_ns(message.header.stamp)
        self._node.diagnostics.count_input(name, stamp)
        try:
            self._node.check_arrival(name, message)
        except InputError as error:
            self._node.reject(name, f"{name}: {error}")
            return
        if self._partners and self._partners.alone(name, stamp):
            self._node.diagnostics.count(f"alone: {name}")
            self._node.hand_over(name, message)
        elif self._sets:
            self._sets.add(name, message)
        else:
            self._node.hand_over(name, message)

    def reading(self, name: str, message: Any) -> None:
        """A reading came on the input `name`."""
        self._node.diagnostics.count(f"{name} in")
        self.readings.append((name, message))
        self._node.wake()

    def lost(self, reason: str, item: Incoming) -> None:
        """There was no room for an image."""
        self._node.diagnostics.count_drop(reason)
        message = item[1][0] if isinstance(item[1], tuple) else item[1]
        self.skipped.append(stamp_ns(message.header.stamp))

    def clear(self) -> None:
        """Forgets what waits here."""
        self.readings.clear()
        self.skipped.clear()
        for waiting in (self._sets, self._partners):
            if waiting:
                waiting.reset()
