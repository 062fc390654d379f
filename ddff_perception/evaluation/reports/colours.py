"""Colours, pictures and scales that every report draws with."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, ImageArray

Picture = NDArray[np.uint8]
UNKNOWN_GREY = 128
CONFIDENCE_MAP = cv2.COLORMAP_VIRIDIS


def colorize_confidence(confidence: FloatArray) -> Picture:
    """Confidence 0 (dark violet) to 1 (yellow), H x W x 3 BGR uint8; NaN is grey."""
    return _paint(confidence, np.isfinite(confidence), CONFIDENCE_MAP)


def color_stops(colormap: int, number: int = 16) -> list[str]:
    """`number` equally spaced colours of an OpenCV colour map as `#rrggbb`, low to high."""
    levels = np.linspace(0, 255, number).astype(np.uint8)[:, np.newaxis]
    return [f"#{r:02x}{g:02x}{b:02x}" for b, g, r in cv2.applyColorMap(levels, colormap)[:, 0]]


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
