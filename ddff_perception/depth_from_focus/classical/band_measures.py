"""Sharpness of one slice in octave bands, gathered in cells: what `multiscale` keeps of a slice."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray, ImageArray

# The cell in pixels that the noise of `multiscale` is stated for, and the image side it suits.
REFERENCE_CELL = 8
REFERENCE_SIDE = 480
LARGEST_CELL = 64
_SECOND_DIFFERENCE = np.array([[-1, 2, -1]], np.float32)


def cell_size(wanted: int, width: int, height: int) -> int:
    """The side of the cells in pixels, a power of two: `wanted`, or by the image where that is 0.

    A larger image of a scene has the same grid of cells, and so the same reach of the windows.
    """
    if wanted > 0:
        return 1 << (wanted.bit_length() - 1)
    octaves = round(math.log2(min(width, height) / REFERENCE_SIDE))
    return min(REFERENCE_CELL << max(0, octaves), LARGEST_CELL)


def band_measures(image: ImageArray, levels: int, cell: int) -> FloatArray:
    """Mean modified Laplacian per cell and band: float32 levels x rows x columns, grey levels.

    Band l is measured on the image shrunk by 2^l. Nayar and Nakagawa, PAMI 1994, equation 9.
    """
    return measured(image, levels, cell)[0]


def measured(
    image: ImageArray, levels: int, cell: int, finer: int = 1
) -> tuple[FloatArray, NDArray[np.uint8] | FloatArray]:
    """`band_measures`, and the grey image of `finer` x `finer` pixels per cell: finer rows x
    finer columns.
    """
    grey: Any = _grey(image)
    small: Any = None
    height, width = grey.shape
    bottom, right = -height % cell, -width % cell
    if bottom or right:
        grey = cv2.copyMakeBorder(grey, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    size = (grey.shape[1] // cell, grey.shape[0] // cell)
    bands = []
    for level in range(levels):
        if level:
            grey = cv2.resize(
                grey,
                (max(1, grey.shape[1] // 2), max(1, grey.shape[0] // 2)),
                interpolation=cv2.INTER_AREA,
            )
        if grey.shape[1] == size[0] * finer:
            small = grey
        measure = _modified_laplacian(grey)
        bands.append(cv2.blur(_shrink(measure, size), (3, 3)))
    if small is None:
        wanted = (size[0] * finer, size[1] * finer)
        small = cv2.resize(grey, wanted, interpolation=cv2.INTER_AREA)
    return np.stack(bands), small


def _modified_laplacian(grey: NDArray[np.uint8] | FloatArray) -> FloatArray:
    # 16-bit integers hold the differences of 8-bit greys exactly, at twice float's speed.
    depth = cv2.CV_16S if grey.dtype == np.uint8 else cv2.CV_32F
    border = cv2.BORDER_REPLICATE
    along_x = cv2.filter2D(grey, depth, _SECOND_DIFFERENCE, borderType=border)
    along_y = cv2.filter2D(grey, depth, _SECOND_DIFFERENCE.T.copy(), borderType=border)
    np.abs(along_x, out=along_x)
    np.abs(along_y, out=along_y)
    return np.add(along_x, along_y, out=along_x).astype(np.float32, copy=False)


def _shrink(values: FloatArray, size: tuple[int, int]) -> FloatArray:
    """The mean over cells: by halves, for which OpenCV has a fast path, down to `size`."""
    while values.shape[1] > size[0]:
        half = (values.shape[1] // 2, values.shape[0] // 2)
        values = cv2.resize(values, half, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    if values.shape[1] < size[0]:
        values = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return values


def _grey(image: ImageArray) -> NDArray[np.uint8] | FloatArray:
    grey: Any = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    if grey.dtype == np.uint8:
        return grey  # type: ignore[no-any-return]
    return grey.astype(np.float32) * np.float32(1.0 / 257.0)  # type: ignore[no-any-return]
