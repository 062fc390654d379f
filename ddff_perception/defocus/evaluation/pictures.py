"""The defocus map as a picture."""

from __future__ import annotations

import numpy as np

from ...evaluation.reports.blocks import ColorScale, Picture
from ...types import FloatArray, ImageArray

# Before the plane in focus, in it, and behind it: B, G, R.
_NEAR, _FOCUS, _FAR = (40, 80, 220), (245, 245, 245), (200, 110, 40)
_UNKNOWN = (128, 128, 128)


def widest(defocus: FloatArray) -> float:
    """The disc in px that the colours end at."""
    size = np.abs(defocus[np.isfinite(defocus)])
    return max(1.0, float(np.percentile(size, 98))) if size.size else 1.0


def colorize_defocus(defocus: FloatArray, end_px: float | None = None) -> ImageArray:
    """Red before the plane in focus, white in it, blue behind it, grey unknown: H x W x 3 BGR."""
    share = np.clip(defocus / (end_px or widest(defocus)), -1.0, 1.0)
    known = np.isfinite(share)
    share = np.where(known, share, 0.0)[..., None]
    near, focus, far = (np.array(colour, np.float32) for colour in (_NEAR, _FOCUS, _FAR))
    colour = focus + np.abs(share) * (np.where(share < 0, near, far) - focus)
    colour[~known] = _UNKNOWN
    return np.asarray(np.rint(colour), np.uint8)


def defocus_picture(defocus: FloatArray) -> Picture:
    """The map with its scale."""
    end = widest(defocus)
    stops = [f"#{r:02x}{g:02x}{b:02x}" for b, g, r in (_NEAR, _FOCUS, _FAR)]
    marks = [(0.0, f"-{end:.2g} px, before"), (0.5, "in focus"), (1.0, f"{end:.2g} px, behind")]
    return Picture(colorize_defocus(defocus, end), "Defocus", scale=ColorScale(stops, marks, False))
