"""The same place at another time: light, colour, noise, people and things in the way."""

from __future__ import annotations

import torch
from torch import Tensor

from ..learned.encoder import MEAN, SCALE

_WORST_NOISE = 0.08


def changed_appearance(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (n, 3, h, w) as the network takes them, each in other light: gamma, gain and colour,
    a slope of light across it, noise, and up to two flat things before it.
    """
    count, _, height, width = images.shape
    shape = (count, 1, 1, 1)

    def uniform(low: float, high: float, size: tuple[int, ...] = shape) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=generator)

    unit = (images / SCALE + MEAN).clamp(0, 255) / 255
    changed = unit ** torch.exp(uniform(-0.7, 0.7))
    changed = changed * uniform(0.5, 1.3) * uniform(0.8, 1.2, (count, 3, 1, 1))
    across = torch.linspace(-1, 1, width).view(1, 1, 1, width)
    upward = torch.linspace(-1, 1, height).view(1, 1, height, 1)
    changed = changed * (1 + uniform(-0.4, 0.4) * across + uniform(-0.3, 0.3) * upward)
    for _ in range(2):
        changed = _covered(changed, generator)
    changed = changed + _WORST_NOISE * uniform(0, 1) * torch.randn(
        images.shape, generator=generator
    )
    return (changed.clamp(0, 1) * 255 - MEAN) * SCALE


def _covered(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of them behind a box of one colour that reaches from the ground up, as people do."""
    count, _, height, width = images.shape

    def draw(*size: int) -> Tensor:
        return torch.rand(size, generator=generator)

    x, wide = draw(count, 1, 1, 1) * width, (0.05 + 0.2 * draw(count, 1, 1, 1)) * width
    top = (0.2 + 0.7 * draw(count, 1, 1, 1)) * height
    columns = torch.arange(width).view(1, 1, 1, width)
    rows = torch.arange(height).view(1, 1, height, 1)
    inside = ((columns - x).abs() < wide / 2) & (rows > top) & (draw(count, 1, 1, 1) < 0.5)
    return torch.where(inside, draw(count, 3, 1, 1), images)
