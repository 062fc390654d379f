"""Reflection separation: the methods by name, those without learning and the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from ..optics.polarization import stokes_from_images
from ..parameters import ParameterTable, Value
from ..types import InputError, LayerPair, PolarizedImages
from .classical.independent_components import ICA_PARAMETERS, farid_adelson
from .classical.patchwise import KONG_PARAMETERS, kong
from .classical.uniform import SCHECHNER_PARAMETERS, schechner
from .learned.network import NETWORK_PARAMETERS, network

Method = Callable[[PolarizedImages, Mapping[str, Value]], LayerPair]


def most_attenuated(images: PolarizedImages, values: Mapping[str, Value]) -> LayerPair:
    """Per pixel and channel, the darkest image that any polarizer angle gives.

    Takes all polarized light for reflected: transmission (s0 − √(s1² + s2²)) / 2, and what the
    mean over all angles has beyond that is reflection. What a photographer gets by turning the
    filter, but for every pixel by itself.

    Assumes: incidence near Brewster's angle, and reflections brighter than what lies behind. Where
    the transmitted layer is brighter, its light is the polarized one and loses instead.
    Ambiguity: none; scale as the input. No `values`. No confidence.
    Cost at 640 x 512: 2 ms grey, 6 ms colour (two cores of a server).
    """
    stokes = stokes_from_images(images.images, images.angles_deg)
    rows = (stokes.s0.shape[0], -1)
    polarized = cv2.magnitude(stokes.s1.reshape(rows), stokes.s2.reshape(rows))
    transmission = stokes.s0 - polarized.reshape(stokes.s0.shape)
    transmission *= np.float32(0.5)
    np.maximum(transmission, 0, out=transmission)
    reflection = stokes.s0 * np.float32(0.5)
    reflection -= transmission
    return LayerPair(transmission, np.maximum(reflection, 0, out=reflection))


METHODS: dict[str, Method] = {
    "most_attenuated": most_attenuated,
    "schechner": schechner,
    "kong": kong,
    "farid_adelson": farid_adelson,
    "network": network,
}
_PARAMETERS = {
    "most_attenuated": ParameterTable([]),
    "schechner": SCHECHNER_PARAMETERS,
    "kong": KONG_PARAMETERS,
    "farid_adelson": ICA_PARAMETERS,
    "network": NETWORK_PARAMETERS,
}


def separate(
    images: PolarizedImages, method: str, parameters: Mapping[str, Value] | None = None
) -> LayerPair:
    """The layers that `method` finds, with `parameters` checked and completed.

    Raises InputError on an unknown method or parameter, or a value out of range.
    """
    values = method_parameters(method).complete(parameters)
    return METHODS[method](images, values)


def method_parameters(name: str) -> ParameterTable:
    """The parameter table of the method `name`; raises InputError where there is none."""
    if name not in METHODS:
        raise InputError(f"there is no method {name!r}; there are: {', '.join(METHODS)}")
    return _PARAMETERS[name]
