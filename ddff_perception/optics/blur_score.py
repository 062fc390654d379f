"""How blurred an image is, from the image alone."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ..types import ImageArray

_REACH = 11
_LONGEST = 1280
# Mean step between neighbours in 0..1 under which there is nothing to measure.
_LEAST_STEP = 5e-4


def blur_score(image: ImageArray) -> float:
    """0 (sharp) to 1 (blurred), NaN where there is nothing to see; H x W or H x W x 3.

    How much of the steps between neighbours another blur leaves, in the direction that it changes
    least: Crete et al., "The blur effect: perception and estimation with a new no-reference
    perceptual blur metric", SPIE 6492 (2007). It does not depend on contrast; noise lowers it.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    scale = _LONGEST / max(grey.shape)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    values = np.multiply(grey, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)
    values = np.asarray(cv2.GaussianBlur(values, (3, 3), 0.6))
    scores = [_along(values, (_REACH, 1), 1), _along(values, (1, _REACH), 0)]
    return max((s for s in scores if not math.isnan(s)), default=math.nan)


def _along(values: np.ndarray, window: tuple[int, int], axis: int) -> float:  # type: ignore[type-arg]
    smooth = cv2.blur(values, window)
    before, after = np.abs(np.diff(values, axis=axis)), np.abs(np.diff(smooth, axis=axis))
    total = float(before.sum(dtype=np.float64))
    if total < _LEAST_STEP * before.size:
        return math.nan
    gone = float(np.maximum(before - after, 0, out=before).sum(dtype=np.float64))
    return 1.0 - gone / total
