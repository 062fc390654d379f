"""Which parameters the pipeline reads, and which what lays whole recordings over each other."""

from __future__ import annotations

from ..parameters import ParameterTable
from .matching.settings import FollowSettings, MatchSettings, TourSettings
from .matching.smoothing import SmoothingSettings
from .methods import METHODS
from .pipeline import RouteSettings


def pipeline_parameters(*methods: str) -> ParameterTable:
    """Those of the node, where the method is one of these (all if none)."""
    return RouteSettings.table() + _matching(FollowSettings) + METHODS.parameters(*methods)


def recording_parameters(*methods: str) -> ParameterTable:
    """Those of `ddff align match`."""
    return _matching(TourSettings) + METHODS.parameters(*methods)


def _matching(settings: type[MatchSettings]) -> ParameterTable:
    smoothing = SmoothingSettings.table().prefixed("smoothing")
    return settings.table().prefixed("matching") + smoothing
