"""Image messages as pictures of a size to send, with what their colours stand for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..capability import Reference
from ..evaluation.depth.figures import colorize_depth, depth_range
from ..evaluation.depth.maps import known
from ..evaluation.depth.pictures import depth_scale
from ..evaluation.reports.blocks import ColorScale
from ..evaluation.reports.colours import (
    CONFIDENCE_MAP,
    Picture,
    color_stops,
    colorize_confidence,
    to_bgr,
)
from ..files.bags_messages import depth_of, image_of, mosaic_image_of
from ..types import FloatArray, InputError

MAX_WIDTH = 640
"""Wider images are made smaller before they are sent."""
MAX_HEIGHT = 1280

Ends = tuple[float, float]
"""Between which values the colours of a picture go."""
# By how much ends that come nearer to each other do so with every picture: colours do not flicker.
_FOLLOW = 0.1


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture (H x W x 3 BGR uint8), what is known of it in words, and its colours.

    `ends`: what its scale goes between, for the next picture of the same topic.
    """

    picture: Picture
    facts: str
    scale: ColorScale | None = None
    ends: Ends | None = None


def show(message: Any, look: str | Reference, before: Ends | None = None) -> Shown:
    """An Image, CompressedImage or FocalStack (its newest slice) as `look` paints it.

    `before`: `ends` of the picture before. Raises InputError where the message holds no such image.
    """
    if hasattr(message, "images"):
        if not message.images:
            raise InputError("the focal stack is empty")
        message = message.images[-1]
    if isinstance(look, Reference):
        pixels = image_of(message)
        shown = Shown(np.asarray(look.load()(_thinned(pixels)), np.uint8), "")
    else:
        shown, pixels = LOOKS[look](message, before)
    height, width = pixels.shape[:2]
    encoding = getattr(message, "encoding", None) or getattr(message, "format", "")
    size = f"{width} × {height}, {str(encoding)[:40]}"
    return replace(shown, facts=f"{size}; {shown.facts}" if shown.facts else size)


def guessed_look(topic: str, encoding: str) -> str:
    """How an image is painted that no capability tells about: by its encoding and its name."""
    if encoding.startswith("bayer_"):
        return "raw"
    if encoding == "16UC1":
        return "depth"
    if encoding != "32FC1":
        return "image"
    last = topic.rpartition("/")[2]
    named = [word for word in ("confidence", "angle") if word in last]
    return named[0] if named else "depth" if "depth" in topic else "number"


def _image(message: Any, _before: Ends | None) -> tuple[Shown, NDArray[Any]]:
    image = image_of(message)
    if image.dtype == np.float32:
        return _of_numbers(image, _before), image
    return Shown(to_bgr(_shrunken(image)), ""), image


def _raw(message: Any, _before: Ends | None) -> tuple[Shown, NDArray[Any]]:
    """The mosaic of a sensor with filters before its pixels, as it is: grey."""
    image = mosaic_image_of(message)
    return Shown(to_bgr(_shrunken(image)), "as the sensor gives it"), image


def _depth(message: Any, before: Ends | None) -> tuple[Shown, NDArray[Any]]:
    depth = depth_of(message)
    there = known(depth)
    values, unknown = depth[there & np.isfinite(depth)], 1.0 - there.mean()
    if not values.size:
        return Shown(colorize_depth(_thinned(depth)), "no pixel is known"), depth
    small = _thinned(depth)
    near, far = _steady(depth_range(small), before)
    facts = f"{values.min():.3g} .. {values.max():.3g} m"
    facts += f", {unknown:.0%} unknown" if unknown > 0 else ""
    scale = depth_scale(near, far, unknown=unknown > 0)
    return Shown(colorize_depth(small, near, far), facts, scale, (near, far)), depth


def _confidence(message: Any, _before: Ends | None) -> tuple[Shown, NDArray[Any]]:
    values = _floats(message)
    there = np.isfinite(values)
    facts = f"mean {values[there].mean():.2f}" if there.any() else "no pixel has any"
    scale = ColorScale(color_stops(CONFIDENCE_MAP), [(0.0, "0"), (0.5, "0.5"), (1.0, "1")])
    return Shown(colorize_confidence(_thinned(values)), facts, scale), values


