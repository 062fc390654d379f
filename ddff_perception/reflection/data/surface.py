"""The surfaces of a batch: geometry, index, and the ghost of the second face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .draws import Draws
from .settings import SurfaceSettings

_RADIANS = torch.pi / 180
_MOST_DEG = 85.0
# Parabolas are drawn this often for one that glass can have, and judged at so many points.
_TRIES = 20
_POINTS = 17
_PARABOLAS = 0.4
_STEEP_DEG = 55.0


@dataclass(frozen=True)
class Surfaces:
    """`incidence`, `perpendicular` (radians): B x 1 x S x S. `index`, `pane` (1 or 0): B x 1 x 1
    x 1.
    `ghost_px`: B x 2, (x, y) that the second face shifts its reflection. `glass`: B x 1 x S x S,
    1 where there is a surface and 0 past its border.
    """

    incidence: Tensor
    perpendicular: Tensor
    index: Tensor
    pane: Tensor
    ghost_px: Tensor
    glass: Tensor


def random_surfaces(draws: Draws, size: int, settings: SurfaceSettings, steep: float) -> Surfaces:
    """One surface per sample. `steep`: share whose incidence is drawn from its steep part, which
    would be rare otherwise.
    """
    low, high = settings.incidence_deg
    incidence = draws.uniform(low, high)
    above = draws.uniform(min(max(low, _STEEP_DEG), high), high)
    incidence = torch.where(draws.chance(steep), above, incidence)
    # All around: half of it would let the incidence rise to one side of the images only.
    axis = draws.uniform(0, 2 * torch.pi)
    view = torch.exp(draws.uniform(torch.log(torch.tensor(2.0)), torch.log(torch.tensor(40.0))))
    curved = draws.chance(settings.curved)
    bend = torch.where(curved, draws.uniform(-20, 20), 0.0)
    found, axes = pane_views(size, view, incidence, axis, bend)
    rounded = parabola_incidence(*_random_parabolas(draws), _across(size, axis))
    parabola = (curved & draws.chance(_PARABOLAS)).view(-1, 1, 1)
    found = torch.where(parabola, rounded.clamp(max=_MOST_DEG * _RADIANS), found)
    axes = torch.where(parabola, axis.view(-1, 1, 1), axes)
    pane = ~draws.chance(settings.face)
    shift = draws.uniform(0, settings.ghost_px) * pane
    across = axes[:, size // 2, size // 2] + torch.pi / 2
    index = torch.where(pane, draws.uniform(1.45, 1.55), draws.uniform(1.3, 1.55))
    return Surfaces(
        found[:, None],
        axes[:, None],
        index.view(-1, 1, 1, 1),
        pane.float().view(-1, 1, 1, 1),
        torch.stack([shift * torch.cos(across), shift * torch.sin(across)], dim=1),
        _within(draws, size, settings.bordered)[:, None],
    )


def _within(draws: Draws, size: int, share: float) -> Tensor:
    """B x S x S: 1 on one side of a straight border, 0 on the other, in `share` of the views."""
    steps = torch.linspace(-1, 1, size, device=draws.device)
    angle = draws.uniform(0, 2 * torch.pi)
    cosine, sine = torch.cos(angle).view(-1, 1, 1), torch.sin(angle).view(-1, 1, 1)
    place = cosine * steps.view(1, 1, -1) + sine * steps.view(1, -1, 1)
    at = torch.where(draws.chance(share), draws.uniform(0.0, 1.2), torch.inf).view(-1, 1, 1)
    return (0.5 + (at - place) * (size / 2)).clamp(0, 1)


def pane_views(
    size: int, view_deg: Tensor, incidence_deg: Tensor, axis: Tensor, bend_deg: Tensor
) -> tuple[Tensor, Tensor]:
    """`optics.pane_geometry.pane_view` of B square views: incidence and axis, radians, B x S x S.

    `view_deg`, `incidence_deg`, `axis` (radians), `bend_deg`: B.
    """
    steps = torch.arange(size, device=axis.device, dtype=axis.dtype) - (size - 1) / 2
    reach = (torch.tan(view_deg * _RADIANS / 2) / (size / 2)).view(-1, 1, 1)
    x = (steps.view(1, 1, -1) * reach).expand(-1, size, -1)
    y = (steps.view(1, -1, 1) * reach).expand(-1, -1, size)
    rays = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    rays = rays / rays.norm(dim=-1, keepdim=True)
    angle = incidence_deg * _RADIANS
    zero, one = torch.zeros_like(axis), torch.ones_like(axis)
    across = torch.stack([torch.cos(axis), torch.sin(axis), zero], dim=-1)
    forward = torch.stack([zero, zero, one], dim=-1)
    sideways = torch.linalg.cross(across, forward)
    normal = torch.cos(angle)[:, None] * forward + torch.sin(angle)[:, None] * sideways
    along = torch.linalg.cross(across, normal)
    least = torch.cos(torch.tensor(_MOST_DEG * _RADIANS))
    facing = (rays * normal[:, None, None]).sum(dim=-1)
    depth = normal[:, 2].view(-1, 1, 1) / facing.clamp(min=float(least))
    from_centre = rays * depth[..., None] - forward[:, None, None]
    place = (from_centre * along[:, None, None]).sum(dim=-1)
    furthest = place.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1e-9)
    turn = (bend_deg.view(-1, 1, 1) * _RADIANS * place / furthest)[..., None]
    normals = torch.cos(turn) * normal[:, None, None] - torch.sin(turn) * along[:, None, None]
    cosine = (rays * normals).sum(dim=-1)
    sideways = torch.linalg.cross(rays, normals)
    middle = axis.view(-1, 1, 1)
    axes = torch.atan2(sideways[..., 1], sideways[..., 0]) - middle
    axes = middle + torch.remainder(axes + torch.pi / 2, torch.pi) - torch.pi / 2
    found = torch.atan2(sideways.norm(dim=-1), cosine)
    return found.clamp(max=_MOST_DEG * _RADIANS), axes


def parabola_incidence(camera: Tensor, segment: Tensor, share: Tensor) -> Tensor:
    """Incidence (radians) of the rays from `camera` (B x 2) to the profile y = x^2, where `share`
    (B x ...) of the way from the start of `segment` (B x 2) to its end.
    """
    shape = (-1, *[1] * (share.ndim - 1))
    xc, yc = camera[:, 0].view(shape), camera[:, 1].view(shape)
    x = segment[:, 0].view(shape) + (segment[:, 1] - segment[:, 0]).view(shape) * share
    above = (xc - x) + 2 * x * (yc - x**2)
    below = (yc - x**2) - 2 * x * (xc - x)
    return torch.atan2(above.abs(), below.abs())


def _across(size: int, axis: Tensor) -> Tensor:
    """B x S x S: place across `axis` (radians), 0..1 along the diagonal."""
    steps = torch.arange(size, device=axis.device, dtype=axis.dtype) - (size - 1) / 2
    cosine, sine = torch.cos(axis).view(-1, 1, 1), torch.sin(axis).view(-1, 1, 1)
    across = cosine * steps.view(1, -1, 1) - sine * steps.view(1, 1, -1)
    return 0.5 + across / (size * 2**0.5)


def _random_parabolas(draws: Draws) -> tuple[Tensor, Tensor]:
    """Cameras and segments, each B x 2: of _TRIES draws the first whose incidence has a spread that
    glass has, else the last.
    """
    start, length = draws.uniform(-1.5, 1.5, _TRIES), draws.uniform(0.1, 1.0, _TRIES)
    away = draws.uniform(0.5, 4.0, _TRIES)
    away = torch.where(draws.chance(0.5, _TRIES), away, -away)
    middle = start + length / 2
    turn = draws.uniform(-80, 80, _TRIES) * _RADIANS
    longer = torch.sqrt(1 + 4 * middle**2)
    nx, ny = -2 * middle / longer, 1 / longer
    x = middle + away * (torch.cos(turn) * nx + torch.sin(turn) * ny)
    y = middle**2 + away * (torch.cos(turn) * ny - torch.sin(turn) * nx)
    camera, segment = torch.stack([x, y], dim=-1), torch.stack([start, start + length], dim=-1)
    shares = torch.linspace(0, 1, _POINTS, device=x.device, dtype=x.dtype)
    seen = parabola_incidence(
        camera.view(-1, 2), segment.view(-1, 2), shares.expand(x.numel(), -1)
    ).view(*x.shape, _POINTS)
    most, least = seen.amax(dim=-1), seen.amin(dim=-1)
    good = (most - least < 45 * _RADIANS) & (most < 84 * _RADIANS)
    good[:, -1] = True
    first = good.float().argmax(dim=1)
    rows = torch.arange(len(first), device=first.device)
    return camera[rows, first], segment[rows, first]
