"""Which of the node's parameters the separation pipeline reads."""

from __future__ import annotations

from ..engines.settings import ENGINE_PARAMETERS
from ..parameters import ParameterTable
from ..ros.interface import method_tables
from .capture.images import CaptureSettings
from .capture.rotating_settings import RotatingSettings
from .methods import METHODS, method_parameters


def separation_parameters(*methods: str) -> ParameterTable:
    """What says how images are read and separated, where the method is one of these (all if none).

    `method` itself is not among it.
    """
    tables = {name: method_parameters(name) for name in methods or METHODS}
    return CaptureSettings.table() + method_tables(tables, ENGINE_PARAMETERS)


def pipeline_parameters(*methods: str) -> ParameterTable:
    """The same with what says how frames behind a rotating filter are collected."""
    return separation_parameters(*methods) + RotatingSettings.table().prefixed("rotating")