def _number(message: Any, before: Ends | None) -> tuple[Shown, NDArray[Any]]:
    values = _floats(message)
    return _of_numbers(values, before), values


def _of_numbers(values: FloatArray, before: Ends | None) -> Shown:
    there = values[np.isfinite(values)]
    if not there.size:
        return Shown(colorize_confidence(_thinned(values)), "no pixel is known")
    low, high = _steady(tuple(np.percentile(there, (1.0, 99.0)).tolist()), before)
    span = high - low if high > low else 1.0
    marks = [(0.0, f"{low:.3g}"), (1.0, f"{high:.3g}")]
    scale = ColorScale(color_stops(CONFIDENCE_MAP), marks, there.size < values.size)
    picture = colorize_confidence((_thinned(values) - np.float32(low)) / np.float32(span))
    return Shown(picture, f"{there.min():.3g} .. {there.max():.3g}", scale, (low, high))


def _angle(message: Any, _before: Ends | None) -> tuple[Shown, NDArray[Any]]:
    """Radians that go around once in pi, as hue."""
    values = _floats(message)
    small = _thinned(values)
    there = np.isfinite(small)
    turns = np.mod(np.where(there, small, 0.0) / math.pi, 1.0)
    picture = _hues(turns)
    picture[~there] = 128
    stops = [f"#{r:02x}{g:02x}{b:02x}" for b, g, r in _hues(np.linspace(0, 1, 16)[None])[0]]
    marks = [(0.0, "0°"), (0.5, "90°"), (1.0, "180°")]
    return Shown(picture, "angle", ColorScale(stops, marks, not there.all())), values


LOOKS: Mapping[str, Callable[[Any, Ends | None], tuple[Shown, NDArray[Any]]]] = MappingProxyType(
    {
        "image": _image,
        "raw": _raw,
        "depth": _depth,
        "confidence": _confidence,
        "number": _number,
        "angle": _angle,
    }
)
"""How pixels are painted, by name: as they are, a raw mosaic in grey, metres, 0..1, any number, and
radians."""


def _hues(turns: NDArray[Any]) -> Picture:
    """0 .. 1 as hues around the circle, H x W x 3 BGR."""
    hue = (np.rint(turns * 180.0).astype(np.int32) % 180).astype(np.uint8)
    full = np.full_like(hue, 230)
    return np.asarray(cv2.cvtColor(cv2.merge([hue, full, full]), cv2.COLOR_HSV2BGR), np.uint8)


def _floats(message: Any) -> FloatArray:
    image = image_of(message)
    if image.ndim != 2:
        raise InputError(f"an image in {message.encoding} has more than one value for each pixel")
    return image if image.dtype == np.float32 else image.astype(np.float32)


def _steady(ends: Ends, before: Ends | None) -> Ends:
    """`ends`, or ends that approach them slowly from outside."""
    ends = float(ends[0]), float(ends[1])
    if before is None or not all(map(math.isfinite, (*ends, *before))):
        return ends
    low = min(ends[0], before[0] + _FOLLOW * (ends[0] - before[0]))
    return low, max(ends[1], before[1] + _FOLLOW * (ends[1] - before[1]))


def _step(shape: tuple[int, ...]) -> int:
    return max(1, -(-shape[1] // MAX_WIDTH), -(-shape[0] // MAX_HEIGHT))


def _thinned(values: NDArray[Any]) -> NDArray[Any]:
    """Every n-th pixel: a mean of two depths or two labels would be one that is nowhere."""
    step = _step(values.shape)
    return values[::step, ::step]


def _shrunken(image: NDArray[Any]) -> NDArray[Any]:
    height, width = image.shape[:2]
    factor = min(1.0, MAX_WIDTH / width, MAX_HEIGHT / height)
    if factor == 1.0:
        return image
    # Every n-th pixel first, of those that are far too many.
    small = image[:: max(1, int(0.5 / factor)), :: max(1, int(0.5 / factor))]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
