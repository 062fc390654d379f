"""Whether a plane was compressed by JPEG, on which grid, and at which quality."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.cosine_blocks import SIDE
from ...types import FloatArray

# How much larger steps across the grid are than elsewhere, at least, as a share.
_SEEN = 0.12
_QUALITIES = tuple(range(6, 98))
_BESIDE, _AS_DEEP, _LITTLE, _ROUNDING = 2, 0.4, 5.0, 0.3
_CROP, _LEAST_PX = 128, 64


@dataclass(frozen=True, slots=True)
class Compression:
    """`quality` 1..99; 100 where none is seen. `shift`: row and column of a corner of the grid.
    `blockiness`: how much larger steps across the grid are than elsewhere, as a share.
    """

    quality: int = 100
    shift: tuple[int, int] = (0, 0)
    blockiness: float = 0.0


def compression(bright: FloatArray) -> Compression:
    """What is seen of JPEG in brightness, H x W in 0..1.

    Steps across the lines of an 8-pixel grid (Wang et al., "Blind measurement of blocking
    artifacts in images", ICIP 2000); the quality is the one at which compressing again changes
    least (Farid, "Exposing digital forgeries from JPEG ghosts", IEEE TIFS 2009).
    """
    if min(bright.shape) < _LEAST_PX:
        return Compression()
    (down, rows), (across, columns) = _grid(bright, 0), _grid(bright, 1)
    blockiness = min(rows, columns)
    if blockiness < _SEEN:
        return Compression(blockiness=blockiness)
    quality = _quality(bright[down:, across:])
    return Compression(quality, (down, across), blockiness)


def _grid(bright: FloatArray, axis: int) -> tuple[int, float]:
    """Where the grid's lines are along an axis, 0..7, and how much they stand out."""
    steps = np.abs(np.diff(bright, axis=axis))
    # Against both neighbours: an edge of the scene has them as well.
    both = np.take(steps, range(2, steps.shape[axis]), axis) + np.take(
        steps, range(steps.shape[axis] - 2), axis
    )
    middle = np.take(steps, range(1, steps.shape[axis] - 1), axis)
    lines = (middle - both / 2).mean(axis=1 - axis)
    total = float(middle.mean()) + 1e-6
    by_phase = np.array([lines[phase::SIDE].mean() for phase in range(SIDE)]) / total
    found = int(by_phase.argmax())
    rest = np.delete(by_phase, found)
    # Line n stands between pixels n + 1 and n + 2.
    return (found + 2) % SIDE, float(by_phase[found] - max(rest.max(), 0.0))


def _quality(bright: FloatArray) -> int:
    """Of the part that shows most, whose top left pixel is a corner of the grid."""
    height, width = (min(_CROP, side - side % SIDE) for side in bright.shape)
    crops = [
        bright[top : top + height, left : left + width]
        for top in _places(bright.shape[0], height)
        for left in _places(bright.shape[1], width)
    ]
    most = max(crops, key=lambda part: float(np.abs(np.diff(part[::2], axis=0)).mean()))
    crop = np.rint(most * 255).clip(0, 255).astype(np.uint8)
    changes = np.array([_change(crop, quality) for quality in _QUALITIES])
    logs = np.log(changes + 0.05)
    # A finer quality changes less than a coarser one: what counts is how much less than those
    # beside it. One with steps half as large changes as little: the coarsest one it is.
    dips = logs[: -2 * _BESIDE] + logs[2 * _BESIDE :] - 2 * logs[_BESIDE:-_BESIDE]
    little = changes[_BESIDE:-_BESIDE] <= _LITTLE * changes.min() + _ROUNDING
    there = (dips >= _AS_DEEP * dips.max()) & little
    return _QUALITIES[_BESIDE + int(np.flatnonzero(there | (dips >= dips.max()))[0])]


def _places(length: int, part: int) -> list[int]:
    return sorted({n * (length - part) // 2 // SIDE * SIDE for n in range(3)})


def _change(crop: NDArray[np.uint8], quality: int) -> float:
    """Mean squared change by compressing again."""
    again = recompressed(crop, quality).astype(np.float32)
    return float(np.square(again - crop).mean())


def recompressed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """A grey uint8 image after JPEG of that quality."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
