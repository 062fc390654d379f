"""Ways from one image to its defocus."""

from __future__ import annotations

from ..methods import MethodEntry, Methods
from .classical.edges import EdgeSettings, edges

METHODS = Methods(
    edges=MethodEntry(
        "blur at edges by the ratio of two re-blurs, brought to every pixel along what looks alike "
        "(after Zhuo and Sim 2011): the default",
        edges,
        EdgeSettings,
    ),
)
