"""Which of the node's parameters the pipeline reads."""

from __future__ import annotations

from ..parameters import ParameterTable
from .matching.settings import MatchSettings
from .matching.smoothing import SmoothingSettings
from .methods import METHODS
from .pipeline import RouteSettings


def matching_parameters() -> ParameterTable:
    """What says how a path is sought and smoothed."""
    smoothing = SmoothingSettings.table().prefixed("smoothing")
    return MatchSettings.table().prefixed("matching") + smoothing


def pipeline_parameters(*methods: str) -> ParameterTable:
    """All of them, where the method is one of these (all if none)."""
    return RouteSettings.table() + matching_parameters() + METHODS.parameters(*methods)
