"""How blurred the edges of an image are: the ratio of two Gaussian re-blurs.

Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011): a step
blurred by a Gaussian of deviation s, blurred again by s1, has at its place a gradient in proportion
to 1 / sqrt(s^2 + s1^2). Two re-blurs s1 < s2 give with R = |grad_1| / |grad_2|

    s^2 = (s2^2 - R^2 s1^2) / (R^2 - 1)

Two re-blurs in place of one and none keep noise out. A lens blurs by a disc, not by a Gaussian: the
diameter belongs to each ratio that a step blurred by such a disc has, taken from a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

# The re-blurs for fine and for coarse blur, and the disc at which one takes over.
_FINE, _COARSE, _CHANGE_PX = (1.0, 2.0), (2.0, 4.0), 7.0
# Edges are strong enough at so many deviations of the noise left in their gradient.
_NOISE_FACTOR = 5.0
_LEAST_GRADIENT = 0.006
_WIDEST_PX = 32.0
_FAINT, _WIDE_PX = 0.15, 10.0
# Of what edges measure, in px, and that times the gradient: rendered scenes through lenses.
_LEAST_SPREAD, _FAINT_SPREAD = 0.6, 0.05


@dataclass(frozen=True, slots=True)
class EdgeBlur:
    """`rows`, `columns`: (N,) of the edges' pixels; `disc_px`: (N,) float32, diameter of the disc
    that they are blurred by; `weight`: (N,) float32 in 0..1, how much that can be trusted;
    `gradient`: (N, 2) float32, along x and y, after the first re-blur; `spread_px`: (N,) float32,
    within which half of such edges measure the same disc.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    disc_px: FloatArray
    weight: FloatArray
    gradient: FloatArray
    spread_px: FloatArray


def edge_blur(image: FloatArray, residual_px: float = 0.0) -> EdgeBlur:
    """The blur of the edges of `image`, H x W float32 in 0..1.

    `residual_px`: the disc that the camera blurs what is in focus by, taken away in squares.
    """
    fine = [_gradient(image, deviation) for deviation in _FINE]
    coarse = [fine[1], _gradient(image, _COARSE[1])]
    length = [np.hypot(*planes) for planes in (*fine, coarse[1])]
    noise = _noise(image)
    least = max(_LEAST_GRADIENT, _NOISE_FACTOR * noise * _gradient_noise(_FINE[1]))
    rows, columns = np.nonzero(_ridge(length[1], fine[1]) & (length[1] > least))
    at = [values[rows, columns] for values in length]
    small, large = _disc(at[0], at[1], _FINE), _disc(at[1], at[2], _COARSE)
    share = np.clip(0.5 * (large - _CHANGE_PX) + 0.5, 0.0, 1.0)
    disc = (1.0 - share) * small + share * large
    disc = np.sqrt(np.maximum(np.square(disc) - residual_px**2, 0.0))
    trust = _trust([planes[..., rows, columns] for planes in (*fine, coarse[1])], share)
    # What is wide and faint is shading as often as blur.
    weight = trust * np.square(at[1] / (at[1] + _FAINT)) / (1.0 + np.square(disc / _WIDE_PX))
    gradient = np.stack([plane[rows, columns] for plane in fine[0]], axis=1)
    # Faint edges are shading and texture, and what turns from re-blur to re-blur is not alone.
    spread = _LEAST_SPREAD + _FAINT_SPREAD / at[1] * (2.0 - trust)
    values = disc, weight, gradient, spread
    return EdgeBlur(rows, columns, *(np.asarray(value, np.float32) for value in values))


def _gradient(image: FloatArray, deviation: float) -> FloatArray:
    """2 x H x W: along x and y, after a Gaussian of `deviation`."""
    smooth, slope = _kernels(deviation)
    along_x = cv2.sepFilter2D(image, cv2.CV_32F, slope, smooth, borderType=cv2.BORDER_REFLECT_101)
    along_y = cv2.sepFilter2D(image, cv2.CV_32F, smooth, slope, borderType=cv2.BORDER_REFLECT_101)
    return np.stack([along_x, along_y])


