"""Layers as images to be shown, stored and sent: in the bits and the response of the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from ..parameters import Value
from ..types import FloatArray, ImageArray
from .capture.images import displayed


def rendered(layer: FloatArray, kind: str, values: Mapping[str, Value]) -> ImageArray:
    """`layer` (linear, 0..1) as `kind` ("uint8" or "uint16") with 255 or 65535 as 1.

    H x W or H x W x 3, clipped, with the camera's response (RESPONSE_PARAMETERS in `values`).
    """
    shown = layer if values["response"] == "linear" else displayed(layer, values)
    top, depth = (255.0, cv2.CV_8U) if kind == "uint8" else (65535.0, cv2.CV_16U)
    # OpenCV takes a number for the first channel only; it rounds and clips in one pass.
    flat: Any = np.ascontiguousarray(shown).reshape(shown.shape[0], -1)
    scale: Any = top
    return np.asarray(cv2.multiply(flat, scale, dtype=depth)).reshape(shown.shape)
