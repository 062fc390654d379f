"""The separation pipeline by the node's parameters: what it takes, and one made from values."""

from __future__ import annotations

from collections.abc import Mapping

from ..engines.settings import ENGINE_PARAMETERS
from ..parameters import ParameterTable, Value, group
from ..ros.interface import method_tables
from .capture.images import CaptureSettings
from .capture.rotating_settings import RotatingSettings
from .methods import METHODS, method_parameters
from .pipeline import SeparationPipeline


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
    """The pipeline that the node runs with these values, by its own names; defaults elsewhere.

    Raises InputError where they do not fit.
    """
    return SeparationPipeline(
        *method_values(values),
        capture=CaptureSettings.table().part(values),
        rotating=group(values, "rotating"),
        time_jump_s=float(str(values.get("time_jump_s", 1.0))),
    )


def method_values(values: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """The method and what it takes, of the node's values."""
    method = str(values.get("method", "most_attenuated"))
    engine = ENGINE_PARAMETERS.part(values) if METHODS[method].network else {}
    return method, group(values, method) | engine
