"""Images of several topics joined to sets of one instant by `message_filters`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from message_filters import ApproximateTimeSynchronizer, SimpleFilter, TimeSynchronizer
from sensor_msgs.msg import Image

from ..capture.set_synchronizer import INCOMPLETE, Dropped, SetSynchronizer
from .messages import stamp_ns


class ImageSets:
    """Calls `joined` with one image of each of `names`, in order, when these are of one instant.

    The arguments are those of `SetSynchronizer`, which keeps the order and counts.
    """

    def __init__(
        self,
        names: Sequence[str],
        joined: Callable[..., None],
        dropped: Dropped,
        *,
        queue_size: int,
        slop_s: float,
        time_jump_s: float,
        incomplete: str = INCOMPLETE,
    ) -> None:
        self._joined = joined
        self._sets: SetSynchronizer[Image] = SetSynchronizer(
            names,
            dropped,
            queue_size=queue_size,
            slop_s=slop_s,
            time_jump_s=time_jump_s,
            incomplete=incomplete,
            make_joiner=lambda: _MessageFilters(len(names), queue_size, slop_s),
        )
        self.reset = self._sets.reset

    def add(self, name: str, message: Image) -> None:
        """Takes an image of the input `name`."""
        for _, images in self._sets.add(name, stamp_ns(message.header.stamp), message):
            self._joined(*images)


class _MessageFilters:
    """`message_filters` as a `set_synchronizer.Joiner`."""

    def __init__(self, inputs: int, queue_size: int, slop_s: float) -> None:
        self._filters = [SimpleFilter() for _ in range(inputs)]
        self._complete: list[tuple[Image, ...]] = []
        join = (
            ApproximateTimeSynchronizer(self._filters, queue_size, slop_s)
            if slop_s > 0.0
            else TimeSynchronizer(self._filters, queue_size)
        )
        join.registerCallback(lambda *images: self._complete.append(images))

    def add(
        self, number: int, _stamp_ns: int, message: Image
    ) -> Iterator[tuple[tuple[int, Image], ...]]:
        self._filters[number].signalMessage(message)
        complete, self._complete = self._complete, []
        for images in complete:
            yield tuple((stamp_ns(image.header.stamp), image) for image in images)
