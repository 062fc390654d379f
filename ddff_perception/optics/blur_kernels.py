"""Kernels of blur: Gaussian, of straight motion, along any path, of a hand that shakes, of a file.

A kernel is float32 of odd size, sums to 1, and blurs by convolution.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..files.images import read_image
from ..types import AnyImage, FloatArray, InputError

Path2D = NDArray[np.float64]

SHAKE_SAMPLES = 1000
"""Points of time along a path of camera shake."""

# Of the thesis' kernels (after Schuler et al. 2016): length of the covariance as a share of the
# exposure, and standard deviation as a share of the kernel's size.
_CORRELATION, _SPREAD = 0.3, 0.25
_FINEST_PX = 0.3
_TRIES = 100
_LARGEST_KERNEL_PX = 129


def gaussian_kernel(sigma_px: float, size: int = 0) -> FloatArray:
    """Gaussian blur of `size` x `size` (odd; 0: six times its standard deviation)."""
    line = cv2.getGaussianKernel(size or 2 * max(1, round(3 * sigma_px)) + 1, max(sigma_px, 1e-3))
    return np.asarray(line @ line.T, np.float32)


def kernel_from_file(file: str) -> FloatArray:
    """The kernel that a grey image shows; raises InputError where it holds none.

    Kept as long as the file is as it was.
    """
    path = Path(file).expanduser()
    return _kernel_from_file(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=4)
def _kernel_from_file(file: Path, _: int) -> FloatArray:
    image = read_image(file)
    if image.ndim != 2 or max(image.shape) > _LARGEST_KERNEL_PX or not image.any():
        raise InputError(
            f"{file} is no kernel: a grey image up to {_LARGEST_KERNEL_PX} pixels that is not black"
        )
    odd = [n + 1 - n % 2 for n in image.shape]
    kernel = np.zeros(odd, np.float32)
    kernel[: image.shape[0], : image.shape[1]] = image
    kernel /= kernel.sum()
    kernel.flags.writeable = False
    return kernel


def motion_kernel(length_px: float, angle_deg: float) -> FloatArray:
    """Blur of a steady motion over `length_px` at an angle from the x axis towards y down."""
    half = length_px / 2 * np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    steps = np.linspace(-1.0, 1.0, max(3, 2 * round(8 * length_px) + 1))
    return path_kernel(steps[:, None] * half, 2 * round(max(np.abs(half))) + 3)


def path_kernel(points: Path2D, size: int) -> FloatArray:
    """What a point becomes that moves along `points` (N x 2, pixels from the middle, x and y) in
    equal times: `size` x `size`, each point shared by the four pixels about it.

    Raises InputError where the size is even or the path leaves it.
    """
    if size % 2 == 0 or size < 1:
        raise InputError(f"a kernel's size is odd, not {size}")
    where = points + size // 2
    if where.min() < 0 or where.max() > size - 1:
        raise InputError(f"the path leaves a kernel of {size} pixels")
    corner = np.floor(where).astype(int)
    part = where - corner
    kernel = np.zeros((size + 1, size + 1))
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
        np.add.at(kernel, (corner[:, 1] + dy, corner[:, 0] + dx), share)
    kernel = kernel[:size, :size]
    return np.asarray(kernel / kernel.sum(), np.float32)


def shake_path(rng: np.random.Generator, samples: int = SHAKE_SAMPLES) -> Path2D:
    """A path of camera shake in one exposure, `samples` x 2, of standard deviation 1.

    Two independent Gaussian processes with Matern-3/2 covariance (Wieschollek 2017, 6.2.1, after
    Schuler et al., "Learning to deblur", PAMI 2016).
    """
    return np.asarray(_matern_factor(samples) @ rng.standard_normal((samples, 2)))


def shake_kernel(rng: np.random.Generator, size: int) -> FloatArray:
    """A kernel of camera shake of `size` x `size`, its centroid in the middle."""
    for _ in range(_TRIES):
        points = shake_path(rng) * _SPREAD * (size - 1) / 2
        points -= points.mean(axis=0)
        if np.abs(points).max() <= (size - 1) / 2:
            break
    else:
        points *= (size - 1) / 2 / np.abs(points).max()
    kernel = cv2.GaussianBlur(path_kernel(points, size), (3, 3), _FINEST_PX)
    return np.asarray(kernel / kernel.sum(), np.float32)


@lru_cache(maxsize=4)
def _matern_factor(samples: int) -> NDArray[np.float64]:
    times = np.linspace(0.0, 1.0, samples)
    distance = np.sqrt(3.0) * np.abs(times[:, None] - times[None, :]) / _CORRELATION
    covariance = (1.0 + distance) * np.exp(-distance)
    return np.linalg.cholesky(covariance + 1e-9 * np.eye(samples))


def blurred(image: AnyImage, kernel: FloatArray) -> AnyImage:
    """`image` convolved with `kernel`, in its type; the border is mirrored."""
    border = cv2.BORDER_REFLECT_101
    found = cv2.filter2D(image, -1, cv2.flip(kernel, -1), borderType=border)
    return cast(AnyImage, found)


def turning_blur_px(rate_rad_s: NDArray[np.floating], exposure_s: float, focal_px: float) -> float:
    """How far the image's middle moves while the camera turns at `rate_rad_s` (x, y, z of its
    optical frame) for `exposure_s`.
    """
    return float(np.hypot(rate_rad_s[0], rate_rad_s[1]) * exposure_s * focal_px)
