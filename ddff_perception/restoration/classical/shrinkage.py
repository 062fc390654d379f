"""Noise and JPEG undone by shrinking cosine coefficients in overlapping blocks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from ...optics.cosine_blocks import COEFFICIENTS, BlockGrid
from ...optics.jpeg_tables import rounding_steps
from ...types import FloatArray
from ..estimation.jpeg import Compression
from ..estimation.noise import NoiseProfile

THRESHOLD = 2.7
"""A coefficient under so many standard deviations of the noise is noise."""
# Four grids whose blocks overlap by half; relative to JPEG's, none lies on it.
_SHIFTS = ((2, 2), (2, 6), (6, 2), (6, 6))
# Detail that is as weak as noise, and dropped with it, as a share of the noise's power.
_DETAIL = 0.1
# Of the rounding of a coefficient by a step, the standard deviation, as a share of the step.
_ROUNDED = 0.1
# Colour has half of the pixels each way and a coarser table: of what JPEG left there, against this.
_COLOUR_COARSER = np.float32(2)
# How far a coefficient may leave what it was rounded to, as a share of the step.
_ROOM = 0.25


def jpeg_spectrum(quality: int) -> FloatArray:
    """Standard deviations, in 0..1, of what JPEG of that quality does to 64 coefficients."""
    return rounding_steps(quality).ravel() * np.float32(_ROUNDED / 255)


def within_rounding(
    found: FloatArray, raw: FloatArray, quality: int, corner: tuple[int, int]
) -> FloatArray:
    """`found`, but no coefficient of JPEG's own grid further than a quarter of its step from `raw`.

    Park and Lee, "Theory of projection onto the narrow quantization constraint set and its
    application", IEEE TIP 8 (1999).
    """
    room = jpeg_spectrum(quality) * (_ROOM / _ROUNDED)
    grid = BlockGrid(found - raw)
    change = np.clip(grid.coefficients(corner), -room, room)
    return raw + grid.plane(corner, change)


def with_jpeg(noise: NoiseProfile, packed: Compression, colour: bool) -> NoiseProfile:
    """The noise of a plane, and beside it what JPEG left."""
    if packed.quality >= 100:
        return noise
    left = jpeg_spectrum(packed.quality) * (_COLOUR_COARSER if colour else 1)
    both = np.hypot(noise.spectrum, left)
    return NoiseProfile(both, noise.at, noise.factor)


def shrunken(
    planes: Sequence[FloatArray],
    noise: Sequence[NoiseProfile],
    corner: tuple[int, int] = (0, 0),
    limit: float = THRESHOLD,
) -> tuple[list[FloatArray], FloatArray]:
    """The planes without noise, and the standard deviation of what is left of it in the first.

    Coefficients under `limit` standard deviations are taken for noise, in blocks of 8 x 8 that
    overlap by half: Yu and Sapiro, "DCT image denoising: a simple and effective image denoising
    algorithm", IPOL 1 (2011); blocks that keep less count more (Dabov et al., BM3D, IEEE TIP 2007,
    eq. 10). `corner`: of a JPEG's grid.
    """
    bright = BlockGrid(planes[0])
    shifts = [((corner[0] + down) % 8, (corner[1] + across) % 8) for down, across in _SHIFTS]
    # One task per grid; summed in their order, so that the same image gives the same pixels.
    with ThreadPoolExecutor(2) as pool:
        levels = list(pool.map(lambda shift: bright.pixels(shift).mean(axis=1), shifts))
        found, left = [], np.zeros(planes[0].shape, np.float32)
        for number, (plane, profile) in enumerate(zip(planes, noise, strict=True)):
            if profile.level <= 0:
                found.append(plane)
                continue
            grid = bright if number == 0 else BlockGrid(plane)
            work = partial(_on_grid, grid, profile, limit)
            # The eye and PSNR forgive colour half of the grids.
            step = 1 if number == 0 else len(shifts) - 1
            parts = list(pool.map(work, shifts[::step], levels[::step]))
            total, weights, rest = (_summed([part[n] for part in parts]) for n in range(3))
            found.append(np.asarray(total / weights, np.float32))
            if number == 0:
                left = np.sqrt(rest / weights)
    return found, left


def _summed(parts: Sequence[FloatArray]) -> FloatArray:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def _on_grid(
    grid: BlockGrid, noise: NoiseProfile, limit: float, shift: tuple[int, int], level: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighed pixels, weights, and weighed variance of what is left, each H x W."""
    coefficients = grid.coefficients(shift)
    power, gain = np.square(noise.spectrum), np.square(noise.stronger(level))
    squares = np.square(coefficients)
    kept = (squares >= np.multiply.outer(gain * np.float32(limit**2), power)).astype(np.float32)
    kept[:, 0] = 1
    coefficients *= kept
    remaining = (kept @ power) * gain
    # What is dropped beyond the noise's own power was detail.
    dropped = squares.sum(axis=1) - np.einsum("ij,ij->i", squares, kept)
    noise_dropped = float(power.sum()) * gain - remaining
    lost = np.maximum(dropped - noise_dropped, 0) + np.float32(_DETAIL) * noise_dropped
    scale = float(power.mean())
    weights = np.asarray(scale / np.maximum(remaining, 1e-6 * scale), np.float32)
    pixels, spread = grid.weighed(shift, coefficients, weights)
    left = (remaining + lost) / COEFFICIENTS
    return pixels, spread, grid.spread(shift, np.asarray(weights * left, np.float32))
