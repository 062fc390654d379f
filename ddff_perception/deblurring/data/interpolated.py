"""Blurred frames of any sharp video: frames between its frames by two-way optical flow, averaged.

P. Wieschollek, "Multi-frame, data-driven image and video methods", section 6.3.1, equations 6.11
and 6.12 (the window centred on F_t wants F_t-1 where 6.12 prints F_t+1). Averaged in linear light.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.srgb import srgb_bytes, srgb_decode
from ...types import FloatArray, ImageArray
from .pictures import is_useful

SUBFRAMES = 40
LENGTHS = (20, 40)
_LIGHT = np.asarray(srgb_decode(np.arange(256) / 255.0), np.float32)
# Mean motion between frames, as a share of the longer side: stillness, and a cut or chaos.
_STATIC, _FASTEST = 0.0005, 0.05
# What flow leaves unexplained of a frame, 1 is full range.
_CUT = 0.06


class Pair(NamedTuple):
    """Two neighbouring frames in linear light, and the flow there and back, pixels."""

    first: FloatArray
    second: FloatArray
    forward: FloatArray
    backward: FloatArray


def flow_pair(first: ImageArray, second: ImageArray) -> Pair:
    """Both frames (H x W x 3 BGR uint8) with Farneback's flow between them."""
    greys = [cast(ImageArray, cv2.cvtColor(f, cv2.COLOR_BGR2GRAY)) for f in (first, second)]
    flows = [
        np.asarray(
            cv2.calcOpticalFlowFarneback(one, other, np.zeros((*one.shape, 2), np.float32),
                                         0.5, 4, 15, 3, 5, 1.2, 0), np.float32
        )
        for one, other in (greys, greys[::-1])
    ]  # fmt: skip
    return Pair(_LIGHT[first], _LIGHT[second], flows[0], flows[1])


def between(pair: Pair, share: float) -> FloatArray:
    """The frame at `share` of the time from the first to the second, linear light."""
    early = _moved(pair.first, -share * pair.forward)
    late = _moved(pair.second, -(1 - share) * pair.backward)
    return np.asarray((1 - share) * early + share * late, np.float32)


def _moved(light: FloatArray, by: FloatArray) -> FloatArray:
    height, width = by.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    border = cv2.BORDER_REFLECT_101
    maps = np.asarray(x + by[..., 0], np.float32), np.asarray(y + by[..., 1], np.float32)
    return cast(FloatArray, cv2.remap(light, *maps, cv2.INTER_LINEAR, borderMode=border))


def averaged(before: Pair, after: Pair, length: int, subframes: int = SUBFRAMES) -> ImageArray:
    """The blurred frame in the middle of both pairs: `length` frames of `subframes` per period on
    either side of it, H x W x 3 uint8.
    """
    total = after.first.copy()
    for number in range(1, length + 1):
        total += between(before, 1 - number / subframes) if number < subframes else before.first
        total += between(after, number / subframes) if number < subframes else after.second
    return srgb_bytes(np.asarray(total / (1 + 2 * length), np.float32))


def refused(pair: Pair) -> str:
    """Why nothing is learned from the first frame of a pair; empty where something is."""
    if not is_useful(pair.first):
        return "dark or blurred"
    motion = np.hypot(pair.forward[..., 0], pair.forward[..., 1]).mean()
    longest = max(pair.first.shape[:2])
    if motion < _STATIC * longest:
        return "still"
    left = np.abs(np.sqrt(between(pair, 1.0)) - np.sqrt(_moved(pair.first, -pair.forward))).mean()
    if motion > _FASTEST * longest or left > _CUT:
        return "a cut, or too fast"
    return ""


def clips(
    frames: Iterable[ImageArray], length: int, counts: dict[str, int], subframes: int = SUBFRAMES
) -> Iterator[list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]]:
    """Runs of blurred frames with their sharp ones, broken where a frame is refused; `counts` says
    why, by reason.
    """
    run: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
    last: ImageArray | None = None
    before: Pair | None = None
    for frame in frames:
        pair = None if last is None else flow_pair(last, frame)
        last = frame
        why = "" if pair is None else refused(pair)
        if pair is None or why:
            if why:
                counts[why] = counts.get(why, 0) + 1
            before = None
        elif before is None:
            before = pair
            if run:
                yield run
                run = []
        else:
            made = averaged(before, pair, length, subframes)
            run.append((np.asarray(made, np.uint8), srgb_bytes(pair.first)))
            before = pair
    if run:
        yield run
