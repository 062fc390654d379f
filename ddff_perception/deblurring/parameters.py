"""Which of the node's parameters the deblurring pipeline reads."""

from __future__ import annotations

from ..parameters import ParameterTable
from .capture.settings import BurstSettings
from .methods import METHODS


def pipeline_parameters(*methods: str) -> ParameterTable:
    """What says how bursts are made and deblurred, where the method is one of these (all if none).

    `method` itself is not among it.
    """
    return BurstSettings.table().prefixed("capture") + METHODS.parameters(*methods)
