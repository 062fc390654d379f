"""A labelled frame as points."""

from __future__ import annotations

import numpy as np

from ..optics.camera_geometry import PointGrid
from ..types import FloatArray, InputError
from .rendering import resized_confidence, resized_labels
from .types import Labelling, RgbdFrame


def labelled_points(
    frame: RgbdFrame, found: Labelling, grid: PointGrid, keep: list[int], least: float
) -> FloatArray:
    """Rows x columns x 6 float32: x, y, z [m], packed colour, the label's bits, confidence.

    `keep`: classes that become points, of at least the confidence `least`; elsewhere, and where the
    depth was not measured, x, y and z are NaN. Raises InputError without depth.
    """
    if frame.depth is None:
        raise InputError("there is no depth: points cannot be made of colour alone")
    depth = frame.depth
    if frame.filled is not None:
        depth = np.where(frame.filled, np.float32(np.nan), depth)
    labels = resized_labels(found.labels, frame.size)
    confidence = resized_confidence(found.confidence, frame.size)
    wanted = np.zeros(256, np.bool_)
    wanted[keep] = True
    depth = np.where(wanted[labels] & (confidence >= least), depth, np.float32(np.nan))
    stride = grid.stride
    points = np.empty((*grid.shape, 6), np.float32)
    points[..., :4] = grid.points(depth, frame.colour)
    points[..., 4] = labels[::stride, ::stride].astype(np.uint32).view(np.float32)
    points[..., 5] = confidence[::stride, ::stride]
    return points
