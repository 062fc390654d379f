"""Layers as images to be shown, stored and sent: in the bits and the response of the input."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..types import FloatArray, ImageArray
from .capture.images import ResponseSettings, displayed


def rendered(layer: FloatArray, kind: str, settings: ResponseSettings) -> ImageArray:
    """`layer` (linear, 0..1) as `kind` ("uint8" or "uint16") with 255 or 65535 as 1.

    H x W or H x W x 3, clipped, with the camera's response (`settings`).
    """
    shown = layer if settings.response == "linear" else displayed(layer, settings)
    top, depth = (255.0, cv2.CV_8U) if kind == "uint8" else (65535.0, cv2.CV_16U)
    # OpenCV takes a number for the first channel only; it rounds and clips in one pass.
    flat: Any = np.ascontiguousarray(shown).reshape(shown.shape[0], -1)
    scale: Any = top
    return np.asarray(cv2.multiply(flat, scale, dtype=depth)).reshape(shown.shape)
