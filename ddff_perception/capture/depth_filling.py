"""Holes of a depth image filled from around, along the edges of the colour image.

Normalised convolution with the recursive edge-aware filter of E. Gastal and M. Oliveira, "Domain
transform for edge-aware image and video processing", SIGGRAPH 2011, equations 11 and 21: what is
known is spread through the holes, and less of it across edges.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ..types import FloatArray

# Reach in space, as a share of the width, and in 8-bit grey levels, of each of the two passes.
_REACH, _LEVELS = (0.12, 0.05), 12.0
_WIDTH_PX = 160
_NOTHING = 1e-12


def filled_depth(
    depth: FloatArray, colour: NDArray[np.uint8] | None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """`depth` (H x W float32 metres, NaN unknown) without holes, and where they were.

    `colour`: H x W x 3 of the same pixels; None where only depth says where edges are. What is
    filled is worked out at a width of 160 pixels. Depth without a known pixel stays as it is.
    """
    holes = np.isnan(depth)
    if not holes.any() or holes.all():
        return depth, np.zeros_like(holes)
    height, width = depth.shape
    factor = min(1.0, _WIDTH_PX / width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    inverse = np.divide(1, depth, out=np.zeros_like(depth), where=~holes)
    known = np.stack([inverse, (~holes).astype(np.float32)], axis=-1)
    planes = np.array(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    # Of depth, a hundred times its inverse counts as levels of grey.
    image = 100 * planes if colour is None else cv2.resize(colour, size, None, 0, 0, cv2.INTER_AREA)
    _spread(planes, np.asarray(image, np.float32))
    large = cv2.resize(planes, (width, height))
    spread = large[..., 0] / np.maximum(large[..., 1], 1e-30)
    reached = holes & (large[..., 1] > _NOTHING) & (spread > 0)
    result = depth.copy()
    result[reached] = 1 / spread[reached]
    left = np.isnan(result)
    if left.any():
        result[left] = _nearest(result, left)
    return result, holes


def _spread(planes: FloatArray, guide: FloatArray) -> None:
    """Normalised convolution in place: H x W x 2, what is known and how much of it is."""
    smooth = np.asarray(cv2.GaussianBlur(guide, (3, 3), 0)).reshape(guide.shape)
    across = np.abs(np.diff(smooth, axis=1)).max(axis=2)
    down = np.abs(np.diff(smooth, axis=0)).max(axis=2)
    turned = np.empty((planes.shape[1], planes.shape[0], 2), np.float32)
    for share in _REACH:
        reach = share * planes.shape[1]
        decay = float(np.exp(-np.sqrt(2) / reach))
        np.copyto(turned, planes.transpose(1, 0, 2))
        _smoothed(turned, (decay ** (1 + reach / _LEVELS * across.T)).astype(np.float32))
        np.copyto(planes, turned.transpose(1, 0, 2))
        _smoothed(planes, (decay ** (1 + reach / _LEVELS * down)).astype(np.float32))


def _smoothed(planes: FloatArray, share: FloatArray) -> None:
    """In place along the first axis, forwards and back; `share` of the neighbour goes into each."""
    kept = np.repeat(share[..., None], 2, axis=2)
    change = np.empty_like(planes[0])
    last = len(planes) - 1
    for here in range(1, last + 1):
        np.subtract(planes[here - 1], planes[here], out=change)
        change *= kept[here - 1]
        planes[here] += change
    for here in range(last - 1, -1, -1):
        np.subtract(planes[here + 1], planes[here], out=change)
        change *= kept[here]
        planes[here] += change


def _nearest(depth: FloatArray, holes: NDArray[np.bool_]) -> FloatArray:
    rows, columns = distance_transform_edt(holes, return_distances=False, return_indices=True)
    return np.asarray(depth[rows[holes], columns[holes]], np.float32)
