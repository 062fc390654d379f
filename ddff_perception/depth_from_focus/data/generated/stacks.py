"""Training stacks: sharp views with depth seen through random lenses in random sweeps.

What is drawn, beside the crop of a view (`view_pool.py`): the sweep's ends and the spacing of its
slices, the lens's aperture, focus breathing, small motion between slices, vignetting and the
camera's tone curve. Noise and JPEG come with a batch (`batches.py`), afresh each time. Everything
is on the views' device; random numbers are torch's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ....training.views.camera import developed
from ....training.views.defocus import seen_through_lens
from ....training.views.view_pool import TRACED_SHARE

# Sweeps mostly end close to the scene's nearest and farthest points, as people set them.
_MARGIN_POWER = 2.5
_BLUR_PER_SLICE_PX = 4.0
# Blur of the stacks of one batch differs by this much about their common one, in ln.
_BLUR_SPREAD = 0.2
# Of a sweep, in 1/m: a view of nothing but sky has no range of its own.
_LEAST_EXTENT = 0.01
# Radiance of the brightest lights, where the sensor saturates at 1.
_BRIGHTEST = 80.0


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What random stacks are drawn from.

    `height`, `width`: of stacks that are written to disk. `widest_px`: bounds of the blur disc at
    one end of the sweep for what is at its other end. `margin`: bounds of how far each end of the
    sweep lies beyond the scene, as a share of the scene's range. `irregular`, `moving`,
    `breathing`: shares of stacks with uneven spacing, motion between slices, and focus breathing.
    `slice_counts`: numbers of slices, each as often as it stands there. `closest`: of stacks that
    are written to disk, how small a pixel may be, in pixels of its view. `lights`: share of stacks
    with lights that saturate. `traced`: share of path-traced views, where there are any.
    """

    height: int = 192
    width: int = 256
    widest_px: tuple[float, float] = (3.0, 40.0)
    margin: tuple[float, float] = (-0.04, 0.6)
    irregular: float = 0.35
    moving: float = 0.25
    breathing: float = 0.2
    slice_counts: tuple[int, ...] = (5, 7, 8, 10, 12, 15)
    closest: float = 0.75
    lights: float = 0.0
    traced: float = TRACED_SHARE


@dataclass(frozen=True, slots=True)
class TrainingStacks:
    """`images`: B x S x 3 x H x W uint8 BGR without noise; `dioptres`: B x S float32, ascending;
    `truth`: B x H x W float32 inverse depth in 1/m; `blur_scale`: (B,) disc diameter in px per
    dioptre.
    """

    images: Tensor
    dioptres: Tensor
    truth: Tensor
    blur_scale: Tensor


def random_stacks(radiance: Tensor, truth: Tensor, settings: StackSettings) -> TrainingStacks:
    """Views (B x 3 x H x W linear BGR, saturating at 1; B x H x W in 1/m) through random lenses in
    random sweeps, all of one number of slices.
    """
    dioptres, blur_scale, widest = _sweeps(truth, settings)
    radiance = _with_lights(radiance, settings.lights)
    seen = seen_through_lens(radiance, truth, dioptres, blur_scale, widest)
    images = developed(_moved(seen, dioptres, settings))
    return TrainingStacks(images, dioptres, truth, blur_scale)


def _with_lights(radiance: Tensor, share: float) -> Tensor:
    """A few small lights, which lie on whatever is there, in a `share` of B x 3 x H x W."""
    height, width = radiance.shape[-2:]
    result = radiance
    for number in (torch.rand(len(radiance)) < share).nonzero()[:, 0].tolist():
        result = result.clone() if result is radiance else result
        for _ in range(int(torch.randint(1, 9, ()))):
            side = int(torch.randint(1, 5, ()))
            top, left = (int(torch.randint(length - side, ())) for length in (height, width))
            # Out of focus a light still saturates over its whole disc.
            colour = _BRIGHTEST ** torch.rand(()) * (0.6 + 0.4 * torch.rand(3, 1, 1))
            place = result[number, :, top : top + side, left : left + side]
            place += colour.to(place.device)
    return result


