"""Surfaces that differ from pixel to pixel: dust and prints on glass, and a path tracer's grain.

A path tracer splits the light of each pixel among the ways through a pane at random, so that each
way's share is a count; dirt does alike. What a pixel says of the polarization is then off by more
than the camera's noise, most of all near grazing incidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .draws import Draws

# Of s and p polarized light, each B x 1 x S x S.
Shares = tuple[Tensor, ...]
# Grain is as coarse as that of a path tracer with so many samples per pixel, least and most.
_SAMPLES = (24.0, 2000.0)


@dataclass(frozen=True)
class Grain:
    """`samples`: B x 1 x 1 x 1, infinite of clean surfaces. `noise`: 4 x B x 1 x S x S, normal: of
    the first face's reflection, the second's, the straight way through, and the others.
    """

    samples: Tensor
    noise: Tensor

    def applied(self, face: Shares, total: Shares) -> tuple[Shares, Shares, Shares]:
        """What the first face reflects, what the second adds and what passes, (s, p) of each, from
        the reflectances of one `face` and the `total` ones.
        """
        added = tuple(t - f for t, f in zip(total, face, strict=True))
        straight = tuple(1 - f - a * (1 + f) for f, a in zip(face, added, strict=True))
        rest = tuple(a * f for f, a in zip(face, added, strict=True))
        first, second, direct, rest = (
            self._grainy(n, shares) for n, shares in enumerate((face, added, straight, rest))
        )
        return first, second, tuple(d + r for d, r in zip(direct, rest, strict=True))

    def _grainy(self, number: int, shares: Shares) -> Shares:
        """A binomial count's relative deviation, Gaussian and never below nothing."""
        mean = ((shares[0] + shares[1]) / 2).clamp(min=1e-4)
        deviation = torch.sqrt((1 - mean).clamp(min=0) / (mean * self.samples))
        factor = (1 + deviation * self.noise[number]).clamp(min=0)
        return tuple(share * factor for share in shares)


def random_grain(draws: Draws, size: int, share: float) -> Grain:
    """Grain in `share` of the samples."""
    samples = draws.logarithmic(*_SAMPLES)
    samples = torch.where(draws.chance(share), samples, torch.inf)
    noise = draws.normal(4, draws.batch, 1, size, size)
    return Grain(samples.view(-1, 1, 1, 1), noise)
