"""A labelled frame as points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..optics.camera_geometry import PointGrid
from ..parameters import parameter
from ..ros.interface import PointSettings
from ..simulation.classes import UNLABELLED
from ..types import FloatArray, InputError
from .output import class_indices
from .rendering import resized_confidence, resized_labels
from .types import CLASSES, Labelling, RgbdFrame


@dataclass(frozen=True)
class LabelledPointSettings(PointSettings):
    """What becomes a point of the cloud."""

    classes: list[str] = parameter(
        list(CLASSES), "classes whose points are sent; a costmap has no use for floor and ceiling"
    )

    unlabelled: bool = parameter(
        True, "send points without a label, too: what nobody knows is an obstacle all the same"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        class_indices(self.classes)


def labelled_points(
    frame: RgbdFrame, found: Labelling, grid: PointGrid, settings: LabelledPointSettings
) -> FloatArray:
    """Rows x columns x 6 float32: x, y, z [m], packed colour, the label's bits, confidence.

    What the settings leave out, and what was not measured, has NaN for x, y and z. Raises
    InputError without depth.
    """
    if frame.depth is None:
        raise InputError("there is no depth: points cannot be made of colour alone")
    depth = frame.depth
    if frame.filled is not None:
        depth = np.where(frame.filled, np.float32(np.nan), depth)
    labels = resized_labels(found.labels, frame.size)
    confidence = resized_confidence(found.confidence, frame.size)
    wanted = np.zeros(256, np.bool_)
    wanted[class_indices(settings.classes)] = True
    wanted[UNLABELLED] = settings.unlabelled
    nothing = labels == UNLABELLED
    there = wanted[labels] & (nothing | (confidence >= settings.minimum_confidence))
    depth = np.where(there, depth, np.float32(np.nan))
    stride = grid.stride
    points = np.empty((*grid.shape, 6), np.float32)
    points[..., :4] = grid.points(depth, frame.colour, settings.minimum_m, settings.maximum_m)
    points[..., 4] = labels[::stride, ::stride].astype(np.uint32).view(np.float32)
    points[..., 5] = confidence[::stride, ::stride]
    return points
