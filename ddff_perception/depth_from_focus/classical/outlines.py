"""Outlines of near things, finer than the cells that depth is found in.

A cell at a depth edge holds two surfaces, and the blur of the nearer one reaches over the other: it
looks too wide. Which pixel belongs to which of the two distances is a question of two slices: of
the sweep as it looks focused on the one, and on the other, the sharper is right. That comparison
is gathered within the edges of the image focused on the nearer one, where the outline is sharp.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray
from .aggregation import GuidedFilter
from .upsampling import NEAR_SHARE, depth_edges, jumps, upsample, upsample_position, widened

# Finer pixels per side of a cell.
FINER = 4
# Reach of the comparison, and variance of the guide below which it is flat.
RADIUS, FLAT, SUBSAMPLE = 5, 40.0, 2
# Cells beside a depth edge into which windows and blur carry the nearer surface.
WIDER = 1
# Cells around those that the comparison may look at.
REACH = 3
# Squared grey levels of sharpness that are no sharpness; what the cells say weighs as this share of
# a clear comparison.
NOISE, PRIOR = 20.0, 0.2
# Mean probability of the cells around, under which an edge is noise and not drawn.
SURE = 0.6

Grey = NDArray[np.uint8] | FloatArray


def refined_outlines(
    position: FloatArray,
    sure: FloatArray,
    guides: Sequence[Grey],
    positions: NDArray[np.float64],
    cell: int,
    size: tuple[int, int],
    step: float,
) -> FloatArray:
    """`position` (rows x columns of cells) per pixel, as `upsample_position`, with finer outlines.

    `sure`: probability of each cell's position; `guides`: the slices in order of `positions` (S,),
    ascending, grey of FINER pixels per side of a cell: FINER rows x FINER columns; `size`, `step`
    as there. Where depth slopes, however steeply, where no cell is sure and where one jump follows
    another within 7 cells, the result is that of `upsample_position`.
    """
    edges, highest, lowest = depth_edges(position, step)
    finer = cell // FINER
    if finer >= 1 and edges.any():
        drawn = jumps(highest, lowest) & (cv2.blur(sure, (3, 3)) > SURE)
        edges &= np.asarray(drawn, np.uint8)
    if finer < 1 or not edges.any():
        return upsample_position(position, cell, size, step)
    around, above, below = widened(edges, highest, lowest, WIDER)
    shape = (position.shape[1] * FINER, position.shape[0] * FINER)
    grown = upsample_position(position, FINER, shape, step)
    inside = upsample(edges, FINER, shape, cv2.INTER_NEAREST) > 0
    ring = (upsample(around, FINER, shape, cv2.INTER_NEAREST) > 0) & ~inside
    near, far = upsample(highest, FINER, shape), upsample(lowest, FINER, shape)
    nearest, farthest = upsample(above, FINER, shape), upsample(below, FINER, shape)
    told = np.where(inside, grown > far + NEAR_SHARE * (near - far), 2 * grown > nearest + farthest)
    # What the guided filter may look at; further off nothing is drawn.
    needed = cv2.dilate(around, np.ones((3, 3), np.uint8), iterations=REACH)
    pixels = np.flatnonzero(upsample(needed, FINER, shape, cv2.INTER_NEAREST))
    focused = _composite(guides, nearest, positions, pixels)
    votes = _votes(focused, _composite(guides, farthest, positions, pixels), told)
    is_near = GuidedFilter(focused, RADIUS, FLAT, SUBSAMPLE).filter(votes) > 0
    result = np.where(inside, np.where(is_near, near, far), grown)
    # Beside an edge what the cells say stays, unless it belongs to the other side.
    result = np.where(ring & (is_near != told), np.where(is_near, nearest, farthest), result)
    return upsample_position(np.asarray(result, np.float32), finer, size, step, near_share=0.5)


def _votes(near: FloatArray, far: FloatArray, told: NDArray[np.bool_]) -> FloatArray:
    """Above 0 for the nearer surface, -1 .. 1 for how the slices compare, and what the cells
    `told`.
    """
    sharp_near, sharp_far = _sharpness(near), _sharpness(far)
    compared = (sharp_near - sharp_far) / (sharp_near + sharp_far + np.float32(NOISE))
    return np.asarray(compared + np.where(told, np.float32(PRIOR), np.float32(-PRIOR)), np.float32)


def _composite(
    guides: Sequence[Grey],
    position: FloatArray,
    positions: NDArray[np.float64],
    pixels: NDArray[np.intp],
) -> FloatArray:
    """Each of the `pixels` (flat indices) from the guide nearest to its position, float32."""
    result = np.array(guides[0], np.float32)
    flat = result.reshape(-1)
    middles = ((positions[1:] + positions[:-1]) / 2.0).astype(np.float32)
    which = np.searchsorted(middles, position.reshape(-1)[pixels])
    pixels = pixels[np.argsort(which, kind="stable")]
    ends = np.cumsum(np.bincount(which, minlength=len(guides)))
    # One guide after the other, each where it is wanted: many slices cost what few do.
    for guide, part in zip(guides, np.split(pixels, ends[:-1]), strict=True):
        flat[part] = guide.reshape(-1)[part]
    return result


def _sharpness(grey: FloatArray) -> FloatArray:
    """Squared Laplacian, mean over 3 x 3 pixels."""
    return np.asarray(cv2.blur(np.square(cv2.Laplacian(grey, cv2.CV_32F)), (3, 3)), np.float32)
