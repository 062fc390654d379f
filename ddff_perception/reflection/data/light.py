"""The light on both sides of a batch of surfaces: two pictures, their range, abrupt reflections.

Views are turned by any angle, shown from near or far, and may have what rooms have: shadows and
walls with sharp edges, lamps, and grain as fine as the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .draws import Draws
from .settings import LightSettings

_BLUR_RADIUS = 12
_SHAPES = 3
_LAMPS = 2


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """`zoom`: smallest and largest scale of the pictures. `upright`: share turned by quarters only.
    `shapes`: share of views with shadows and walls, `lamps`: with lamps, `grain`: with grain, whose
    relative standard deviation is drawn from `grain_range`. `stretched`: share of reflected views
    that are up to `stretch` times as long as wide, as bent glass shows them.
    """

    zoom: tuple[float, float] = (0.4, 2.0)
    upright: float = 0.6
    shapes: float = 0.35
    lamps: float = 0.15
    grain: float = 0.4
    grain_range: tuple[float, float] = (0.02, 0.3)
    stretched: float = 0.3
    stretch: float = 6.0


def layers_of_light(
    draws: Draws,
    pictures: Tensor,
    size: int,
    grey: bool,
    settings: LightSettings,
    scenes: SceneSettings,
) -> tuple[Tensor, Tensor]:
    """Radiance behind and before the surfaces, each B x C x size x size, linear; C is 1 or 3.

    `pictures`: N x 3 x P x P on the device, linear.
    """
    first = draws.integers(len(pictures))
    second = (first + 1 + draws.integers(max(1, len(pictures) - 1))) % len(pictures)
    weights = _grey_weights(draws) if grey else None
    even = torch.ones(draws.batch, device=draws.device)
    stretch = torch.where(
        draws.chance(scenes.stretched), draws.logarithmic(1.0, scenes.stretch), even
    )
    behind, before = (
        _view(draws, pictures[numbers].float(), size, weights, scenes, longer)
        for numbers, longer in ((first, even), (second, stretch))
    )
    most = settings.dynamic_range
    ratio = _per_sample(draws.logarithmic(1 / most, most))
    behind, before = behind / torch.sqrt(ratio), before * torch.sqrt(ratio)
    behind, before = _abrupt(draws, behind, before, settings.abrupt)
    dark, which = draws.chance(settings.dark), draws.chance(0.5)
    before = before * _per_sample(torch.where(dark & which, 0.02, 1.0))
    behind = behind * _per_sample(torch.where(dark & ~which, 0.02, 1.0))
    return behind, before


def _per_sample(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def _grey_weights(draws: Draws) -> Tensor:
    """B x 3 from a Dirichlet distribution with parameters 2: sums of two exponential numbers."""
    parts = -torch.log(draws.uniform(1e-6, 1.0, 3) * draws.uniform(1e-6, 1.0, 3))
    return parts / parts.sum(dim=1, keepdim=True)


def _abrupt(draws: Draws, behind: Tensor, before: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Where a sample is drawn, one layer is zero where it is dim."""
    limit = (behind + before).mean(dim=(1, 2, 3), keepdim=True)
    limit = limit * _per_sample(draws.uniform(0.5, 1.0))
    drawn, reflected = draws.chance(share), draws.chance(0.7)

    def cut(layer: Tensor, chosen: Tensor) -> Tensor:
        dim = layer.mean(dim=1, keepdim=True) < limit
        return layer.masked_fill(dim & _per_sample(chosen), 0.0)

    return cut(behind, drawn & ~reflected), cut(before, drawn & reflected)


def _view(
    draws: Draws,
    pictures: Tensor,
    size: int,
    weights: Tensor | None,
    scenes: SceneSettings,
    stretch: Tensor,
) -> Tensor:
    """A random part of each picture, `stretch` (B) times as long as wide; its brightest values but
    for lamps are about 1.
    """
    if weights is not None:
        pictures = (pictures * weights[:, :, None, None]).sum(dim=1, keepdim=True)
    view = _parts(draws, pictures, size, scenes, stretch)
    view = _out_of_focus(view, draws.uniform(0.5, 4.0), draws.chance(0.3))
    light = F.interpolate(
        draws.uniform(0.25, 1.0, 1, 3, 3), (size, size), mode="bicubic", align_corners=False
    )
    view = view * torch.where(_per_sample(draws.chance(0.4)), light, 1.0)
    gamma = torch.where(draws.chance(0.3), draws.uniform(0.7, 1.6), 1.0)
    view = torch.pow(view.clamp(min=1e-6), _per_sample(gamma))
    view = view * _shadows(draws, size, scenes.shapes)
    view = view / _per_sample(_brightest(view, 0.99).clamp(min=1e-3))
    mask, brightness = _lamps(draws, size, scenes.lamps)
    view = view + mask * (brightness - view)
    low, high = scenes.grain_range
    grain = torch.where(draws.chance(scenes.grain), draws.logarithmic(low, high), 0.0)
    noise = draws.normal(len(view), 1, size, size)
    return (view * (1 + _per_sample(grain) * noise)).clamp(min=0)


