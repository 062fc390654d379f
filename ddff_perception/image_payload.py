"""A `sensor_msgs/Image`'s fields to an array and back, whichever library holds the message.

Live messages (rclpy) and recorded ones (rosbags) have different classes but the same payload:
both go through here, so a bag and a live topic give the same pixels. What is no plain view of the
message's bytes is converted by `cv_bridge`, which is not needed where no such image comes.
"""

from __future__ import annotations

import functools
import sys
from types import SimpleNamespace
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
    """How an encoding's pixels lie in memory, and what makes BGR of them: a conversion of OpenCV,
    or `bridge`, cv_bridge's names of the encoding and of what it becomes.
    """

    dtype: str
    channels: int
    to_bgr: int | None = None
    from_bgr: int | None = None
    bridge: tuple[str, str] | None = None


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
    # Half the rows more hold the colours. Not every cv_bridge has these two.
    "nv12": _Layout("u1", 1, cv2.COLOR_YUV2BGR_NV12),
    "nv21": _Layout("u1", 1, cv2.COLOR_YUV2BGR_NV21),
    # Older cv_bridges know only the older names of packed YUV.
    **dict.fromkeys(("yuv422", "uyvy"), _Layout("u1", 2, bridge=("yuv422", "bgr8"))),
    **dict.fromkeys(("yuv422_yuy2", "yuyv"), _Layout("u1", 2, bridge=("yuv422_yuy2", "bgr8"))),
    **{
        f"bayer_{order}{bits}": _Layout(
            f"u{bits // 8}", 1, bridge=(f"bayer_{order}{bits}", f"bgr{bits}")
        )
        for order in ("rggb", "bggr", "gbrg", "grbg")
        for bits in (8, 16)
    },
    **{
        f"{order}16": _Layout("u2", len(order), bridge=(f"{order}16", "bgr16"))
        for order in ("rgb", "rgba", "bgra")
    },
}
ENCODINGS = tuple(_LAYOUTS)
_SEMIPLANAR = ("nv12", "nv21")
# Two pixels share their colour: of an odd width older OpenCVs make something.
_PACKED = ("yuv422", "uyvy", "yuv422_yuy2", "yuyv")


def decode_image(
    encoding: str, height: int, width: int, step: int, is_bigendian: bool | int, data: Any
) -> NDArray[Any]:
    """The pixels of a `sensor_msgs/Image` as an array.

    `height`, `width` in pixels, `step` in bytes per row (padding allowed), `data` any object with
    the buffer protocol. Returns H x W (grey, depth) or H x W x 3 BGR in the encoding's native
    type: uint8, uint16 or float32. The result is a read-only view of `data` where byte order and
    colour order allow it (mono8, mono16, 16UC1, 32FC1, bgr8, bgr16), else one converted copy.
    Raises InputError on an encoding that is not one of `ENCODINGS`, or needs cv_bridge where it
    cannot be imported; an empty image; a step shorter than a row or no whole number of values; and
    data of another length than the steps of all rows.
    """
    layout = _layout(encoding)
    planes = encoding in _SEMIPLANAR
    if planes and (height % 2 or width % 2):
        raise InputError(
            f"an {encoding} image has an even width and height, not {width}x{height}: check the "
            "camera driver"
        )
    if encoding in _PACKED and width % 2:
        raise InputError(
            f"a {encoding} image has an even width, not {width}: check the camera driver"
        )
    dtype = np.dtype(layout.dtype).newbyteorder(">" if is_bigendian else "<")
    pixel = dtype.itemsize * layout.channels
    if height < 1 or width < 1:
        raise InputError(f"the image is empty ({width}x{height}): check the camera driver")
    if step % dtype.itemsize:
        raise InputError(
            f"the image's step of {step} bytes is no whole number of {encoding}'s values of "
            f"{dtype.itemsize} bytes: check the camera driver"
        )
    if step < width * pixel:
        raise InputError(
            f"the image's step of {step} bytes is shorter than a row of {width} {encoding} "
            f"pixels ({width * pixel} bytes): check the camera driver"
        )
    buffer, rows = _bytes_of(data), height + height // 2 * planes
    if buffer.nbytes != step * rows:
        raise InputError(
            f"the image holds {buffer.nbytes} bytes where {rows} rows of {step} bytes are "
            f"{step * rows}: check the camera driver"
        )
    channels = (layout.channels,) if layout.channels > 1 else ()
    strides = (step, pixel, dtype.itemsize)[: 2 + len(channels)]
    image: NDArray[Any] = np.ndarray((rows, width, *channels), dtype, buffer, 0, strides)
    if not dtype.isnative:
        image = image.astype(dtype.newbyteorder("="))
    if layout.to_bgr is not None:
        return np.asarray(cv2.cvtColor(image, layout.to_bgr))
    if layout.bridge is not None:
        return _bridged(image, encoding, *layout.bridge)
    image.flags.writeable = False
    return image


