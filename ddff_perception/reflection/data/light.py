"""The light on both sides of a surface: two pictures, their dynamic range, abrupt reflections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, LayerPair

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class LightSettings:
    """`dynamic_range` (DR): brightness of the reflected layer over the transmitted one is drawn
    up to this factor and down to its inverse, on a logarithmic scale; 1 leaves both as they are.
    The paper draws beta in 1..K and scales by beta and 1 / beta: that is 1..K^2, the bright half
    of it. `abrupt`: share of samples of which one layer is zero where it is dim. `dark`: share
    in which one layer is almost nothing.
    """

    dynamic_range: float = 6.0
    abrupt: float = 0.15
    dark: float = 0.03


def layers_of_light(
    rng: Rng,
    pictures: Sequence[NDArray[np.generic]],
    size: int,
    grey: bool,
    settings: LightSettings,
) -> LayerPair:
    """Radiance behind and before the surface, each size x size (`grey`) or size x size x 3,
    linear.
    """
    first, second = rng.choice(len(pictures), 2, replace=len(pictures) < 2)
    weights = rng.dirichlet([2, 2, 2]).astype(np.float32) if grey else None
    behind, before = (_view(rng, pictures[i], size, weights) for i in (first, second))
    if settings.dynamic_range > 1:
        most = np.log(settings.dynamic_range)
        ratio = np.float32(np.exp(rng.uniform(-most, most)))
        behind, before = behind / np.sqrt(ratio), before * np.sqrt(ratio)
    if rng.random() < settings.abrupt:
        limit = float(np.mean(behind + before)) * rng.uniform(0.5, 1.0)
        if rng.random() < 0.7:
            before = _without_dim(before, limit)
        else:
            behind = _without_dim(behind, limit)
    if rng.random() < settings.dark:
        if rng.random() < 0.5:
            before = before * np.float32(0.02)
        else:
            behind = behind * np.float32(0.02)
    return LayerPair(behind, before)


def _without_dim(layer: FloatArray, limit: float) -> FloatArray:
    """Zero where the mean over the channels is below `limit` (the paper's abrupt reflections)."""
    intensity = layer if layer.ndim == 2 else layer.mean(axis=2, keepdims=True)
    return np.asarray(layer * (intensity >= limit), np.float32)


def _view(
    rng: Rng, picture: NDArray[np.generic], size: int, weights: FloatArray | None
) -> FloatArray:
    """A random part of `picture`, turned, mirrored, at 0.6 to 2 times its scale, sometimes out of
    focus, with light that varies over it; its brightest values are about 1. `weights` of the
    channels make it grey.
    """
    height, width = picture.shape[:2]
    edge = int(np.clip(size / rng.uniform(0.6, 2.0), 16, min(height, width)))
    y, x = int(rng.integers(height - edge + 1)), int(rng.integers(width - edge + 1))
    part = np.rot90(picture[y : y + edge, x : x + edge], int(rng.integers(4)))
    if rng.random() < 0.5:
        part = part[:, ::-1]
    part = np.ascontiguousarray(part, np.float32)
    if weights is not None:
        part = np.asarray(part @ weights, np.float32)
    inter = cv2.INTER_AREA if edge > size else cv2.INTER_LINEAR
    view = cv2.resize(part, (size, size), interpolation=inter)
    if rng.random() < 0.3:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.5, 4.0))
    if rng.random() < 0.4:
        lamps = rng.uniform(0.25, 1.0, (3, 3)).astype(np.float32)
        light = cv2.resize(lamps, (size, size), interpolation=cv2.INTER_CUBIC)
        view = view * (light if view.ndim == 2 else light[..., None])
    if rng.random() < 0.3:
        view = np.power(np.maximum(view, 0), np.float32(rng.uniform(0.7, 1.6)))
    return np.asarray(view / max(float(np.quantile(view[::4, ::4], 0.99)), 1e-3), np.float32)
