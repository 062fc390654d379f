"""Clean batches made worse: one degradation, several in random order, or a user's own."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from ...training.degradation import (
    blurred,
    demosaicked,
    gaussian_kernels,
    jpeg,
    levels,
    linear,
    noisy,
    shake_kernels,
    smaller,
    srgb,
)
from ...types import InputError

Degrade = Callable[[Tensor], tuple[Tensor, Tensor]]
"""B x 3 x H x W in 0..1, encoded, to the same degraded, and B x 4: how strong each of
`networks.restore_stream.KINDS` is.
"""

_READ, _BLUR_PX, _MOTION_PX = 6.0, 6.0, 15
# How often 0, 1, 2 and 3 degradations meet: most images suffer from one most of all.
_SHARES = torch.tensor((0.05, 0.55, 0.25, 0.15))


def _told(values: Tensor, kind: int, strength: Tensor | float) -> Tensor:
    found = torch.zeros(len(values), 4)
    found[:, kind] = strength
    return found


def _noise(values: Tensor, light: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Photons of `light` (decades of electrons at white) and read noise, in linear light."""
    well = 10 ** torch.empty(len(values)).uniform_(*light)
    found = srgb(noisy(linear(values), well, _READ / well))
    return found, _told(values, 0, ((4.5 - well.log10()) / 2.5).clamp(0, 1))


def _even_noise(values: Tensor, sigmas: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Of one strength in encoded values (`sigmas`: in 8-bit steps), as published sets have it."""
    drawn = torch.empty(len(values)).uniform_(*sigmas)
    found = values + torch.randn_like(values) * (drawn / 255)[:, None, None, None]
    return found.clamp(0, 1), _told(values, 0, drawn / sigmas[1])


def _gaussian(values: Tensor, sigmas: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """In encoded values and with 8 sigma + 1 pixels, as the thesis has it."""
    drawn = torch.empty(len(values)).uniform_(*sigmas)
    kernels = gaussian_kernels(drawn, 2 * round(4 * sigmas[1]) + 1)
    return _convolved(values, kernels), _told(values, 1, drawn / _BLUR_PX)


def _convolved(values: Tensor, kernels: Tensor) -> Tensor:
    # Mirrored borders need more pixels than the kernel's half.
    largest = 2 * (min(values.shape[-2:]) - 1) + 1
    if kernels.shape[-1] > largest:
        cut = (kernels.shape[-1] - largest) // 2
        kernels = kernels[:, cut:-cut, cut:-cut]
        kernels = kernels / kernels.sum((1, 2), keepdim=True)
    return blurred(values, kernels)


def _motion(values: Tensor) -> tuple[Tensor, Tensor]:
    light = blurred(linear(values), shake_kernels(len(values), _MOTION_PX))
    return srgb(light), _told(values, 1, 0.5)


def _jpeg(values: Tensor, qualities: tuple[int, int]) -> tuple[Tensor, Tensor]:
    quality = int(torch.randint(qualities[0], qualities[1] + 1, ()))
    return jpeg(values, quality), _told(values, 2, (100 - quality) / 90)


def _mosaic(values: Tensor) -> tuple[Tensor, Tensor]:
    return demosaicked(values), _told(values, 3, 0.25)


def _small(values: Tensor, factors: tuple[int, int]) -> tuple[Tensor, Tensor]:
    factor = int(torch.randint(factors[0], factors[1] + 1, ()))
    return smaller(values, factor), _told(values, 3, factor / 4)


SINGLE: Mapping[str, Degrade] = {
    **{f"blur_{n}": partial(_gaussian, sigmas=(float(n), float(n))) for n in (2, 4, 6)},
    "blur": partial(_gaussian, sigmas=(0.8, 4.0)),
    "motion": _motion,
    "noise": partial(_noise, light=(2.7, 4.5)),
    "even_noise": partial(_even_noise, sigmas=(2.0, 50.0)),
    "low_light": partial(_noise, light=(2.0, 2.7)),
    "demosaicking": _mosaic,
    "jpeg": partial(_jpeg, qualities=(10, 80)),
    "small": partial(_small, factors=(2, 4)),
}
"""The degradations by name. `blur_2`, `blur_4` and `blur_6` are the thesis'."""
_KINDS = (
    ("blur", "motion"),
    ("noise", "low_light", "even_noise"),
    ("demosaicking", "small"),
    ("jpeg",),
)


def mixed(values: Tensor, kinds: Sequence[Sequence[str]] = _KINDS) -> tuple[Tensor, Tensor]:
    """One degradation or several of different kinds, in random order; now and then none."""
    strengths = torch.zeros(len(values), 4)
    count = int(torch.multinomial(_SHARES, 1))
    for kind in torch.randperm(len(kinds))[:count].tolist():
        names = kinds[kind]
        values, told = SINGLE[names[int(torch.randint(len(names), ()))]](values)
        strengths = torch.maximum(strengths, told)
    return values, strengths


_GRAIN = (_KINDS[1], ("demosaicking",), ("jpeg",))
MIXED: Mapping[str, Degrade] = {"mixed": mixed, "grain": partial(mixed, kinds=_GRAIN)}
"""Several at a time: all, and what leaves an image sharp."""


def degradation(name: str) -> Degrade:
    """One of `MIXED`, one of `SINGLE`, or a user's own as `package.module:function`: B x 3 x H x W
    in 0..1 (BGR as a camera encodes it) to the same, degraded; by torch's random numbers.

    Raises InputError where there is none, or it cannot be imported.
    """
    if name in (known := {**MIXED, **SINGLE}):
        return known[name]
    module, colon, function = name.partition(":")
    if not colon:
        raise InputError(
            f"there is no degradation {name!r}; there are: {', '.join(known)}, and "
            "package.module:function"
        )
    try:
        own = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"the degradation {name} cannot be imported: {error}") from error
    return partial(_own, own, name)


def _own(function: Callable[[Tensor], Tensor], name: str, values: Tensor) -> tuple[Tensor, Tensor]:
    found = function(values)
    if not isinstance(found, Tensor) or found.shape != values.shape:
        raise InputError(f"the degradation {name} gives no images of the size of its own")
    return found, torch.zeros(len(values), 4)


def as_seen(values: Tensor, degrade: Degrade) -> tuple[Tensor, Tensor]:
    """Degraded, in the steps of 8 bits."""
    found, strengths = degrade(values)
    return levels(found), strengths
