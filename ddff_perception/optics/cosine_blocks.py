"""Planes as 8 x 8 blocks of cosine coefficients, on grids that begin at any pixel."""

from __future__ import annotations

import cv2
import numpy as np

from ..types import FloatArray

SIDE = 8
COEFFICIENTS = SIDE * SIDE


def _basis() -> FloatArray:
    n = np.arange(SIDE)
    line = np.cos((2 * n[None] + 1) * n[:, None] * np.pi / (2 * SIDE)) / 2
    line[0] /= np.sqrt(2)
    return np.kron(line, line).astype(np.float32)


BASIS = _basis()
"""Orthonormal, 64 x 64: a row for each coefficient, row by row of the block's frequencies."""
_TRANSPOSED = np.ascontiguousarray(BASIS.T)
_DOWN, _ACROSS = np.divmod(np.arange(COEFFICIENTS), SIDE)
ORDERS = _DOWN + _ACROSS
"""Sum of both frequencies of each coefficient, 0..14."""


# OpenBLAS does not share products of so few rows among threads: whole grids are shared here,
# and threads within threads wait for each other.
_ROWS = 60


def _times(blocks: FloatArray, matrix: FloatArray) -> FloatArray:
    """`blocks` @ `matrix`, N x 64."""
    found = np.empty_like(blocks)
    whole = len(blocks) - len(blocks) % _ROWS
    parts = (-1, _ROWS, COEFFICIENTS)
    np.matmul(blocks[:whole].reshape(parts), matrix, out=found[:whole].reshape(parts))
    np.matmul(blocks[whole:], matrix, out=found[whole:])
    return found


class BlockGrid:
    """One plane, H x W float32, and its blocks on any of 64 grids; the border is mirrored."""

    def __init__(self, plane: FloatArray) -> None:
        self.shape = height, width = plane.shape
        below, right = SIDE + -height % SIDE, SIDE + -width % SIDE
        border = cv2.BORDER_REFLECT_101 if min(plane.shape) > 2 * SIDE else cv2.BORDER_REPLICATE
        self._wide = cv2.copyMakeBorder(plane, SIDE, below, SIDE, right, border)
        self._blocks = self._wide.shape[0] // SIDE - 1, self._wide.shape[1] // SIDE - 1

    def pixels(self, shift: tuple[int, int]) -> FloatArray:
        """N x 64 pixels of the blocks of the grid that has a corner at row and column `shift`."""
        (down, across), (rows, columns) = shift, self._blocks
        part = self._wide[down : down + SIDE * rows, across : across + SIDE * columns]
        blocks = part.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)
        return np.asarray(blocks.reshape(-1, COEFFICIENTS), np.float32)

    def coefficients(self, shift: tuple[int, int]) -> FloatArray:
        """N x 64 cosine coefficients of the same."""
        return _times(self.pixels(shift), _TRANSPOSED)

    def weighed(
        self, shift: tuple[int, int], coefficients: FloatArray, weights: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The plane of these coefficients times the weight of its block, and the weights, H x W."""
        values = np.asarray(coefficients * weights[:, None], np.float32)
        return self.plane(shift, values), self.spread(shift, weights)

    def plane(self, shift: tuple[int, int], coefficients: FloatArray) -> FloatArray:
        """N x 64 coefficients as a plane of H x W; 0 where the grid has no block."""
        rows, columns = self._blocks
        blocks = _times(coefficients, BASIS).reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2)
        return self._inside(shift, blocks.reshape(SIDE * rows, SIDE * columns))

    def spread(self, shift: tuple[int, int], values: FloatArray) -> FloatArray:
        """One value per block as a plane of H x W; 0 where the grid has no block."""
        rows, columns = self._blocks
        small = np.repeat(values.reshape(rows, columns), SIDE, axis=1)
        return self._inside(shift, np.repeat(small, SIDE, axis=0))

    def _inside(self, shift: tuple[int, int], part: FloatArray) -> FloatArray:
        wide = np.zeros(self._wide.shape, np.float32)
        wide[shift[0] : shift[0] + part.shape[0], shift[1] : shift[1] + part.shape[1]] = part
        return wide[SIDE : SIDE + self.shape[0], SIDE : SIDE + self.shape[1]]
