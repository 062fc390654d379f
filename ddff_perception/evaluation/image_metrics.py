"""How near an image is to the true one: RMSE, PSNR and SSIM.

Values are linear or not as they come, 1 is full range. PSNR is against that range, so that dark
layers are not rewarded. SSIM: Wang et al., "Image quality assessment: from error visibility to
structural similarity", IEEE TIP 2004, with their Gaussian window of 11 pixels and K1, K2; of
colour images the mean over the channels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ..types import AnyImage, FloatArray, InputError

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


@dataclass(frozen=True, slots=True)
class ImageScores:
    """Errors of one image, or their means over `images` of them. `psnr_db` is +inf for equal
    images; the mean of PSNRs is the mean of their decibels.
    """

    rmse: float
    psnr_db: float
    ssim: float
    images: int = 1


def unit_image(image: AnyImage) -> FloatArray:
    """`image` in float32, 1 as full range of its type; floats as they are."""
    if image.dtype == np.float32:
        return np.asarray(image, np.float32)
    full_range = np.iinfo(image.dtype.name).max
    return np.asarray(np.multiply(image, 1.0 / full_range, dtype=np.float32))


def image_scores(estimate: FloatArray, truth: FloatArray) -> ImageScores:
    """The scores of `estimate` against `truth`, both H x W or H x W x 3 float32.

    Raises InputError where their sizes differ.
    """
    if estimate.shape != truth.shape:
        raise InputError(f"the layer is {estimate.shape}, the true one {truth.shape}")
    mse = float(np.mean(np.square(estimate - truth), dtype=np.float64))
    psnr = math.inf if mse == 0.0 else -10.0 * math.log10(mse)
    return ImageScores(math.sqrt(mse), psnr, _ssim(estimate, truth))


def mean_scores(scores: list[ImageScores]) -> ImageScores | None:
    """The means over several images, None without any."""
    if not scores:
        return None
    rows = np.array([(s.rmse, s.psnr_db, s.ssim) for s in scores])
    rmse, psnr, ssim = rows.mean(axis=0).tolist()
    return ImageScores(rmse, psnr, ssim, sum(s.images for s in scores))


def _ssim(first: FloatArray, second: FloatArray) -> float:
    """Without the border of half a window, as the authors' code has it."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    mean_a, mean_b = _blurred(a), _blurred(b)
    variance_a = _blurred(a * a) - mean_a**2
    variance_b = _blurred(b * b) - mean_b**2
    covariance = _blurred(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_a + variance_b + _C2)
    half = _WINDOW // 2
    values = luminance * structure
    inside = values[half:-half, half:-half]
    return float(np.mean(inside if inside.size else values))


def _blurred(values: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA))
