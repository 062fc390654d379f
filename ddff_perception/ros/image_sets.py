"""Images of several topics joined to sets of one instant by `message_filters`, with its books."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from message_filters import ApproximateTimeSynchronizer, SimpleFilter, TimeSynchronizer
from sensor_msgs.msg import Image

from ..stamp_order import Order, SetBook, StampOrder
from .messages import stamp_ns


class ImageSets:
    """Calls `joined` with one image of each of `names`, in order, when these are of one instant.

    `slop_s`: their stamps differ by less; 0 wants equal ones. Each input keeps `queue_size` images
    that wait. What a set leaves behind is given to `dropped` with its reason. Stamps that go back
    by more than `time_jump_s` begin anew: a joiner full of later stamps would never join again.
    """

    def __init__(
        self,
        names: Sequence[str],
        joined: Callable[..., None],
        dropped: Callable[[str, int], None],
        *,
        queue_size: int,
        slop_s: float,
        time_jump_s: float,
    ) -> None:
        self._names = list(names)
        self._joined = joined
        self._dropped = dropped
        self._queue_size = queue_size
        self._slop_s = slop_s
        self._orders = {name: StampOrder(time_jump_s) for name in names}
        self._book = SetBook(len(names), queue_size)
        self._filters: dict[str, SimpleFilter] = {}
        self.reset()

    def add(self, name: str, message: Image) -> None:
        """Takes an image of the input `name`."""
        stamp = stamp_ns(message.header.stamp)
        order = self._orders[name].take(stamp)
        if order is Order.JUMP:
            self.reset()
            self._orders[name].take(stamp)
        elif order is Order.REPEATED:
            self._dropped("stamp repeated", 1)
            return
        given_up = self._book.taken(self._names.index(name), stamp)
        self._dropped("no images of the other angles", given_up)
        self._filters[name].signalMessage(message)

    def silent(self) -> list[str]:
        """The inputs that give nothing while another one waits for them."""
        return [self._names[number] for number in self._book.silent()]

    def reset(self) -> None:
        """Forgets what waits."""
        self._book.reset()
        for order in self._orders.values():
            order.reset()
        filters = [SimpleFilter() for _ in self._names]
        self._filters = dict(zip(self._names, filters, strict=True))
        join = (
            ApproximateTimeSynchronizer(filters, self._queue_size, self._slop_s)
            if self._slop_s > 0.0
            else TimeSynchronizer(filters, self._queue_size)
        )
        join.registerCallback(self._on_set)

    def _on_set(self, *images: Image) -> None:
        stamps = [stamp_ns(image.header.stamp) for image in images]
        self._dropped("no images of the other angles", self._book.joined(stamps))
        self._joined(*images)
