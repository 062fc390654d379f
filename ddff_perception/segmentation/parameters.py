"""Which of the node's parameters the segmentation pipeline reads."""

from __future__ import annotations

from ..parameters import ParameterTable
from .capture.depth import DepthSettings
from .capture.frames import FrameSettings
from .methods import METHODS
from .output import OutputSettings


def pipeline_parameters(*methods: str) -> ParameterTable:
    """What says how frames are made and labelled, where the method is one of these (all if none).

    `method` itself is not among it.
    """
    capture = FrameSettings.table().prefixed("capture") + DepthSettings.table().prefixed("depth")
    return capture + OutputSettings.table() + METHODS.parameters(*methods)
