"""Ways from a degraded image to a restored one."""

from __future__ import annotations

from ..methods import MethodEntry, Methods
from .classical.adaptive import AdaptiveSettings, adaptive
from .classical.denoising import (
    NonLocalSettings,
    ShrinkageSettings,
    TotalVariationSettings,
    nonlocal_means,
    shrinkage,
    total_variation,
)
from .classical.known_blur import (
    RichardsonLucySettings,
    WienerSettings,
    richardson_lucy,
    wiener,
)
from .learned.restore_stream import PARTS, RestoreStreamSettings, restore_stream

METHODS = Methods(
    adaptive=MethodEntry(
        "what is seen to be wrong is undone: bilinear demosaicking along edges, noise and JPEG by "
        "shrinking cosine coefficients, blur by Wiener's filter: the default",
        adaptive,
        AdaptiveSettings,
    ),
    shrinkage=MethodEntry(
        "noise alone by shrinking cosine coefficients in overlapping blocks (Yu and Sapiro 2011)",
        shrinkage,
        ShrinkageSettings,
    ),
    total_variation=MethodEntry(
        "noise alone by least total variation (Rudin, Osher and Fatemi 1992)",
        total_variation,
        TotalVariationSettings,
    ),
    nonlocal_means=MethodEntry(
        "noise alone by the mean of like patches (Buades et al. 2005); slow",
        nonlocal_means,
        NonLocalSettings,
    ),
    wiener=MethodEntry(
        "blur alone by Wiener's filter for a Gaussian, given or seen, or a kernel of one's own",
        wiener,
        WienerSettings,
    ),
    richardson_lucy=MethodEntry(
        "blur alone by Richardson-Lucy with total variation, for the same; slow",
        richardson_lucy,
        RichardsonLucySettings,
    ),
    restore_stream=MethodEntry(
        "a small network that betters adaptive where noise is strong or JPEG coarse; needs an "
        "engine",
        restore_stream,
        RestoreStreamSettings,
        network=True,
        parts=PARTS,
    ),
)
