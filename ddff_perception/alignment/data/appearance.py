"""The same place at another time: light, season, people in the way, another camera's path."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..learned.encoder import MEAN, SCALE

_WORST_NOISE = 0.08
_ZOOM, _TURN_RAD, _SHIFT, _TILT = 0.16, 0.045, 0.1, 0.06
"""Standard deviations of how another drive or hand holds the camera: logarithm of the size, roll,
shift as a share of half the image, and perspective across it."""


def changed_appearance(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (n, 3, h, w) as the network takes them, each in other light: gamma, gain and colour,
    a slope of light across it, noise, grown over or snowed on in part, and up to two flat things
    before it.
    """
    count, _, height, width = images.shape
    shape = (count, 1, 1, 1)

    def uniform(low: float, high: float, size: tuple[int, ...] = shape) -> Tensor:
        return low + (high - low) * torch.rand(size, generator=generator)

    unit = (images / SCALE + MEAN).clamp(0, 255) / 255
    changed = _overgrown(unit, generator)
    changed = changed ** torch.exp(uniform(-0.7, 0.7))
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


def warped(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (n, 3, h, w) as a camera sees them that is held or driven a little otherwise: zoom,
    roll, shift and perspective; the border goes on outward.
    """
    count, _, height, width = images.shape

    def normal(deviation: float, *size: int) -> Tensor:
        return deviation * torch.randn((count, *size), generator=generator)

    zoom, roll, aspect = torch.exp(normal(_ZOOM)), normal(_TURN_RAD), width / height
    shift, tilt = normal(_SHIFT, 2), normal(_TILT, 2)
    rows = torch.stack(
        [
            torch.stack([zoom * roll.cos(), -zoom * roll.sin() / aspect, shift[:, 0]], dim=1),
            torch.stack([zoom * roll.sin() * aspect, zoom * roll.cos(), shift[:, 1]], dim=1),
            torch.stack([tilt[:, 0], tilt[:, 1], torch.ones(count)], dim=1),
        ],
        dim=1,
    )
    x, y = torch.linspace(-1, 1, width), torch.linspace(-1, 1, height)
    place = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(height, width)], dim=-1)
    seen = torch.einsum("nij,hwj->nhwi", rows, place)
    grid = seen[..., :2] / seen[..., 2:].clamp(min=0.5)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=True)


def _overgrown(images: Tensor, generator: torch.Generator) -> Tensor:
    """A third of them with patches of another season: leaves, snow or mud of one colour, with a
    texture, more of it toward the ground.
    """
    count, _, height, width = images.shape

    def draw(*size: int) -> Tensor:
        return torch.rand(size, generator=generator)

    field = F.interpolate(draw(count, 1, 7, 9), (height, width), mode="bicubic")
    field = field + 0.4 * torch.linspace(-1, 1, height).view(1, 1, height, 1)
    there = (field > 0.5 + 0.5 * draw(count, 1, 1, 1)) & (draw(count, 1, 1, 1) < 1 / 3)
    texture = 0.7 + 0.6 * draw(count, 1, height, width)
    opacity = 0.4 + 0.5 * draw(count, 1, 1, 1)
    grown = (1 - opacity) * images + opacity * draw(count, 3, 1, 1) * texture
    return torch.where(there, grown.clamp(0, 1), images)


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
