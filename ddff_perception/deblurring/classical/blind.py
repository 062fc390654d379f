"""Blind deconvolution of one frame: the kernel from its own edges, then Wiener's filter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import fft

from ...optics.deconvolution import ImagePlan, wiener
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray
from ..burst import Burst, Deblurred

_FINEST_SIDE, _STEPS = 480, 4
_SHOCK_STEPS, _SHOCK_TIME = 5, 0.25
_TIKHONOV = 5.0
# The result's gradients have to be sparser by this share.
_SPARSER = 0.01
# Edges that count, and parts of a kernel that are noise.
_STRONG, _WEAK = 0.97, 0.25


@dataclass(frozen=True)
class BlindSettings(Settings):
    """Values of `blind`."""

    kernel_px: int = parameter(21, "largest kernel that is looked for", "px", (3, 65))
    noise: float = parameter(
        0.02, "power of the noise as a share of the image's", limits=(1e-6, 10.0)
    )
    guarded: bool = parameter(
        True,
        "leave the image as it is where the result's gradients are not sparser: right for "
        "photographs, too careful for print and drawings",
    )


def blind(burst: Burst, settings: BlindSettings) -> Deblurred:
    """The newest frame by a kernel that is estimated from its own edges: one for all of the image.

    After Cho and Lee, "Fast motion deblurring", SIGGRAPH Asia 2009: edges are predicted by a
    bilateral and a shock filter, the kernel that explains the blurred gradients by them is found in
    closed form, coarse to fine; then Wiener's filter. Single frames say little about their
    blur: for comparison, and for when there is no second frame. Where the result's gradients are
    not sparser than the frame's (Krishnan et al., "Blind deconvolution using a normalized sparsity
    measure", CVPR 2011) the kernel was wrong, or there was no blur: the frame is left untouched
    (`guarded`).
    """
    newest = burst.newest
    made = wiener(newest, estimated_kernel(newest, settings.kernel_px), settings.noise)
    if settings.guarded and _spread(made) > (1.0 - _SPARSER) * _spread(newest):
        return Deblurred(newest, burst, untouched=True)
    return Deblurred(made, burst)


def _spread(image: ImageArray) -> float:
    """L1 norm of the gradients over their L2 norm: small where few are large, whatever the size."""
    values = _grey(image)
    steps = np.concatenate([np.diff(values, axis=axis).ravel() for axis in (0, 1)])
    length = float(np.linalg.norm(steps)) * math.sqrt(steps.size)
    return float(np.abs(steps).sum()) / max(length, 1e-9)


def estimated_kernel(image: ImageArray, size: int) -> FloatArray:
    """The kernel of an image's blur, `size` (made odd) x `size`, sums to 1."""
    full = _grey(image)
    scale = min(1.0, _FINEST_SIDE / max(full.shape))
    size = size | 1
    kernel = np.ones((1, 1), np.float32)
    for level in range(_STEPS - 1, -1, -1):
        factor = scale * 0.6**level
        small = cv2.resize(full, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        own = max(3, round(size * factor)) | 1
        kernel = _resized(kernel, own)
        for _ in range(2):
            kernel = _kernel(np.asarray(small, np.float32), kernel, own)
    return _resized(kernel, size)


def _grey(image: ImageArray) -> FloatArray:
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    return np.multiply(grey, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)


def _kernel(blurred: FloatArray, kernel: FloatArray, size: int) -> FloatArray:
    """One turn: a latent image by the kernel so far, its edges, and the kernel that fits them."""
    plan = ImagePlan(np.rint(blurred.clip(0, 1) * 255).astype(np.uint8), kernel)
    latent = plan.wiener(blurred, 0.02)
    edges = _predicted(latent)
    top, bottom = np.zeros(1, np.complex64), np.zeros(1, np.float32)
    for axis in (0, 1):
        sharp = np.gradient(edges, axis=axis)
        strong = np.abs(sharp) >= np.quantile(np.abs(sharp), _STRONG)
        wanted = fft.rfft2(np.where(strong, sharp, 0).astype(np.float32))
        seen = fft.rfft2(np.gradient(blurred, axis=axis).astype(np.float32))
        top = top + np.conj(wanted) * seen
        bottom = bottom + np.square(np.abs(wanted))
    found = np.fft.fftshift(fft.irfft2(top / (bottom + _TIKHONOV), s=blurred.shape))
    middle, half = [n // 2 for n in blurred.shape], size // 2
    part = found[middle[0] - half : middle[0] + half + 1, middle[1] - half : middle[1] + half + 1]
    part = np.where(part < _WEAK * part.max(), 0, part)
    return _centred(np.asarray(part, np.float32))


def _predicted(latent: FloatArray) -> FloatArray:
    """Edges as they would be without blur: smoothed flat parts, shocks between them."""
    values = np.asarray(cv2.bilateralFilter(latent, 5, 0.1, 2.0), np.float32)
    for _ in range(_SHOCK_STEPS):
        dx, dy = cv2.Sobel(values, -1, 1, 0, scale=0.125), cv2.Sobel(values, -1, 0, 1, scale=0.125)
        change = np.sign(cv2.Laplacian(values, -1)) * np.hypot(dx, dy)
        values = np.asarray(values - _SHOCK_TIME * change, np.float32)
    return values


def _resized(kernel: FloatArray, size: int) -> FloatArray:
    resized = cv2.resize(kernel, (size, size), interpolation=cv2.INTER_LINEAR)
    return _centred(np.asarray(np.maximum(resized, 0), np.float32))


def _centred(kernel: FloatArray) -> FloatArray:
    """The kernel with its centroid in the middle, summing to 1; a point where there is nothing."""
    total = float(kernel.sum())
    if not total > 0:
        point = np.zeros_like(kernel)
        point[kernel.shape[0] // 2, kernel.shape[1] // 2] = 1
        return point
    rows, columns = np.indices(kernel.shape)
    shift = [
        kernel.shape[1] // 2 - float((columns * kernel).sum()) / total,
        kernel.shape[0] // 2 - float((rows * kernel).sum()) / total,
    ]
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    moved = np.maximum(cv2.warpAffine(kernel, matrix, kernel.shape[::-1]), 0)
    return np.asarray(moved / max(float(moved.sum()), 1e-9), np.float32)
