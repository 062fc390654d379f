"""Ways from one image to its defocus."""

from __future__ import annotations

from ..methods import MethodEntry, Methods
from .classical.edges import EdgeSettings, edges
from .learned.defocus_light import DefocusLightSettings, defocus_light

METHODS = Methods(
    edges=MethodEntry(
        "blur at edges by the ratio of two re-blurs, brought to every pixel along what looks alike "
        "(after Zhuo and Sim 2011): the default",
        edges,
        EdgeSettings,
    ),
    defocus_light=MethodEntry(
        "the network DefocusLight, trained by oneself (no weights ship); needs an engine",
        defocus_light,
        DefocusLightSettings,
        network=True,
    ),
)
