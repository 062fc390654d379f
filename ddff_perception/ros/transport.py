"""Compressed images as image_transport names them: on TOPIC/compressed, in place of TOPIC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2

from ..files.images import decode_image_file
from ..types import InputError
from .interface import Topic
from .messages import image_message

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"


def transported(topic: Topic, transport: str) -> Topic:
    """What is subscribed for an input: its compressed twin with the transport `compressed`. Depth
    stays as it is: JPEG is no way to send it.
    """
    if transport != "compressed" or topic.type != IMAGE or topic.name.startswith("depth"):
        return topic
    return replace(topic, name=f"{topic.name}/compressed", type=COMPRESSED_IMAGE)


def unpacking(
    callback: Callable[[Any], None], reject: Callable[[InputError], None]
) -> Callable[[Any], None]:
    """A callback of compressed messages that hands images over to `callback`; those that cannot be
    read, or have more pixels by their header than may be, to `reject`.
    """

    def unpack(message: Any) -> None:
        what = f"a compressed image ({message.format[:40]!r})"
        try:
            pixels = decode_image_file(bytes(message.data), what, cv2.IMREAD_UNCHANGED)
            image = image_message(pixels, message.header)
        except InputError as error:
            reject(error)
        else:
            callback(image)

    return unpack
