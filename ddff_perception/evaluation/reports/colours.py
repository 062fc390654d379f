"""Colours, pictures and scales that every report draws with."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, ImageArray

Picture = NDArray[np.uint8]


UNKNOWN_GREY = 128


CONFIDENCE_MAP = cv2.COLORMAP_VIRIDIS


_FONT = cv2.FONT_HERSHEY_SIMPLEX


def colorize_confidence(confidence: FloatArray) -> Picture:
    """Confidence 0 (dark violet) to 1 (yellow), H x W x 3 BGR uint8; NaN is grey."""
    return _paint(confidence, np.isfinite(confidence), CONFIDENCE_MAP)


def color_stops(colormap: int, number: int = 16) -> list[str]:
    """`number` equally spaced colours of an OpenCV colour map as `#rrggbb`, low to high."""
    levels = np.linspace(0, 255, number).astype(np.uint8)[:, np.newaxis]
    return [f"#{r:02x}{g:02x}{b:02x}" for b, g, r in cv2.applyColorMap(levels, colormap)[:, 0]]


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most `most` round numbers (1, 2, 2.5 or 5 times a power of ten) in `low`..`high`."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low] if math.isfinite(low) else []
    magnitude = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0):
        step = factor * magnitude
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    return [round(n * step, 12) for n in range(first, last + 1)]


def picture_grid(
    pictures: Sequence[tuple[str, ImageArray]], columns: int = 3, width: int = 480
) -> Picture:
    """Pictures with their captions above, row by row on white, each `width` pixels wide.

    Grey and 16-bit pictures are taken as they are shown on a screen.
    """
    margin, title = 12, 28
    tiles = []
    for caption, image in pictures:
        shown = to_bgr(image)
        height = max(1, round(width * shown.shape[0] / shown.shape[1]))
        tile = np.full((title + height + margin, width + margin, 3), 255, dtype=np.uint8)
        how = cv2.INTER_AREA if shown.shape[1] > width else cv2.INTER_CUBIC
        tile[title : title + height, :width] = cv2.resize(shown, (width, height), interpolation=how)
        cv2.putText(tile, caption, (0, 20), _FONT, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
        tiles.append(tile)
    rows = []
    for start in range(0, len(tiles), columns):
        row = tiles[start : start + columns]
        height = max(tile.shape[0] for tile in row)
        sheet = np.full((height, columns * (width + margin), 3), 255, dtype=np.uint8)
        for number, tile in enumerate(row):
            x = number * (width + margin)
            sheet[: tile.shape[0], x : x + tile.shape[1]] = tile
        rows.append(sheet)
    grid = np.vstack(rows)
    return cv2.copyMakeBorder(grid, margin, 0, margin, 0, cv2.BORDER_CONSTANT, value=[255] * 3)  # type: ignore[return-value]


def to_bgr(image: ImageArray) -> Picture:
    """Any image of a stack as H x W x 3 BGR uint8, as a screen shows it."""
    shown = (image >> 8).astype(np.uint8) if image.dtype == np.uint16 else image
    if shown.ndim == 2:
        shown = cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR)  # type: ignore[assignment]
    return np.asarray(shown[:, :, :3], dtype=np.uint8)


def _paint(level: FloatArray, mask: NDArray[np.bool_], colormap: int) -> Picture:
    scaled = np.where(mask, level, np.float32(0)) * np.float32(255) + np.float32(0.5)
    picture = cv2.applyColorMap(np.clip(scaled, 0, 255).astype(np.uint8), colormap)
    picture[~mask] = UNKNOWN_GREY
    return np.asarray(picture, dtype=np.uint8)
