"""The noise of a plane, by frequency and by brightness, from its smoothest blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...optics.cosine_blocks import COEFFICIENTS, ORDERS, SIDE, BlockGrid
from ...types import FloatArray

# Share of the blocks that are taken for smooth, how many of them and of all at least.
_SMOOTH, _FEWEST, _LEAST = 0.08, 12, 48
# Noise is alike in all smooth blocks of one brightness: of the energy in the finer frequencies the
# second of these quantiles is no more than so many times the first. Fine texture is not.
_EVEN, _MOST_UNEVEN, _MIDDLE, _PARTS = (0.05, 0.25), 1.9, 6, 4
_BINS = 8
_IN_COLOUR, _GREY = 0.6, 1e-5
# Frequencies up to here hold shading; from there on what is left in smooth blocks is noise.
_SHADED, _FINE = 3, 8
# Demosaicking and JPEG make noise coarser, by no more than this.
_COARSER = 2.5
_CURVE_LIMITS = (0.25, 4.0)
_BLACK, _WHITE = 1.5 / 255, 253.5 / 255
# A median of squared Gaussians, of one.
_MEDIAN_OF_SQUARES = 0.4549
_GRID = (SIDE, SIDE)
_HALVES = (ORDERS % 2 == 0, ORDERS % 2 == 1)


@dataclass(frozen=True)
class NoiseProfile:
    """Noise of a plane whose range is 0..1.

    `spectrum`: 64 standard deviations, one per cosine coefficient. `at`, `factor`: brightness and
    how much stronger than that the noise is there.
    """

    spectrum: FloatArray
    at: FloatArray
    factor: FloatArray

    @property
    def level(self) -> float:
        """Standard deviation of a pixel's noise in 0..1, over the frequencies."""
        return float(np.sqrt(np.mean(np.square(self.spectrum[1:]))))

    def stronger(self, brightness: FloatArray) -> FloatArray:
        """The factor at these brightnesses, of their shape."""
        return np.interp(brightness, self.at, self.factor).astype(np.float32)

    def scaled(self, by: float) -> NoiseProfile:
        """The same noise, `by` times as strong."""
        return NoiseProfile(self.spectrum * np.float32(by), self.at, self.factor)

    @classmethod
    def white(cls, sigma: float) -> NoiseProfile:
        """White noise of that standard deviation at any brightness."""
        ends = np.array([0.0, 1.0], np.float32)
        return cls(np.full(COEFFICIENTS, sigma, np.float32), ends, np.ones(2, np.float32))


def noise_profiles(planes: Sequence[FloatArray]) -> tuple[NoiseProfile, ...]:
    """The noise of brightness in 0..1 and, of colour, of its other planes, each H x W.

    The median of squared coefficients (MAD: Donoho and Johnstone, "Ideal spatial adaptation by
    wavelet shrinkage", 1994) of the smoothest blocks. Which these are is told by one half of the
    frequencies, their noise by the other: the smoothest by chance are not taken for less noise.
    Blocks that touch black or white are left out; without others there is no noise to be seen, and
    none can be told where even the smoothest blocks differ much in brightness: that is texture, and
    so it is in colour.
    """
    none = (NoiseProfile.white(0.0),) * len(planes)
    grids = [BlockGrid(plane) for plane in planes]
    pixels = grids[0].pixels(_GRID)
    level = pixels @ np.full(COEFFICIENTS, 1 / COEFFICIENTS, np.float32)
    usable = (pixels.min(axis=1) > _BLACK) & (pixels.max(axis=1) < _WHITE)
    if usable.sum() < _LEAST:
        return none
    level = level[usable]
    power = np.square(grids[0].coefficients(_GRID)[usable])
    if not _even(power, level):
        return none
    first = _profile(power, level)
    if first.level <= 0:
        return none
    powers = (np.square(grid.coefficients(_GRID)[usable]) for grid in grids[1:])
    others = [_profile(own, level) for own in powers]
    most = max((one.level for one in others), default=0.0)
    # Even the smoothest blocks may be full of texture, which is of one colour; noise is not, and as
    # strong there. An image that has no colour at all says nothing.
    if _GREY < most < _IN_COLOUR * first.level:
        first = first.scaled(most / first.level)
    return first, *others


def _profile(power: FloatArray, level: FloatArray) -> NoiseProfile:
    """Of the squared coefficients of blocks, N x 64, and their brightness."""
    variance = np.zeros(COEFFICIENTS, np.float32)
    for chosen, told in (_HALVES, _HALVES[::-1]):
        smooth = _smoothest(power, chosen)
        variance[told] = np.median(power[smooth][:, told], axis=0) / _MEDIAN_OF_SQUARES
    fine = float(np.median(variance[ORDERS >= _FINE]))
    middle = float(np.median(variance[(ORDERS > _SHADED) & (ORDERS < _FINE)]))
    variance[ORDERS <= _SHADED] = max(fine, middle)
    spectrum = np.sqrt(np.clip(variance, 0.0, _COARSER**2 * fine))
    at, factor = _by_brightness(power, level, fine)
    return NoiseProfile(spectrum.astype(np.float32), at, factor)


def _even(power: FloatArray, level: FloatArray) -> bool:
    """Whether the smoothest blocks of each brightness are alike: noise, not texture."""
    energy = power[:, ORDERS >= _MIDDLE].sum(axis=1)
    parts = np.array_split(np.argsort(level), max(1, min(_PARTS, len(level) // (4 * _FEWEST))))
    ends = np.array([np.quantile(energy[part], _EVEN) for part in parts])
    return bool(np.median(ends[:, 1] / np.maximum(ends[:, 0], 1e-12)) <= _MOST_UNEVEN)


def _smoothest(power: FloatArray, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The blocks of least power in the `chosen` frequencies, but for the shading."""
    activity = power[:, chosen & (ORDERS > 1)].sum(axis=1)
    count = min(len(power), max(_FEWEST, round(_SMOOTH * len(power))))
    return np.argpartition(activity, count - 1)[:count]


def _by_brightness(
    power: FloatArray, level: FloatArray, fine: float
) -> tuple[FloatArray, FloatArray]:
    """How much stronger noise is at some brightnesses than `fine`, the variance over all."""
    at, factor = [], []
    edges = np.quantile(level, np.linspace(0, 1, _BINS + 1))
    for low, high in pairwise(edges):
        inside = np.flatnonzero((level >= low) & (level <= high))
        if len(inside) < 2 * _FEWEST or fine <= 0:
            continue
        smooth = inside[_smoothest(power[inside], ORDERS < _FINE)]
        own = float(np.median(power[smooth][:, ORDERS >= _FINE])) / _MEDIAN_OF_SQUARES
        at.append(float(level[smooth].mean()))
        factor.append(float(np.clip(np.sqrt(own / fine), *_CURVE_LIMITS)))
    if not at:
        return np.array([0.0, 1.0], np.float32), np.ones(2, np.float32)
    order = np.argsort(at)
    return np.asarray(at, np.float32)[order], np.asarray(factor, np.float32)[order]
