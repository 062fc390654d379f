"""Ways from an RGB-D frame to labels: a network, and from depth alone without learning."""

from __future__ import annotations

from ..methods import MethodEntry, Methods
from .classical.rooms import PlanesSettings, planes
from .learned.fuse_light import FuseLightSettings, fuse_light

METHODS = Methods(
    auto=("fuse_light", "planes"),
    planes=MethodEntry(
        "floor, wall, ceiling, table and objects from depth alone (RANSAC)",
        planes,
        PlanesSettings,
    ),
    fuse_light=MethodEntry(
        "13 classes by a network that learned from rendered rooms; needs an engine and a model",
        fuse_light,
        FuseLightSettings,
        network=True,
    ),
)
