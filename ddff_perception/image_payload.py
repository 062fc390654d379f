"""A `sensor_msgs/Image`'s fields to an array and back, whichever library holds the message.

Live messages (rclpy) and recorded ones (rosbags) have different classes but the same payload:
both go through here, so a bag and a live topic give the same pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .types import InputError


class ImagePayload(NamedTuple):
    """The fields of a `sensor_msgs/Image` that describe its pixels; little endian.

    `data` is a flat view of bytes over the encoded array: no copy was made unless the array's
    memory or colour order had to change.
    """

    encoding: str
    height: int
    width: int
    step: int
    data: memoryview


class _Layout(NamedTuple):
    dtype: str
    channels: int
    to_bgr: int | None = None
    from_bgr: int | None = None


_LAYOUTS = {
    "mono8": _Layout("u1", 1),
    "8UC1": _Layout("u1", 1),
    "mono16": _Layout("u2", 1),
    "16UC1": _Layout("u2", 1),
    "32FC1": _Layout("f4", 1),
    "bgr8": _Layout("u1", 3),
    "8UC3": _Layout("u1", 3),
    "rgb8": _Layout("u1", 3, cv2.COLOR_RGB2BGR, cv2.COLOR_BGR2RGB),
    "bgra8": _Layout("u1", 4, cv2.COLOR_BGRA2BGR, cv2.COLOR_BGR2BGRA),
    "rgba8": _Layout("u1", 4, cv2.COLOR_RGBA2BGR, cv2.COLOR_BGR2RGBA),
    "bgr16": _Layout("u2", 3),
    "rgb16": _Layout("u2", 3, cv2.COLOR_RGB2BGR, cv2.COLOR_BGR2RGB),
}
ENCODINGS = tuple(_LAYOUTS)


def decode_image(
    encoding: str, height: int, width: int, step: int, is_bigendian: bool | int, data: Any
) -> NDArray[Any]:
    """The pixels of a `sensor_msgs/Image` as an array.

    `height`, `width` in pixels, `step` in bytes per row (padding allowed), `data` any object with
    the buffer protocol. Returns H x W (grey, depth) or H x W x 3 BGR in the encoding's native
    type: uint8, uint16 or float32. The result is a read-only view of `data` where byte order and
    colour order allow it (mono8, mono16, 16UC1, 32FC1, bgr8), else one converted copy.
    Raises InputError on an encoding that is not one of `ENCODINGS`, an empty image, a step shorter
    than a row, or data that is not `step * height` bytes long.
    """
    layout = _layout(encoding)
    dtype = np.dtype(layout.dtype).newbyteorder(">" if is_bigendian else "<")
    pixel = dtype.itemsize * layout.channels
    if height < 1 or width < 1:
        raise InputError(f"the image is empty ({width}x{height}): check the camera driver")
    if step < width * pixel:
        raise InputError(
            f"the image's step of {step} bytes is shorter than a row of {width} {encoding} "
            f"pixels ({width * pixel} bytes): check the camera driver"
        )
    buffer = _bytes_of(data)
    if buffer.nbytes != step * height:
        raise InputError(
            f"the image holds {buffer.nbytes} bytes where {height} rows of {step} bytes are "
            f"{step * height}: check the camera driver"
        )
    channels = (layout.channels,) if layout.channels > 1 else ()
    strides = (step, pixel, dtype.itemsize)[: 2 + len(channels)]
    image: NDArray[Any] = np.ndarray((height, width, *channels), dtype, buffer, 0, strides)
    if not dtype.isnative:
        image = image.astype(dtype.newbyteorder("="))
    if layout.to_bgr is not None:
        return np.asarray(cv2.cvtColor(image, layout.to_bgr))
    image.flags.writeable = False
    return image


def mosaic_encoding(encoding: str) -> str:
    """The encoding as whose pixels a raw mosaic is read: bayer_* as mono8 or mono16.

    Raises InputError on an encoding that no raw image has.
    """
    if encoding.startswith("bayer_") and encoding.endswith(("8", "16")):
        return "mono16" if encoding.endswith("16") else "mono8"
    layout = _LAYOUTS.get(encoding)
    if layout is None or layout.channels != 1 or layout.dtype == "f4":
        raise InputError(
            f"a raw mosaic in encoding {encoding[:40]!r} cannot be read: let the driver publish "
            "the raw image, unpacked and not demosaiced (mono8, mono16 or bayer_*)"
        )
    return encoding


def encode_image(image: NDArray[Any], encoding: str | None = None) -> ImagePayload:
    """The payload of a `sensor_msgs/Image` that shows `image`.

    `image`: H x W uint8, uint16 or float32, or H x W x 3 BGR uint8 or uint16. Without `encoding`
    the one that needs no conversion is taken (mono8, mono16, 32FC1, bgr8, bgr16). Depth in
    millimetres needs `encoding="16UC1"`. Raises InputError where array and encoding do not fit.
    """
    encoding = encoding or encoding_of(image)
    layout = _layout(encoding)
    channels = 1 if layout.channels == 1 else 3
    fits = image.ndim == (2 if channels == 1 else 3) and (channels == 1 or image.shape[2] == 3)
    if not fits or image.dtype != np.dtype(layout.dtype) or image.size == 0:
        raise InputError(f"an array of {image.shape} {image.dtype} cannot be sent as {encoding}")
    if layout.from_bgr is not None:
        image = np.asarray(cv2.cvtColor(image, layout.from_bgr))
    image = np.ascontiguousarray(image, image.dtype.newbyteorder("<"))
    height, width = image.shape[:2]
    step = width * image.dtype.itemsize * layout.channels
    return ImagePayload(encoding, height, width, step, image.reshape(-1).view(np.uint8).data)


def encoding_of(image: NDArray[Any]) -> str:
    """The encoding that shows `image` without a conversion; raises InputError if there is none."""
    colour = image.ndim == 3 and image.shape[2] == 3
    names = (
        {"uint8": "bgr8", "uint16": "bgr16"}
        if colour
        else {"uint8": "mono8", "uint16": "mono16", "float32": "32FC1"}
    )
    if image.dtype.name not in names or not (colour or image.ndim == 2):
        raise InputError(
            f"an array of {image.shape} {image.dtype} is not an image that can be sent"
        )
    return names[image.dtype.name]


def _layout(encoding: str) -> _Layout:
    layout = _LAYOUTS.get(encoding)
    if layout is not None:
        return layout
    if encoding.startswith("bayer"):
        raise InputError(
            f"the image is raw {encoding}: put image_proc's debayer node between camera and us"
        )
    raise InputError(
        f"images in encoding {encoding[:40]!r} are not supported: "
        "let the driver or image_proc convert to bgr8, rgb8 or mono8"
    )


def _bytes_of(data: Any) -> memoryview:
    try:
        return memoryview(data).cast("B")
    except TypeError as error:
        raise InputError(
            f"the image's data ({type(data).__name__}) cannot be read by the CPU: "
            "let the driver publish ordinary messages"
        ) from error
