"""The separation pipeline by the node's parameters: what it takes, and one made from values."""

from __future__ import annotations

from collections.abc import Mapping

from ..engines.settings import ENGINE_PARAMETERS
from ..parameters import ParameterTable, Value
from ..ros.interface import method_tables
from .capture.images import CaptureSettings
from .capture.rotating_settings import RotatingSettings
from .methods import METHODS, method_parameters
from .pipeline import SeparationPipeline, method_values

__all__ = ["method_values", "pipeline_from", "pipeline_parameters", "separation_parameters"]


def separation_parameters(*methods: str) -> ParameterTable:
    """What says how images are read and separated, where the method is one of these (all if none).

    `method` itself is not among it.
    """
    tables = {name: method_parameters(name) for name in methods or METHODS}
    return CaptureSettings.table() + method_tables(tables, ENGINE_PARAMETERS)


def pipeline_parameters(*methods: str) -> ParameterTable:
    """The same with what says how frames behind a rotating filter are collected."""
    return separation_parameters(*methods) + RotatingSettings.table().prefixed("rotating")


def pipeline_from(values: Mapping[str, Value]) -> SeparationPipeline:
    """The pipeline that the node runs with these values: `SeparationPipeline.from_values`."""
    return SeparationPipeline.from_values(values)
