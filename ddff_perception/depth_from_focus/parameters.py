"""The depth pipeline by the node's parameters: what it takes, and one made from their values."""

from __future__ import annotations

from collections.abc import Mapping

from ..engines.settings import ENGINE_PARAMETERS
from ..parameters import ParameterTable, Value
from ..ros.interface import method_tables
from .capture.alignment_settings import AlignmentSettings
from .capture.settings import CaptureSettings
from .estimator import EstimatorSettings
from .methods import METHODS, method_parameters
from .pipeline import DepthPipeline, lens_table_of, method_values

__all__ = [
    "estimator_parameters",
    "lens_table_of",
    "method_values",
    "pipeline_from",
    "pipeline_parameters",
]


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


def pipeline_from(values: Mapping[str, Value]) -> DepthPipeline:
    """The pipeline that the node runs with these values: `DepthPipeline.from_values`."""
    return DepthPipeline.from_values(values)
