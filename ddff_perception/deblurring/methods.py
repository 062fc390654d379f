"""Ways from a burst to a sharp frame."""

from __future__ import annotations

from ..methods import MethodEntry, Methods
from .classical.blind import BlindSettings, blind
from .classical.fourier_accumulation import AccumulationSettings, average, fba
from .classical.known_kernel import (
    RichardsonLucySettings,
    WienerSettings,
    richardson_lucy,
    wiener,
)
from .learned.burst_stream import PARTS, BurstStreamSettings, burst_stream

METHODS = Methods(
    fba=MethodEntry(
        "every frequency from the frames in which it is strongest (Delbracio and Sapiro 2015): "
        "the default",
        fba,
        AccumulationSettings,
    ),
    average=MethodEntry("mean of the aligned frames", average),
    wiener=MethodEntry(
        "the newest frame by Wiener's filter for a known blur", wiener, WienerSettings
    ),
    richardson_lucy=MethodEntry(
        "the newest frame by Richardson-Lucy with total variation for a known blur",
        richardson_lucy,
        RichardsonLucySettings,
    ),
    blind=MethodEntry(
        "the newest frame by a kernel found in its own edges (after Cho and Lee 2009)",
        blind,
        BlindSettings,
    ),
    burst_stream=MethodEntry(
        "a network that keeps what it found in each frame and weighs it pixel by pixel; needs an "
        "engine",
        burst_stream,
        BurstStreamSettings,
        network=True,
        parts=PARTS,
    ),
)

ALONE = frozenset({"wiener", "richardson_lucy", "blind"})
"""Those that take the newest frame alone: the others need not be laid over it."""
