"""Image encodings by name (sensor_msgs/image_encodings.hpp) and conversions between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt


class CvBridgeError(TypeError):
    """A conversion that cannot be made."""


@dataclass(frozen=True)
class PixelType:
    dtype: np.dtype[Any]
    channels: int


@dataclass(frozen=True)
class _Colour:
    """What the channels mean: OpenCV's name of the colour space in its conversion codes."""

    name: str
    pixel: PixelType


_DEPTHS: dict[str, tuple[np.dtype[Any], int]] = {
    "8U": (np.dtype(np.uint8), cv2.CV_8U),
    "8S": (np.dtype(np.int8), cv2.CV_8S),
    "16U": (np.dtype(np.uint16), cv2.CV_16U),
    "16S": (np.dtype(np.int16), cv2.CV_16S),
    "32S": (np.dtype(np.int32), cv2.CV_32S),
    "32F": (np.dtype(np.float32), cv2.CV_32F),
    "64F": (np.dtype(np.float64), cv2.CV_64F),
}
_GENERIC = re.compile(r"(8U|8S|16U|16S|32S|32F|64F)(?:C([0-9]+))?")
_MAX_CHANNELS = 512  # OpenCV's CV_CN_MAX
_FULL_RANGE_SCALES = {(1, 2): 65535 / 255, (2, 1): 255 / 65535}  # by bytes per channel

_CHANNEL_ORDERS = {"GRAY": 1, "RGB": 3, "BGR": 3, "RGBA": 4, "BGRA": 4}
# OpenCV names a mosaic by the second row's second and third pixel, ROS by the first four pixels.
_MOSAICS = {"rggb": "BayerBG", "bggr": "BayerRG", "gbrg": "BayerGR", "grbg": "BayerGB"}
_PACKED_YUV = {"yuv422": "UYVY", "uyvy": "UYVY", "yuv422_yuy2": "YUY2", "yuyv": "YUY2"}


def _colour_encodings() -> dict[str, _Colour]:
    table: dict[str, _Colour] = {}
    for bits, dtype in ((8, np.dtype(np.uint8)), (16, np.dtype(np.uint16))):
        for name, channels in _CHANNEL_ORDERS.items():
            encoding = "mono" if name == "GRAY" else name.lower()
            table[f"{encoding}{bits}"] = _Colour(name, PixelType(dtype, channels))
        for pattern, name in _MOSAICS.items():
            table[f"bayer_{pattern}{bits}"] = _Colour(name, PixelType(dtype, 1))
    for encoding, name in _PACKED_YUV.items():
        table[encoding] = _Colour(name, PixelType(np.dtype(np.uint8), 2))
    return table


_COLOURS = _colour_encodings()


def pixel_type(encoding: str) -> PixelType:
    """Type and channel count of one pixel; CvBridgeError for an unknown encoding."""
    colour = _COLOURS.get(encoding)
    if colour is not None:
        return colour.pixel
    generic = _GENERIC.fullmatch(encoding)
    if generic is None:
        raise CvBridgeError(f"unknown image encoding {encoding!r}")
    channels = int(generic[2] or 1)
    if not 1 <= channels <= _MAX_CHANNELS:
        raise CvBridgeError(f"image encoding {encoding!r} needs 1 to {_MAX_CHANNELS} channels")
    return PixelType(_DEPTHS[generic[1]][0], channels)


def depth_name(dtype: np.dtype[Any]) -> str:
    """OpenCV's name of a channel type, e.g. "16U"; CvBridgeError where it has none."""
    for name, (known, _) in _DEPTHS.items():
        if known.name == dtype.name:
            return name
    raise CvBridgeError(f"OpenCV has no image type for {dtype.name}")


def cv_depth(dtype: np.dtype[Any]) -> int:
    """OpenCV's number of a channel type."""
    return _DEPTHS[depth_name(dtype)][1]


def dtype_of_cv_depth(depth: int) -> np.dtype[Any]:
    """Channel type of OpenCV's number."""
    for dtype, number in _DEPTHS.values():
        if number == depth:
            return dtype
    raise CvBridgeError(f"unknown OpenCV depth {depth}")


def decoded_encoding(image: npt.NDArray[Any]) -> str:
    """Encoding of what `cv2.imdecode` returned: grey, BGR or BGRA of 8 or 16 bits."""
    order = {1: "mono", 3: "bgr", 4: "bgra"}.get(1 if image.ndim == 2 else image.shape[2])
    if order is None or image.dtype not in (np.uint8, np.uint16):
        raise CvBridgeError(f"no encoding for {image.dtype.name} images of shape {image.shape}")
    return f"{order}{8 * image.dtype.itemsize}"


def convert(image: npt.NDArray[Any], source: str, target: str) -> npt.NDArray[Any]:
    """Return a copy of `image` (encoding `source`) in encoding `target`.

    Colour encodings convert into each other. To or from an encoding that does not say what its
    channels mean ("16UC1"), only the channel type changes. Between 8 and 16 bits values are scaled
    to the full range; else they are rounded and saturated. Raises CvBridgeError.
    """
    if target in ("", source):
        return image.copy()
    channels, wanted = _convertible(source).channels, _convertible(target)
    given, asked = _COLOURS.get(source), _COLOURS.get(target)
    if given is None and asked is not None:
        raise CvBridgeError(f"{source} says no colours, so that it cannot become {target}")
    if given is not None and asked is not None and given.name != asked.name:
        return _change_depth(_change_colour(image, source, target), wanted.dtype)
    if given is not None and asked is not None and given.name not in _CHANNEL_ORDERS:
        raise CvBridgeError(f"no conversion from {source} to {target}")
    if channels != wanted.channels:
        raise CvBridgeError(f"{source} and {target} differ in their number of channels")
    return _change_depth(image, wanted.dtype)


def _convertible(encoding: str) -> PixelType:
    if encoding not in _COLOURS and "C" not in encoding:
        raise CvBridgeError(f"image encoding {encoding!r} cannot be converted")
    return pixel_type(encoding)


def _change_colour(image: npt.NDArray[Any], source: str, target: str) -> npt.NDArray[Any]:
    given, asked = _COLOURS[source].name, _COLOURS[target].name
    if given in _PACKED_YUV.values():
        name = f"COLOR_YUV2{asked}_{given}"
    else:
        name = f"COLOR_{given}2{asked}"
    is_mosaic = given in _MOSAICS.values()
    if asked not in _CHANNEL_ORDERS or (is_mosaic and _CHANNEL_ORDERS[asked] == 4):
        raise CvBridgeError(f"no conversion from {source} to {target}")
    try:
        return np.asarray(cv2.cvtColor(image, getattr(cv2, name)))
    except cv2.error as error:
        raise CvBridgeError(str(error)) from error


def _change_depth(image: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Round and saturate to `dtype`, scaled where one side has 8 and the other 16 bits."""
    if image.dtype == dtype:
        return image.copy()
    scale = _FULL_RANGE_SCALES.get((image.dtype.itemsize, dtype.itemsize))
    if scale is not None:
        limits = np.iinfo(dtype)
        return np.clip(np.rint(image * scale), limits.min, limits.max).astype(dtype)
    # OpenCV's saturation, NaN and infinity included, which NumPy's casts leave undefined. As one
    # channel, because OpenCV takes the number for the first channel only.
    flat = image.reshape(image.shape[0], -1)
    changed = cv2.add(flat, 0, dtype=cv_depth(dtype))  # type: ignore[call-overload]
    return np.asarray(changed).reshape(image.shape)
