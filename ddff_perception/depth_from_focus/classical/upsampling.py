"""From values per cell to values per pixel, with steps where depth has them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

# Near objects look too wide, since their blur reaches over their edge.
NEAR_SHARE = 0.7
# A slope changes three times as much over 7 cells as over 3, a step little more.
STEEPER = 1.4
# Cells around one or two that stand out alone.
LONE_CELL_EDGE = 15
_NEIGHBOURS = np.ones((3, 3), np.uint8)


def upsample(
    values: Any, cell: int, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR
) -> Any:
    """Values per cell of `cell` x `cell` pixels to values per pixel of an image of `size` (width,
    height), interpolated.
    """
    width, height = size
    rows, columns = values.shape
    padded = (columns * cell, rows * cell)
    return cv2.resize(values, padded, interpolation=interpolation)[:height, :width]


def upsample_position(
    position: FloatArray,
    cell: int,
    size: tuple[int, int],
    step: float,
    near_share: float = NEAR_SHARE,
) -> FloatArray:
    """Cells to pixels, interpolated but at depth edges (differences above `step` within 3 x 3
    cells): there each pixel takes the side that it is nearer to, the nearer surface by less than
    its share of the step, 1 - `near_share`. In between lie flying pixels, where nothing is.
    """
    grown = upsample(position, cell, size)
    edges, highest, lowest = depth_edges(position, step)
    if edges.any():
        above, side = upsample(highest, cell, size), upsample(lowest, cell, size)
        middle = cv2.addWeighted(above, near_share, side, 1.0 - near_share, 0.0)
        cv2.copyTo(above, cv2.compare(grown, middle, cv2.CMP_GT), side)
        cv2.copyTo(side, upsample(edges, cell, size, cv2.INTER_NEAREST), grown)
    return np.asarray(grown, np.float32)


def depth_edges(
    position: FloatArray, step: float
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    """Which cells lie at a depth edge (1, else 0), a difference above `step` within 3 x 3 cells,
    and the highest and lowest position there.
    """
    highest = np.asarray(cv2.dilate(position, _NEIGHBOURS), np.float32)
    lowest = np.asarray(cv2.erode(position, _NEIGHBOURS), np.float32)
    return _without_specks(np.asarray(highest - lowest > step, np.uint8)), highest, lowest


def jumps(highest: FloatArray, lowest: FloatArray) -> NDArray[np.bool_]:
    """Where depth jumps and does not slope, by `highest` and `lowest` of `depth_edges`: nearly as
    much within 3 x 3 cells as within 7 x 7, where a slope has a third.
    """
    around = cv2.dilate(highest, _NEIGHBOURS, iterations=2)
    around = around - cv2.erode(lowest, _NEIGHBOURS, iterations=2)
    return np.asarray(around < STEEPER * (highest - lowest), np.bool_)


def widened(
    edges: NDArray[np.uint8], highest: FloatArray, lowest: FloatArray, cells: int
) -> tuple[NDArray[np.uint8], FloatArray, FloatArray]:
    """`depth_edges` with as many `cells` more around."""
    edges = np.asarray(cv2.dilate(edges, _NEIGHBOURS, iterations=cells), np.uint8)
    highest = np.asarray(cv2.dilate(highest, _NEIGHBOURS, iterations=cells), np.float32)
    return edges, highest, np.asarray(cv2.erode(lowest, _NEIGHBOURS, iterations=cells), np.float32)


def _without_specks(edges: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edges without those of a lone cell, which is a peak that interpolation shows better."""
    if not edges.any():
        return edges
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    kept = statistics[:, cv2.CC_STAT_AREA] > LONE_CELL_EDGE
    kept[0] = False
    return np.asarray(kept[labels], np.uint8)
