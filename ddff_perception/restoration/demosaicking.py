"""The colour filter array behind an image whose colours were interpolated bilinearly."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray, ImageArray

Site = tuple[int, int]
"""Row and column, 0 or 1, of the red pixel among each 2 x 2 of the array."""

_BORDER = cv2.BORDER_REFLECT_101
_CROSS = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)
_CORNERS = np.array([[0.25, 0, 0.25], [0, 0, 0], [0.25, 0, 0.25]], np.float32)
_BESIDE = np.array([[0.5, 0, 0.5]], np.float32)
_SITES: tuple[Site, ...] = ((0, 0), (0, 1), (1, 0), (1, 1))
# How far from the mean of its neighbours a pixel is by rounding alone, the share of the pixels that
# may be further nevertheless, and how many are, at least, if the array were another one.
_ROUNDED, _MOST, _OTHERWISE = 1.01 / 255, 0.01, 0.05
# Most images say in their middle already that they are none.
_MARGIN, _LEAST_PX, _MIDDLE_PX = 2, 32, 128
_SPREAD = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4
_PART = np.array([-0.25, 0.5, 0.5, 0.5, -0.25], np.float32)
_SMOOTH = np.array([0.25, 0.5, 0.25], np.float32)
_SLOPE = np.array([-1, 0, 1], np.float32)
_WINDOW, _FLAT = 5, 1e-4
# Detail, against what surrounds it; windows in which colours are compared; variance that is none;
# how much of their likeness is enough. Chosen on photographs, so that none gets worse.
_DETAIL_PX, _ALIKE_PX, _LEAST, _ENOUGH = 1.5, 11, 1e-6, 2.0


def bilinear_mosaic(image: ImageArray) -> Site | None:
    """Where red is in the colour filter array from which the colours of `image` (H x W x 3 BGR of 8
    or 16 bits) were interpolated; None where they were not, not bilinearly, or something was done
    to the image afterwards.

    Every colour that the array lacks at a pixel is the mean of its neighbours then, up to rounding
    (of what is interpolated: Popescu and Farid, "Exposing digital forgeries in color filter array
    interpolated images", IEEE TSP 2005); in smooth images that says nothing.
    """
    if image.ndim != 3 or min(image.shape[:2]) < _LEAST_PX:
        return None
    top, left = (max(0, n - _MIDDLE_PX) // 2 for n in image.shape[:2])
    if _shares(image[top : top + _MIDDLE_PX, left : left + _MIDDLE_PX]).min() > _OTHERWISE:
        return None
    shares = _shares(image)
    best, second = np.sort(shares)[:2]
    seen = best <= _MOST and second >= _OTHERWISE
    return _SITES[int(shares.argmin())] if seen else None


def _shares(image: ImageArray) -> FloatArray:
    """Of each of `_SITES`, the share of the values that would be interpolated and are not."""
    planes = [np.asarray(plane, np.float32) for plane in cv2.split(_unit(image))]
    blue, green, red = planes
    cross = _misses(green, _CROSS)
    of = [[_misses(plane, k) for k in (_CORNERS, _BESIDE, _BESIDE.T)] for plane in (red, blue)]
    return np.array([_share(cross, of, site) for site in _SITES], np.float32)


def _share(cross: FloatArray, of: list[list[FloatArray]], red: Site) -> float:
    """Share of the interpolated values that are not the mean of their neighbours."""
    row, column = red
    found = cross[row, column] + cross[1 - row, 1 - column]
    for (corners, beside, above), (y, x) in zip(of, (red, (1 - row, 1 - column)), strict=True):
        found += corners[1 - y, 1 - x] + beside[y, 1 - x] + above[1 - y, x]
    return float(found) / 8


def _misses(plane: FloatArray, kernel: FloatArray) -> FloatArray:
    """2 x 2: of each place in the array, the share of pixels that are not that mean."""
    far = np.abs(plane - cv2.filter2D(plane, -1, kernel, borderType=_BORDER)) > _ROUNDED
    inner = far[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    shares = [[inner[row::2, column::2].mean() for column in (0, 1)] for row in (0, 1)]
    return np.asarray(shares, np.float32)


def interpolated_along_edges(image: ImageArray, red: Site) -> ImageArray:
    """`image`, whose colours were interpolated bilinearly from an array with `red` there, with its
    colours interpolated anew; what the array held stays.

    Differences of colours are interpolated across or down, as they vary less (after Menon et al.,
    "Demosaicing with directional filtering and a posteriori decision", IEEE TIP 2007, both weighed
    in place of a decision). Where detail of the colours is not alike (noise, some drawn pictures)
    there is nothing to gain by that, and the image stays as it is.
    """
    plain = _unit(image)
    sites = ((2, red), (0, (1 - red[0], 1 - red[1])))
    raw = plain[..., 1].copy()
    for channel, (y, x) in sites:
        raw[y::2, x::2] = plain[y::2, x::2, channel]
    difference, alike = _green_minus_other(raw, red), _alike(plain)
    anew, trusted = plain.copy(), np.zeros_like(plain)
    for channel, (y, x) in sites:
        here = np.s_[y::2, x::2]
        anew[here][..., 1] = raw[here] + difference[here]
        trusted[here][..., 1] = alike[channel][here]
    for channel, (y, x) in sites:
        sparse = np.zeros_like(raw)
        sparse[y::2, x::2] = -difference[y::2, x::2]
        spread = cv2.filter2D(sparse, -1, _SPREAD, borderType=_BORDER)
        anew[..., channel] = anew[..., 1] + spread
        trusted[..., channel] = alike[channel]
    found = plain + trusted * (anew - plain)
    top = np.iinfo(image.dtype).max
    return cast(ImageArray, np.rint(found * np.float32(top)).clip(0, top).astype(image.dtype))


def _green_minus_other(raw: FloatArray, red: Site) -> FloatArray:
    """Green less the other colour of its row or column, at each pixel of the array."""
    sign: FloatArray = np.ones(raw.shape, np.float32)
    sign[red[0] :: 2, red[1] :: 2] = -1
    sign[1 - red[0] :: 2, 1 - red[1] :: 2] = -1
    total, weights = np.zeros_like(raw), np.zeros_like(raw)
    for across in (True, False):
        difference: FloatArray = sign * (raw - _along(raw, _PART, across))
        rough = np.abs(_along(difference, _SLOPE, across))
        rough = cv2.blur(rough, (_WINDOW, _WINDOW), borderType=_BORDER) * _WINDOW**2
        weight = 1 / np.square(rough + np.float32(_FLAT))
        total += weight * _along(difference, _SMOOTH, across)
        weights += weight
    return np.asarray(total / weights, np.float32)


def _along(plane: FloatArray, line: FloatArray, across: bool) -> FloatArray:
    kernel = line[None] if across else line[:, None]
    return np.asarray(cv2.filter2D(plane, -1, kernel, borderType=_BORDER), np.float32)


def _alike(plain: FloatArray) -> dict[int, FloatArray]:
    """Of blue and of red, 0..1: how alike its detail and that of green are."""
    detail = plain - cv2.GaussianBlur(plain, (0, 0), _DETAIL_PX)

    def mean(values: NDArray[np.float32]) -> FloatArray:
        size = (_ALIKE_PX, _ALIKE_PX)
        return np.asarray(cv2.blur(values, size, borderType=_BORDER), np.float32)

    power = mean(np.square(detail))
    found = {}
    for channel in (0, 2):
        both = mean(np.ascontiguousarray(detail[..., 1] * detail[..., channel]))
        most = np.maximum(np.maximum(power[..., 1], power[..., channel]), np.float32(_LEAST))
        found[channel] = np.asarray((_ENOUGH * both / most).clip(0, 1), np.float32)
    return found


def _unit(image: ImageArray) -> FloatArray:
    return np.multiply(image, np.float32(1 / np.iinfo(image.dtype).max), dtype=np.float32)