def _sweeps(truth: Tensor, settings: StackSettings) -> tuple[Tensor, Tensor, Tensor]:
    """Focus positions B x S ascending (1/m), blur scale (B,) and the widest disc (B,) of any."""
    count, device = len(truth), truth.device
    flat = truth.flatten(1)
    # torch.quantile is slow on long rows; every 16th pixel says as much.
    low, high = torch.quantile(flat[:, ::16], torch.tensor([0.005, 0.995], device=device), 1)
    extent = torch.maximum(high - low, 0.02 * high).clamp(min=_LEAST_EXTENT)
    least, most = settings.margin
    share_of_room = torch.rand(2, count) ** _MARGIN_POWER
    margins = (least + (most - least) * share_of_room).to(device)
    first = (low - margins[0] * extent).clamp(min=0.0)
    last = torch.maximum(high + margins[1] * extent, first + 0.9 * extent)
    slices = settings.slice_counts[int(torch.randint(len(settings.slice_counts), ()))]
    share = torch.stack([_spacing(slices, settings.irregular) for _ in range(count)]).to(device)
    dioptres = first[:, None] + share * (last - first)[:, None]
    narrow, wide = _blur_bounds(settings, slices)
    common = math.log(narrow) + float(torch.rand(())) * math.log(wide / narrow)
    widest = torch.exp(common + _BLUR_SPREAD * (2 * torch.rand(count) - 1)).clamp(narrow, wide)
    blur_scale = widest.to(device) / (last - first)
    span = torch.maximum(flat.amax(1), last) - torch.minimum(flat.amin(1), first)
    return dioptres, blur_scale, (blur_scale * span).clamp(max=2.0 * wide)


def _blur_bounds(settings: StackSettings, slices: int) -> tuple[float, float]:
    """Least and most `widest_px` (px) for a sweep of `slices`: few slices that are far apart in
    blur leave nothing to interpolate.
    """
    least, most = settings.widest_px
    return least, min(most, max(least * 1.5, _BLUR_PER_SLICE_PX * slices))


def _spacing(slices: int, irregular: float) -> Tensor:
    """Where the slices of a sweep lie between its ends, 0..1 ascending: even, jittered, denser at
    one end, at random, or an even sweep of which slices went missing.
    """
    even = torch.linspace(0, 1, slices)
    if slices < 3 or float(torch.rand(())) >= irregular:
        return even
    way, inner = float(torch.rand(())), slices - 2
    if way < 0.3:
        even[1:-1] += (0.8 * torch.rand(inner) - 0.4) / (slices - 1)
    elif way < 0.5:
        even = even ** (0.5 + 1.5 * float(torch.rand(())))
    elif way < 0.7:
        even[1:-1] = torch.sort(0.02 + 0.96 * torch.rand(inner)).values
        even = _apart(even)
    else:
        full = slices + int(torch.randint(1, 5, ()))
        kept = torch.sort(torch.randperm(full - 2)[:inner]).values + 1
        even[1:-1] = kept / (full - 1)
    return even


def _apart(places: Tensor) -> Tensor:
    """`places` (ascending from 0 to 1) with at least a little between any two."""
    gaps = places.diff().clamp(min=0.01)
    inner = torch.cumsum(gaps, 0)
    return torch.cat([torch.zeros(1), inner / inner[-1]])


def _moved(radiance: Tensor, dioptres: Tensor, settings: StackSettings) -> Tensor:
    """Breathing and motion that alignment has left over: B x S x 3 x H x W linear."""
    count, slices = radiance.shape[:2]
    height, width = radiance.shape[-2:]
    breathing = (0.012 * torch.rand(count) - 0.006) * (torch.rand(count) < settings.breathing)
    share = (dioptres - dioptres[:, :1]) / (dioptres[:, -1:] - dioptres[:, :1])
    growth = 1 + breathing.to(radiance.device)[:, None] * share
    spread = (0.05 + 0.45 * torch.rand(count)) * (torch.rand(count) < settings.moving)
    shift = (spread[:, None, None] * torch.randn(count, slices, 2)).to(radiance.device)
    if not bool(breathing.any()) and not bool(spread.any()):
        return radiance
    matrix = torch.zeros(count, slices, 2, 3, device=radiance.device)
    matrix[..., 0, 0] = matrix[..., 1, 1] = growth
    matrix[..., 0, 2], matrix[..., 1, 2] = 2 * shift[..., 0] / width, 2 * shift[..., 1] / height
    flat = radiance.flatten(0, 1)
    grid = functional.affine_grid(matrix.flatten(0, 1), list(flat.shape), align_corners=False)
    moved = functional.grid_sample(
        flat, grid, mode="bicubic", padding_mode="border", align_corners=False
    )
    return moved.clamp(min=0.0).unflatten(0, (count, slices))
