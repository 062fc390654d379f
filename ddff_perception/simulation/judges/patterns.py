"""Procedural surfaces of the judges: none of them is one of `optics.textures`."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

Pattern = NDArray[np.float32]
"""H x W x 3 linear RGB reflectance."""

_SIZE = 320
_LOWEST, _HIGHEST = 0.03, 0.88


def spectral(rng: np.random.Generator, size: int, exponent: float) -> NDArray[np.float64]:
    """Noise whose amplitude falls with the frequency to the power `exponent`: size x size of
    standard deviation 1, the same at opposite edges.
    """
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    phase = np.exp(2j * np.pi * rng.random(frequency.shape))
    noise = np.fft.irfft2(phase * frequency**-exponent, s=(size, size))
    return np.asarray(noise / noise.std())


def labyrinth(rng: np.random.Generator) -> Pattern:
    """Winding stripes of two colours: noise of one narrow band, cut at zero."""
    noise = spectral(rng, _SIZE, 0.0)
    fine, coarse = (gaussian_filter(noise, sigma, mode="wrap") for sigma in (2, 5))
    band = (fine - coarse) / (fine - coarse).std()
    return _between(rng, 0.5 + 0.5 * np.tanh(3 * band))


def cells(rng: np.random.Generator) -> Pattern:
    """Terrazzo: the cells around random points, each of its colour, with dark joints."""
    points = rng.random((int(rng.integers(60, 300)), 2)) * _SIZE
    y, x = np.mgrid[:_SIZE, :_SIZE]
    tree = cKDTree(points, boxsize=_SIZE)
    distance, nearest = tree.query(np.stack([y.ravel(), x.ravel()], axis=1), k=2)
    colours = np.stack([_colour(rng) for _ in range(7)])[rng.integers(7, size=len(points))]
    joint = np.clip((distance[:, 1] - distance[:, 0]) / 4, 0.2, 1)
    shown = colours[nearest[:, 0]] * joint[:, None]
    return _clipped(shown.reshape(_SIZE, _SIZE, 3))


def arcs(rng: np.random.Generator) -> Pattern:
    """Truchet's tiling: quarter circles that join at random."""
    tile = _SIZE // int(rng.choice([5, 8, 10]))
    y, x = (np.mgrid[:tile, :tile] + 0.5) / tile
    near, far = np.hypot(x, y), np.hypot(1 - x, 1 - y)
    one = np.clip(12 * (0.13 - np.minimum(abs(near - 0.5), abs(far - 0.5))), 0, 1)
    count = _SIZE // tile
    rows = [
        np.hstack([one if rng.random() < 0.5 else one[:, ::-1] for _ in range(count)])
        for _ in range(count)
    ]
    return _between(rng, np.vstack(rows))


def clouds(rng: np.random.Generator) -> Pattern:
    """Marble: soft noise of all scales in three colours."""
    weights = np.stack([spectral(rng, _SIZE, 1.3) for _ in range(3)], axis=2)
    weights = np.exp(1.5 * weights)
    weights /= weights.sum(axis=2, keepdims=True)
    return _clipped(weights @ np.stack([_colour(rng) for _ in range(3)]))


def strokes(rng: np.random.Generator) -> Pattern:
    """Hatching: thin lines of all directions and greys."""
    image = np.full((_SIZE, _SIZE, 3), _colour(rng))
    for _ in range(int(rng.integers(150, 500))):
        start, step = rng.uniform(0, _SIZE, 2), rng.normal(0, _SIZE / 6, 2)
        first, last = ([round(float(v)) for v in end] for end in (start, start + step))
        cv2.line(image, first, last, _colour(rng).tolist(), int(rng.integers(1, 4)), cv2.LINE_AA)
    return _clipped(image)


def ripples(rng: np.random.Generator) -> Pattern:
    """Rings around some points, laid over each other."""
    y, x = np.mgrid[:_SIZE, :_SIZE] / _SIZE
    height = np.zeros((_SIZE, _SIZE))
    for _ in range(3):
        a, b = rng.random(2)
        height += np.sin(2 * np.pi * rng.uniform(8, 22) * np.hypot(x - a, y - b))
    return _between(rng, 0.5 + 0.5 * np.tanh(height))


PATTERNS: dict[str, Callable[[np.random.Generator], Pattern]] = {
    "labyrinth": labyrinth,
    "cells": cells,
    "arcs": arcs,
    "clouds": clouds,
    "strokes": strokes,
    "ripples": ripples,
}


def _colour(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(rng.uniform(0.05, 0.85) * rng.uniform(0.5, 1.0, 3))


def _between(rng: np.random.Generator, share: NDArray[np.float64]) -> Pattern:
    """Two colours mixed by `share` (H, W) 0..1, the one much lighter than the other."""
    dark, light = 0.3 * _colour(rng), 0.4 + 0.5 * _colour(rng)
    return _clipped(dark + share[..., None] * (light - dark))


def _clipped(image: NDArray[np.floating]) -> Pattern:
    return np.asarray(np.clip(image, _LOWEST, _HIGHEST), np.float32)
