"""A node's subscriptions: made together, let go together, second ones to what is said once, and
compressed images as image_transport names them: on TOPIC/compressed, in place of TOPIC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..files.images import compressed_pixels
from ..types import InputError
from .interface import Topic, message_class
from .messages import image_message
from .qos import (
    PROFILES,
    UnsupportedEventTypeError,
    is_latched,
    overrides,
    subscription_events,
)

CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"

Callback = Callable[[Any], None]


class Inputs:
    """The subscriptions of `node`, a `PerceptionNode`; `mismatch` is told what does not match."""

    def __init__(self, node: Any, mismatch: Callable[[str], None]) -> None:
        self._node = node
        self._mismatch = mismatch
        self._subscriptions: dict[str, Any] = {}
        self._latched: dict[str, Any] = {}
        self._topics: Sequence[Topic] = ()
        self._callbacks: Mapping[str, Callback] = {}

    def __bool__(self) -> bool:
        return bool(self._subscriptions)

    @property
    def expected(self) -> list[str]:
        """The topics that are subscribed now; without camera_info, which may be said once."""
        opened = self._topics if self._subscriptions else ()
        return [topic.name for topic in opened if topic.type != CAMERA_INFO]

    def open(self, topics: Sequence[Topic], callbacks: Mapping[str, Callback]) -> None:
        """Subscribes to all; raises what went wrong, and then to none."""
        self._topics, self._callbacks = topics, callbacks
        try:
            for topic in topics:
                self._subscriptions[topic.name] = self._subscribe(topic)
        except Exception:
            self.close()
            raise
        self.follow_latched()

    def close(self) -> None:
        """Lets go of all."""
        for subscription in (*self._subscriptions.values(), *self._latched.values()):
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._latched.clear()

    def follow_latched(self) -> None:
        """Subscribes once more to a camera_info that is said once and kept for those who come later
        (transient local): who asks for less does not get it.
        """
        for topic in self._topics if self._subscriptions else ():
            if topic.type != CAMERA_INFO or topic.name in self._latched:
                continue
            name = self._node.resolve_topic_name(topic.name)
            publishers = self._node.get_publishers_info_by_topic(name)
            if any(is_latched(publisher) for publisher in publishers):
                self._latched[topic.name] = self._node.create_subscription(
                    message_class(topic.type),
                    topic.name,
                    self._callbacks[topic.name],
                    PROFILES["latched"](),
                )

    def _subscribe(self, topic: Topic) -> Any:
        sent = transported(topic, self._node.settings.values.get("image_transport", "raw"))
        name = self._node.resolve_topic_name(sent.name)
        matched = self.follow_latched if topic.type == CAMERA_INFO else None
        callback = self._callbacks[topic.name]
        if sent != topic:
            callback = unpacking(
                callback, lambda e: self._node.reject(topic.name, f"{sent.name}: {e}")
            )

        def create(events: Any) -> Any:
            return self._node.create_subscription(
                message_class(sent.type),
                sent.name,
                callback,
                PROFILES[topic.qos](),
                event_callbacks=events,
                qos_overriding_options=overrides(),
            )

        try:
            return create(subscription_events(name, self._mismatch, matched))
        except (TypeError, UnsupportedEventTypeError):
            # Humble: who follows the demand looks for latched publishers as well.
            return create(subscription_events(name, self._mismatch))


def transported(topic: Topic, transport: str) -> Topic:
    """What is subscribed for an input: its compressed twin with the transport `compressed`. Depth,
    for which JPEG is no way, stays as it is but with `compressed_depth`.
    """
    depth = topic.name.startswith("depth")
    if topic.type != IMAGE or transport == "raw" or (depth and transport == "compressed"):
        return topic
    twin = "compressedDepth" if depth else "compressed"
    return replace(topic, name=f"{topic.name}/{twin}", type=COMPRESSED_IMAGE)


def unpacking(
    callback: Callable[[Any], None], reject: Callable[[InputError], None]
) -> Callable[[Any], None]:
    """A callback of compressed messages that hands images over to `callback`; those that cannot be
    read, or have more pixels by their header than may be, to `reject`.
    """

    def unpack(message: Any) -> None:
        try:
            pixels = compressed_pixels(bytes(message.data), message.format)
            image = image_message(pixels, message.header)
        except InputError as error:
            reject(error)
        else:
            callback(image)

    return unpack