def message_pixels(message: Any, encoding: str | None = None, data: Any = None) -> NDArray[Any]:
    """`decode_image` of a live or recorded `sensor_msgs/Image`, with another encoding or other data
    where they are given.
    """
    return decode_image(
        encoding or message.encoding,
        message.height,
        message.width,
        message.step,
        message.is_bigendian,
        message.data if data is None else data,
    )


def mosaic_encoding(encoding: str) -> str:
    """The encoding as whose pixels a raw mosaic is read: bayer_* as mono8 or mono16.

    Raises InputError on an encoding that no raw image has.
    """
    if encoding.startswith("bayer_") and encoding.endswith(("8", "16")):
        return "mono16" if encoding.endswith("16") else "mono8"
    layout = _LAYOUTS.get(encoding)
    plain = layout is not None and layout.to_bgr is None and layout.channels == 1
    if layout is None or not plain or layout.dtype == "f4":
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
    if layout.bridge or encoding in _SEMIPLANAR:
        raise InputError(f"images are not sent as {encoding}: use mono8, bgr8, mono16 or bgr16")
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
    raise InputError(
        f"images in encoding {encoding[:40]!r} are not supported: "
        "let the driver or image_proc convert to bgr8, rgb8 or mono8"
    )


def _bridged(image: NDArray[Any], encoding: str, source: str, target: str) -> NDArray[Any]:
    """`image` in cv_bridge's encoding `target`. It gets no padding and no foreign byte order, in
    which it is known to fail.
    """
    bridge = _cv_bridge()
    if bridge is None:
        raise InputError(
            f"images in encoding {encoding} need cv_bridge, which cannot be imported (was it built "
            "for another NumPy?): install it, or let the driver publish bgr8, rgb8 or mono8"
        )
    try:
        return np.asarray(bridge.imgmsg_to_cv2(_bridge_message(image, source), target))
    except (TypeError, RuntimeError, cv2.error) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"cv_bridge cannot convert this {encoding} image: {reason}") from error


def _bridge_message(image: NDArray[Any], encoding: str) -> Any:
    pixels = np.ascontiguousarray(image)
    return SimpleNamespace(
        encoding=encoding,
        height=image.shape[0],
        width=image.shape[1],
        step=pixels.strides[0],
        is_bigendian=int(sys.byteorder == "big"),
        data=pixels.reshape(-1).view(np.uint8),
    )


@functools.cache
def _cv_bridge() -> Any:
    """A CvBridge that works, None where there is none; looked for once."""
    try:
        from cv_bridge import CvBridge

        bridge = CvBridge()
        # Its compiled part is loaded only now.
        bridge.imgmsg_to_cv2(_bridge_message(np.zeros((2, 2, 3), np.uint16), "rgb16"), "bgr16")
    except Exception:  # built for another NumPy it fails in many ways
        return None
    return bridge


def _bytes_of(data: Any) -> memoryview:
    try:
        return memoryview(data).cast("B")
    except TypeError as error:
        raise InputError(
            f"the image's data ({type(data).__name__}) cannot be read by the CPU: "
            "let the driver publish ordinary messages"
        ) from error