@lru_cache(maxsize=8)
def _kernels(deviation: float) -> tuple[FloatArray, FloatArray]:
    """A Gaussian and its slope."""
    reach = round(3.0 * deviation)
    x = np.arange(-reach, reach + 1)
    smooth = np.exp(-0.5 * np.square(x / deviation))
    smooth = smooth / smooth.sum()
    slope = x * smooth
    slope = slope / (x * slope).sum()
    return smooth.astype(np.float32), slope.astype(np.float32)


@lru_cache(maxsize=8)
def _gradient_noise(deviation: float) -> float:
    """Deviation of a gradient's length for white noise of deviation 1."""
    smooth, slope = _kernels(deviation)
    return float(np.sqrt(2.0 * np.square(smooth).sum() * np.square(slope).sum()))


def _noise(image: FloatArray) -> float:
    """Deviation of white noise (Immerkaer, "Fast noise variance estimation", CVIU 64, 1996), by
    the median so that texture does not count.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.median(np.abs(cv2.filter2D(image, cv2.CV_32F, kernel)))) / (6.0 * 0.6745)


def _ridge(length: FloatArray, gradient: FloatArray) -> NDArray[np.bool_]:
    """Where the gradient is no smaller than on either side along itself (to eight directions)."""
    x, y = gradient
    steep, level = np.abs(y) > 2.414 * np.abs(x), np.abs(x) > 2.414 * np.abs(y)
    wide = np.pad(length, 1, constant_values=np.inf)
    higher = {
        step: np.maximum(_moved(wide, step), _moved(wide, (-step[0], -step[1])))
        for step in ((0, 1), (1, 0), (1, 1), (1, -1))
    }
    slant = np.where(x * y > 0, higher[1, 1], higher[1, -1])
    around = np.where(level, higher[0, 1], np.where(steep, higher[1, 0], slant))
    return np.asarray(length >= around)


def _moved(wide: FloatArray, step: tuple[int, int]) -> FloatArray:
    rows, columns = wide.shape
    dy, dx = step
    return wide[1 + dy : rows - 1 + dy, 1 + dx : columns - 1 + dx]


def _disc(first: FloatArray, second: FloatArray, reblurs: tuple[float, float]) -> FloatArray:
    """Diameters by the gradients after the two re-blurs; 0 where an edge is sharper than any."""
    ratios, discs = _ratios(reblurs)
    found = np.interp(first / np.maximum(second, 1e-9), ratios, discs)
    return np.asarray(found, np.float32)


@lru_cache(maxsize=4)
def _ratios(reblurs: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Ratios of the gradients in the middle of a step, ascending, and the discs that they have."""
    discs = np.linspace(_WIDEST_PX, 0.0, 161)
    # Across a step a disc spreads as far as it is high at each place.
    place = (np.arange(400) + 0.5) / 400
    height = np.sqrt(1.0 - np.square(place))
    away = 0.5 * discs[:, None] * place
    peaks = [(height * np.exp(-0.5 * np.square(away / s))).sum(axis=1) / s for s in reblurs]
    return np.asarray(peaks[0] / peaks[1], np.float32), np.asarray(discs, np.float32)


def _trust(gradients: list[FloatArray], share: FloatArray) -> FloatArray:
    """1 where the gradient keeps its direction from re-blur to re-blur: an edge by itself."""
    first, second, third = gradients

    def along(a: FloatArray, b: FloatArray) -> FloatArray:
        length = np.hypot(*a) * np.hypot(*b)
        cosine = (a * b).sum(axis=0) / np.maximum(length, 1e-12)
        return np.asarray(np.clip(10.0 * cosine - 9.0, 0.0, 1.0), np.float32)

    return along(first, second) * (1.0 - share + share * along(second, third))
