"""Ways from an RGB-D frame to labels: from depth alone without learning."""

from __future__ import annotations

from ..methods import MethodEntry, Methods
from .classical.rooms import PlanesSettings, planes

METHODS = Methods(
    planes=MethodEntry(
        "floor, wall, ceiling, table and objects from depth alone (RANSAC): the default",
        planes,
        PlanesSettings,
    ),
)
