"""What a lens shows of sharp views: on a processor one by one, on a GPU whole batches at once.

A processor does best with `optics/defocus.py`, a GPU with the same layers, discs and order of
covering by Fourier transform. What differs there: layers have one spacing per batch, a layer
behind nearer ones is continued by the mean of what is around (a pyramid) in place of the nearest
colour, and all discs are applied at full size. A test holds it against `DefocusedView`.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional

from ...optics.defocus import DefocusedView, disc_kernel

MOST_LAYERS = 24
LAYER_STEP_PX = 1.0
"""Difference in disc diameter between neighbouring layers, where `MOST_LAYERS` allow it."""
_RADIUS_STEP = 0.05
_SHARP_RADIUS = 0.15
_PYRAMID = 5


def seen_through_lens(
    radiance: Tensor, truth: Tensor, focus: Tensor, blur_scale: Tensor, widest_px: Tensor
) -> Tensor:
    """Views (B x 3 x H x W linear, B x H x W in 1/m) focused at `focus` (B x S in 1/m): B x S x 3 x
    H x W. `blur_scale`, `widest_px`: (B,), as `DefocusedViews` takes them.
    """
    if radiance.device.type != "cpu":
        lens = DefocusedViews(radiance, truth, blur_scale, float(widest_px.max()))
        return torch.stack([lens.at(places) for places in focus.unbind(1)], dim=1)
    stacks = []
    for number, colour in enumerate(radiance.permute(0, 2, 3, 1).contiguous().numpy()):
        bounds = (float(blur_scale[number]), float(widest_px[number]))
        view = DefocusedView(colour, truth[number].numpy(), *bounds)
        stacks.append(np.stack([view.at(place) for place in focus[number].tolist()]))
    return torch.from_numpy(np.stack(stacks)).permute(0, 1, 4, 2, 3)


class DefocusedViews:
    """Sharp views cut into layers once, to be seen through their lenses at any focus.

    `radiance`: B x 3 x H x W float32, linear; `dioptres`: B x H x W float32, finite;
    `blur_scale`: (B,) disc diameter in pixels per dioptre of defocus; `widest_px`: the widest disc
    that will be asked for of any view.
    """

    def __init__(
        self, radiance: Tensor, dioptres: Tensor, blur_scale: Tensor, widest_px: float
    ) -> None:
        self._size = (dioptres.shape[-2], dioptres.shape[-1])
        self._blur_scale = blur_scale
        self._reach = math.ceil(0.5 * widest_px) + 2
        low, high = dioptres.amin(dim=(1, 2)), dioptres.amax(dim=(1, 2))
        blurs = float(((high - low) * blur_scale).max())
        count = min(max(math.ceil(blurs / LAYER_STEP_PX), 1), MOST_LAYERS)
        step = ((high - low) / count).clamp(min=1e-6)
        share = (dioptres - low[:, None, None]) / step[:, None, None]
        numbers = share.long().clamp(max=count - 1)
        layers = torch.arange(count, device=dioptres.device).view(1, -1, 1, 1)
        own = numbers[:, None] == layers
        nearer = numbers[:, None] > layers
        total = own.sum(dim=(2, 3))
        mean = (own * dioptres[:, None]).sum(dim=(2, 3)) / total.clamp(min=1)
        # An empty layer shows nothing, wherever it is.
        self._places = torch.where(total > 0, mean, low[:, None])
        seen = own | (nearer & _dilated(own, int(0.5 * widest_px) + 1))
        colour = torch.where(own[:, :, None], radiance[:, None], 0.0)
        alpha = own[:, :, None].to(radiance.dtype)
        filled = _continued(torch.cat([colour, alpha], dim=2).flatten(0, 1))
        filled = filled.unflatten(0, own.shape[:2]) * seen[:, :, None]
        self._spectrum = self._transformed(filled)

    def at(self, focus_dioptres: Tensor) -> Tensor:
        """The images focused at inverse distances (B,): B x 3 x H x W float32, linear."""
        away = (self._places - focus_dioptres[:, None]).abs()
        radius = 0.5 * self._blur_scale[:, None] * away
        table = _transfer_functions(self._padded(), self._reach, radius.device)
        index = (radius / _RADIUS_STEP).round().long().clamp(max=len(table) - 1)
        blurred = torch.fft.irfft2(self._spectrum * table[index][:, :, None], s=self._padded())
        rows, columns = self._size
        start = self._reach
        blurred = blurred[..., start : start + rows, start : start + columns]
        alpha = blurred[:, :, 3].clamp(0.0, 1.0)
        # What the nearer layers let through: layers ascend from far to near.
        through = torch.cumprod(1.0 - alpha.flip(1), dim=1).flip(1)
        through = torch.cat([through[:, 1:], torch.ones_like(through[:, :1])], dim=1)
        result = (blurred * through[:, :, None]).sum(dim=1)
        return result[:, :3] / result[:, 3:].clamp(min=1e-4)

    def _padded(self) -> tuple[int, int]:
        """Even sides that leave room for the widest disc and have no prime factor over 5."""
        halves = (next_fast_len(-(-side // 2) + self._reach, real=True) for side in self._size)
        rows, columns = (2 * half for half in halves)
        return rows, columns

    def _transformed(self, layers: Tensor) -> Tensor:
        """Spectrum of B x L x 4 x H x W with the border repeated."""
        height, width = self._padded()
        top = left = self._reach
        bottom, right = height - self._size[0] - top, width - self._size[1] - left
        flat = functional.pad(layers.flatten(0, 1), (left, right, top, bottom), mode="replicate")
        return torch.fft.rfft2(flat.unflatten(0, layers.shape[:2]))


def _continued(layers: Tensor) -> Tensor:
    """N x 4 x H x W (colour times alpha, alpha 0 or 1) where alpha is 0 filled from around, alpha
    1: coarser and coarser means, each where no finer one has anything.
    """
    levels = [layers]
    for _ in range(_PYRAMID):
        if min(levels[-1].shape[-2:]) < 2:
            break
        levels.append(functional.avg_pool2d(levels[-1], 2, ceil_mode=True))
    result = levels[-1]
    result = result / result[:, 3:].clamp(min=1e-8)
    for level in reversed(levels[:-1]):
        grown = functional.interpolate(
            result, size=level.shape[-2:], mode="bilinear", align_corners=False
        )
        grown = grown / grown[:, 3:].clamp(min=1e-8)
        known = level[:, 3:]
        mean = level / known.clamp(min=1e-8)
        result = torch.where(known > 0, mean, grown)
    return result


def _dilated(mask: Tensor, reach: int) -> Tensor:
    """B x L x H x W bool, True within `reach` pixels along both axes."""
    values = mask.float()
    side = 2 * reach + 1
    values = functional.max_pool2d(values, (side, 1), 1, (reach, 0))
    return functional.max_pool2d(values, (1, side), 1, (0, reach)) > 0.5


@lru_cache(maxsize=16)
def _transfer_functions(padded: tuple[int, int], reach: int, device: torch.device) -> Tensor:
    """Spectra of discs of 0, 0.05, ... px up to `reach` - 1: R x H x (W / 2 + 1), real."""
    height, width = padded
    radii = np.arange(0.0, reach - 1, _RADIUS_STEP)
    kernels = np.zeros((len(radii), height, width), np.float32)
    kernels[:, 0, 0] = 1.0
    for kernel, radius in zip(kernels, radii, strict=True):
        if radius >= _SHARP_RADIUS:
            disc = disc_kernel(round(radius, 2))
            side = len(disc)
            kernel[:side, :side] = disc
            kernel[:] = np.roll(kernel, (-(side // 2), -(side // 2)), axis=(0, 1))
    # A disc is even along both axes: its spectrum is real.
    return torch.fft.rfft2(torch.from_numpy(kernels).to(device)).real.contiguous()
