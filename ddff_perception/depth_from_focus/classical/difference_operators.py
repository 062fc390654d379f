"""Finite differences of an image with Neumann borders, and the two solvers that rest on them."""

from __future__ import annotations

import os

import cv2
import numpy as np
from scipy import fft

from ...types import FloatArray

_WORKERS = min(4, os.cpu_count() or 1)


def gradient(values: FloatArray) -> FloatArray:
    """Forward differences, 2 x H x W (along x, along y) of H x W; zero beyond the border."""
    result = np.zeros((2, *values.shape), np.float32)
    np.subtract(values[:, 1:], values[:, :-1], out=result[0, :, :-1])
    np.subtract(values[1:], values[:-1], out=result[1, :-1])
    return result


def divergence(field: FloatArray) -> FloatArray:
    """The negative adjoint of `gradient`: H x W of 2 x H x W."""
    result = np.zeros(field.shape[1:], np.float32)
    result[:, :-1] += field[0, :, :-1]
    result[:, 1:] -= field[0, :, :-1]
    result[:-1] += field[1, :-1]
    result[1:] -= field[1, :-1]
    return result


def magnitude(field: FloatArray) -> FloatArray:
    """Length of the vectors of a 2 x H x W field."""
    length: FloatArray = np.square(field[0])
    length += np.square(field[1])
    return np.sqrt(length, out=length)


def total_variation(values: FloatArray) -> float:
    """Isotropic total variation: the sum of the gradient's length over all pixels."""
    return float(magnitude(gradient(values)).sum(dtype=np.float64))


def shrink(field: FloatArray, amount: float) -> FloatArray:
    """Vectors of a 2 x H x W field shortened by `amount`, to zero where they are shorter.

    The proximal operator of amount x (sum of lengths).
    """
    length = np.maximum(magnitude(field), np.float32(1e-12))
    return field * np.maximum(np.float32(0), 1 - np.float32(amount) / length)


class ScreenedPoisson:
    """Solves (I - weight ∆) u = rhs with Neumann borders, exactly, by cosine transform.

    The type II cosine transform diagonalises the Laplacian of `gradient` and `divergence`.
    """

    def __init__(self, height: int, width: int) -> None:
        down = 2 - 2 * np.cos(np.pi * np.arange(height) / height)
        across = 2 - 2 * np.cos(np.pi * np.arange(width) / width)
        self._eigenvalues = (down[:, None] + across[None, :]).astype(np.float32)

    def solve(self, rhs: FloatArray, weight: float) -> FloatArray:
        """The solution u for a right side of H x W float32 and `weight` >= 0."""
        spectrum = fft.dctn(rhs, type=2, norm="ortho", workers=_WORKERS)
        spectrum /= 1 + np.float32(weight) * self._eigenvalues
        solution = fft.idctn(spectrum, type=2, norm="ortho", workers=_WORKERS, overwrite_x=True)
        return np.asarray(solution, dtype=np.float32)


def weighted_fill(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Smooth map that keeps `values` where `weights` are large and interpolates where they are 0.

    Push-pull over an image pyramid (Gortler et al., 'The lumigraph', SIGGRAPH 1996): each level
    takes from the next coarser one what its own weights leave open. H x W float32; weights in
    0..1. Zero everywhere where no pixel has any weight.
    """
    height, width = values.shape
    weighted = values * weights
    if min(height, width) <= 1:
        total = weights.sum()
        mean = weighted.sum() / total if total > 0 else 0.0
        return np.full_like(values, mean)
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse_weights = _resize(weights, size, cv2.INTER_AREA)
    coarse_values = _resize(weighted, size, cv2.INTER_AREA)
    coarse_values /= np.maximum(coarse_weights, np.float32(1e-9))
    # Four weak pixels together are worth one that is four times as strong.
    below = weighted_fill(coarse_values, np.minimum(coarse_weights * 4, np.float32(1)))
    return weighted + (1 - weights) * _resize(below, (width, height), cv2.INTER_LINEAR)


def _resize(values: FloatArray, size: tuple[int, int], interpolation: int) -> FloatArray:
    return np.asarray(cv2.resize(values, size, interpolation=interpolation), dtype=np.float32)
