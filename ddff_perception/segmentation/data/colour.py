"""What colour cameras make of light: exposure, white balance, tone, noise, blur, JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

# Light is kept as the root of its value in 8 bits: 0 to twice what a camera shows as white.
_BRIGHTEST = 4.0


def packed_light(radiance: FloatArray) -> NDArray[np.uint8]:
    """Linear light in 8 bits: its root, up to 4 (1 is white at the exposure that it came with)."""
    root = np.sqrt(np.clip(radiance, 0, _BRIGHTEST) * np.float32(1 / _BRIGHTEST))
    return np.asarray(np.rint(root * np.float32(255)), np.uint8)


def light_of_picture(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of a camera (sRGB) as `packed_light`, of which white is 1."""
    table = np.linspace(0, 1, 256, dtype=np.float32) ** np.float32(2.2)
    return np.asarray(packed_light(table)[picture], np.uint8)


def photograph(light: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """H x W x 3 of `packed_light` to H x W x 3 uint8 as some camera shows it, in the same order of
    channels (the middle one is green).
    """
    linear = (light.astype(np.float32) * np.float32(1 / 255)) ** 2 * np.float32(_BRIGHTEST)
    exposure = np.float32(2.0 ** rng.normal(0, 0.5))
    balance = np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
    balance[1] = 1.0
    linear *= exposure * balance
    if rng.random() < 0.4:
        sigma = float(rng.uniform(0.4, 1.6))
        linear = np.asarray(cv2.GaussianBlur(linear, (0, 0), sigma), np.float32)
    noise = rng.uniform(0, 0.02)
    linear += (
        rng.standard_normal(linear.shape, np.float32)
        * np.float32(noise)
        * np.sqrt(np.maximum(linear, 0) + np.float32(0.02))
    )
    shown = np.clip(linear, 0, 1) ** np.float32(1 / rng.uniform(1.8, 2.6))
    shown = _toned(shown, rng)
    picture = np.asarray(np.rint(np.clip(shown, 0, 1) * 255), np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))]
        picture = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR), np.uint8
        )
    return picture


def _toned(shown: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Contrast around the middle, black level, saturation."""
    contrast, black = rng.uniform(0.75, 1.3), rng.uniform(-0.04, 0.08)
    shown = (shown - np.float32(0.45)) * np.float32(contrast) + np.float32(0.45 + black)
    grey = shown.mean(axis=2, keepdims=True)
    saturation = np.float32(rng.uniform(0.3, 1.5) if rng.random() < 0.9 else 0.0)
    return np.asarray(grey + (shown - grey) * saturation, np.float32)
