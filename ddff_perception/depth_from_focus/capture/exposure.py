"""Slices of one sweep that were exposed differently: by how much, and which of them show nothing.

Blur moves light about and takes none away: seen coarsely, all slices of a sweep are one picture
times its exposure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.registration import grey_of_size
from ...types import FloatArray, FocusSlice, ImageArray

_CELLS = 48
# Cells darker or brighter than this share of the full scale say nothing about exposure.
_DARKEST, _BRIGHTEST = 0.02, 0.97
# Exposures that differ by less are left alone: pixels stay what the camera gave.
_ALIKE = 0.03
# A slice that must be brightened by more is noise, two stops below the others.
_MOST_GAIN = 4.0
# Share of the usual number of usable cells under which a slice is black or burnt out.
_LEAST_USABLE = 0.4
# Beyond these levels of 255, in every slice, a pixel shows nothing.
_BLACK, _WHITE = 2, 253


@dataclass(frozen=True, slots=True)
class Balance:
    """What each slice's levels are to be multiplied by, (S,) float32, 1 where they may stay; and
    the numbers of slices that are too dark or burnt out to say anything.
    """

    gains: FloatArray
    hopeless: tuple[int, ...]

    @property
    def spread(self) -> float:
        """The strongest exposure over the weakest, of slices that can be used, minus 1."""
        used = np.delete(self.gains, self.hopeless)
        return float(used.max() / used.min()) - 1.0


class Exposures:
    """Takes the images of a sweep one by one, in any order of focus, all of one size."""

    def __init__(self) -> None:
        self._cells: list[FloatArray] = []

    def add(self, image: ImageArray) -> None:
        self._cells.append(grey_of_size(image, _CELLS))

    def balance(self) -> Balance:
        """How the images taken are balanced; their median exposure stays as it is."""
        cells = np.stack(self._cells).reshape(len(self._cells), -1)
        usable = (cells > _DARKEST) & (cells < _BRIGHTEST)
        share = usable.mean(axis=1)
        logs = np.log(np.maximum(cells, 1e-6))
        level = np.median(logs, axis=1)
        usual = np.median(level)
        hopeless = (share < _LEAST_USABLE * np.median(share)) | (share == 0)
        hopeless |= level < usual - np.log(_MOST_GAIN)
        if hopeless.all():
            return Balance(np.ones(len(cells), np.float32), ())
        # The picture that all have in common, from levels that are roughly right.
        picture = np.median((logs - level[:, None])[~hopeless], axis=0)
        offset = np.array(
            [_offset(log - picture, use) for log, use in zip(logs, usable, strict=True)]
        )
        gains = np.exp(np.median(offset[~hopeless]) - offset)
        gains[hopeless] = 1.0
        result = Balance(gains.astype(np.float32), tuple(int(n) for n in np.flatnonzero(hopeless)))
        return (
            result if result.spread > _ALIKE else replace(result, gains=np.ones_like(result.gains))
        )


def balanced(item: FocusSlice, gain: float) -> FocusSlice:
    """The slice with its levels multiplied by `gain`, clipped at full scale."""
    return item if gain == 1.0 else item.changed(partial(_multiplied, gain=gain))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Logarithm of a slice's cells, its exposure among the others', and whether it can be used."""

    cells: FloatArray
    exposure: float
    usable_share: float
    is_hopeless: bool


class LiveBalance:
    """Balances the slices of a sweep that never ends, each when it comes: against the picture that
    the slices of the other slots have in common, and to their median exposure, which follows the
    scene within half a sweep.
    """

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}

    def gain(self, slot: int, image: ImageArray) -> float | None:
        """What the new `image` of `slot` is to be multiplied by, 1 where it may stay; None where it
        is too dark or burnt out to say anything.
        """
        # Some of the pixels of a cell say as much, and cost half.
        every = max(1, max(image.shape[:2]) // (4 * _CELLS))
        coarse = cast(ImageArray, np.ascontiguousarray(image[::every, ::every]))
        cells = grey_of_size(coarse, _CELLS).ravel()
        logs = np.log(np.maximum(cells, 1e-6))
        usable = (cells > _DARKEST) & (cells < _BRIGHTEST)
        self.forget(slot)
        others = list(self._seen.values())
        shown = [item.cells - item.exposure for item in others if not item.is_hopeless]
        exposure = _offset(logs - np.mean(shown, axis=0), usable) if shown else 0.0
        usual = float(np.median([exposure, *(item.exposure for item in others)]))
        least = _LEAST_USABLE * np.median([item.usable_share for item in others] or [0.0])
        dark = exposure < usual - np.log(_MOST_GAIN)
        hopeless = bool(len(others) > 1 and (dark or usable.mean() < least))
        self._seen[slot] = _Seen(logs, exposure, float(usable.mean()), hopeless)
        if hopeless:
            return None
        alike = len(others) < 2 or abs(usual - exposure) < np.log1p(_ALIKE)
        return 1.0 if alike else float(np.exp(usual - exposure))

    def forget(self, slot: int) -> None:
        """The slot is empty."""
        self._seen.pop(slot, None)

    def reset(self) -> None:
        """Every slot is empty: another size, another scene."""
        self._seen.clear()


class Nothing:
    """Finds where no slice of a sweep shows anything: black or burnt out in each of them, as
    transparent pixels are, what lies outside of an aligned picture, or a lamp.
    """

    def __init__(self) -> None:
        self._brightest: ImageArray | None = None
        self._darkest: ImageArray | None = None

    def add(self, image: ImageArray) -> None:
        if self._brightest is None or self._darkest is None:
            self._brightest, self._darkest = image.copy(), image.copy()
        else:
            cv2.max(self._brightest, image, self._brightest)
            cv2.min(self._darkest, image, self._darkest)

    def mask(self, least_px: int = 5) -> ImageArray | None:
        """H x W uint8, 255 where nothing is shown over `least_px` pixels each way; None where
        something is shown everywhere.
        """
        if self._brightest is None or self._darkest is None:
            return None
        scale = np.iinfo(self._brightest.dtype).max // 255
        brightest: Any = self._brightest
        darkest: Any = self._darkest
        black = cv2.inRange(brightest, _all(0), _all(_BLACK * scale))
        white = cv2.inRange(darkest, _all(_WHITE * scale), _all(255 * scale))
        kernel = np.ones((least_px, least_px), np.uint8)
        blank = cv2.morphologyEx(cv2.bitwise_or(black, white), cv2.MORPH_OPEN, kernel)
        return cast(ImageArray, blank) if blank.any() else None


def _all(level: int) -> Any:
    return (level,) * 4


def _offset(difference: FloatArray, usable: NDArray[np.bool_]) -> float:
    return float(np.median(difference[usable] if usable.any() else difference))


def _multiplied(image: ImageArray, gain: float) -> ImageArray:
    if image.dtype == np.uint8:
        table = np.clip(np.rint(np.arange(256) * gain), 0, 255).astype(np.uint8)
        return cast(ImageArray, cv2.LUT(image, table))
    whole: Any = image
    factor: Any = gain
    return cast(ImageArray, cv2.multiply(whole, factor))