def _brightest(view: Tensor, share: float) -> Tensor:
    return torch.quantile(view[:, :, ::4, ::4].flatten(1), share, dim=1)


def _parts(
    draws: Draws, pictures: Tensor, size: int, scenes: SceneSettings, stretch: Tensor
) -> Tensor:
    """Parts of the pictures, turned, mirrored and scaled; sampled twice as fine, then averaged."""
    extent = (size / draws.logarithmic(*scenes.zoom) / pictures.shape[-1]).clamp(max=1.0)
    quarter = torch.pi / 2 * draws.integers(4)
    angle = torch.where(draws.chance(scenes.upright), quarter, draws.uniform(-torch.pi, torch.pi))
    mirror = torch.where(draws.chance(0.5), -1.0, 1.0)
    cosine, sine = extent * torch.cos(angle), extent * torch.sin(angle)
    x, y = ((1 - extent) * draws.uniform(-1, 1) for _ in range(2))
    places = torch.stack(
        [
            torch.stack([mirror * cosine, -sine / stretch, x], dim=1),
            torch.stack([mirror * sine, cosine / stretch, y], dim=1),
        ],
        dim=1,
    )
    shape = [len(pictures), pictures.shape[1], 2 * size, 2 * size]
    grid = F.affine_grid(places, shape, align_corners=False)
    parts = F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    return F.avg_pool2d(parts, 2)


def _out_of_focus(view: Tensor, deviation_px: Tensor, blurred: Tensor) -> Tensor:
    """Gaussian blur of the samples that are `blurred`."""
    batch, channels, height, width = view.shape
    radius = min(_BLUR_RADIUS, height - 1)
    steps = torch.arange(-radius, radius + 1, device=view.device, dtype=view.dtype)
    deviation = torch.where(blurred, deviation_px, 1e-3)[:, None]
    kernel = torch.exp(-0.5 * (steps / deviation).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
    groups = batch * channels
    flat = F.pad(view.reshape(1, groups, height, width), [radius] * 4, mode="reflect")
    flat = F.conv2d(flat, kernel.view(groups, 1, -1, 1), groups=groups)
    flat = F.conv2d(flat, kernel.view(groups, 1, 1, -1), groups=groups)
    return flat.view(batch, channels, height, width)


def _masks(draws: Draws, size: int, count: int, low: float, high: float, planes: float) -> Tensor:
    """B x count x S x S: 1 in rectangles, discs and (share `planes`) half planes, 0 outside, with
    edges a pixel wide. `low`, `high`: of their half sizes, of half the view.
    """
    steps = torch.linspace(-1, 1, size, device=draws.device)
    x = steps.view(1, 1, 1, -1) - draws.uniform(-1, 1, count, 1, 1)
    y = steps.view(1, 1, -1, 1) - draws.uniform(-1, 1, count, 1, 1)
    upright = draws.chance(0.5, count, 1, 1)
    angle = torch.where(upright, 0.0, draws.uniform(-torch.pi, torch.pi, count, 1, 1))
    along = torch.cos(angle) * x + torch.sin(angle) * y
    across = torch.cos(angle) * y - torch.sin(angle) * x
    width = draws.logarithmic(low, high, count, 1, 1)
    height = draws.logarithmic(low, high, count, 1, 1)
    inside = torch.minimum(width - along.abs(), height - across.abs())
    disc = width - torch.sqrt(along.square() + across.square())
    inside = torch.where(draws.chance(0.3, count, 1, 1), disc, inside)
    inside = torch.where(draws.chance(planes, count, 1, 1), along, inside)
    return (0.5 + inside * (size / 2)).clamp(0, 1)


def _shadows(draws: Draws, size: int, share: float) -> Tensor:
    """B x 1 x S x S: how much light falls on what a view shows."""
    masks = _masks(draws, size, _SHAPES, 0.1, 1.2, 0.4)
    light = torch.exp(draws.uniform(-3.0, 0.5, _SHAPES, 1, 1))
    drawn = draws.chance(share, 1, 1, 1) & draws.chance(0.7, _SHAPES, 1, 1)
    return torch.where(drawn, 1 + (light - 1) * masks, 1.0).prod(dim=1, keepdim=True)


def _lamps(draws: Draws, size: int, share: float) -> tuple[Tensor, Tensor]:
    """Where lamps are and how bright, each B x 1 x S x S (or B x 1 x 1 x 1)."""
    masks = _masks(draws, size, _LAMPS, 0.02, 0.2, 0.0) * draws.chance(share, 1, 1, 1)
    return masks.amax(dim=1, keepdim=True), _per_sample(draws.logarithmic(0.7, 3.0))
