"""Which of the node's parameters the separation pipeline reads."""

from __future__ import annotations

from ..parameters import ParameterTable
from .capture.alignment import AlignmentSettings
from .capture.images import CaptureSettings
from .capture.rotating_settings import RotatingSettings
from .methods import METHODS


def separation_parameters(*methods: str) -> ParameterTable:
    """What says how images are read, laid over each other and separated, where the method is one of
    these (all if none).

    `method` itself is not among it.
    """
    return CaptureSettings.table() + AlignmentSettings.table() + METHODS.parameters(*methods)


def pipeline_parameters(*methods: str) -> ParameterTable:
    """The same with what says how frames behind a rotating filter are collected."""
    # Alignment was once that of a rotating filter alone.
    older = {f"rotating.{p.name}": p.name for p in AlignmentSettings.table()}
    rotating = RotatingSettings.table().prefixed("rotating")
    return separation_parameters(*methods) + ParameterTable(rotating, older)
