"""Which of the node's parameters the depth pipeline reads."""

from __future__ import annotations

from ..engines.settings import ENGINE_PARAMETERS
from ..methods import method_tables
from ..parameters import ParameterTable
from .capture.alignment_settings import AlignmentSettings
from .capture.settings import CaptureSettings
from .estimator import EstimatorSettings
from .methods import METHODS, method_parameters


def estimator_parameters(*methods: str) -> ParameterTable:
    """What says how depth is found in slices, where the method is one of these (all if none)."""
    tables = {name: method_parameters(name) for name in methods or METHODS}
    return (
        EstimatorSettings.table()
        + method_tables(tables, ENGINE_PARAMETERS)
        + AlignmentSettings.table()
    )


def pipeline_parameters(*methods: str) -> ParameterTable:
    """The same with what says how messages become slices."""
    return estimator_parameters(*methods) + CaptureSettings.table().prefixed("capture")
