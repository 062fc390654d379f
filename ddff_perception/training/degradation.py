"""What a camera does to a sharp linear image, in torch batches: blur, noise, curve, JPEG.

Shared by all that learn to undo it. The physics is that of `optics/` (kernels, curve), which a test
compares.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..optics.blur_kernels import shake_kernel
from ..optics.jpeg_tables import rounding_steps

# JFIF: B, G and R to brightness and two colour differences.
_TO_YCC = ((0.114, 0.587, 0.299), (0.5, -0.331264, -0.168736), (-0.081312, -0.418688, 0.5))
_POOL = 128


def shake_kernels(count: int, size: int) -> Tensor:
    """`count` x `size` x `size` kernels of camera shake (odd size), of torch's random numbers."""
    pool = _pool(size)
    chosen = pool[torch.randint(len(pool), (count,))]
    # Mirrored and turned: eight times as many.
    if torch.rand(()) < 0.5:
        chosen = chosen.flip(-1)
    return torch.rot90(chosen, int(torch.randint(4, ())), (-2, -1)).contiguous()


@lru_cache(maxsize=16)
def _pool(size: int) -> Tensor:
    rng = np.random.default_rng(size)
    return torch.from_numpy(np.stack([shake_kernel(rng, size) for _ in range(_POOL)]))


def blurred(images: Tensor, kernels: Tensor) -> Tensor:
    """B x C x H x W images, each convolved with its own kernel (B x K x K); borders mirrored."""
    batch, channels, *_ = images.shape
    half = kernels.shape[-1] // 2
    wide = functional.pad(images, (half,) * 4, mode="reflect")
    flipped = kernels.flip(-1, -2)[:, None].repeat_interleave(channels, 0)
    found = functional.conv2d(wide.flatten(0, 1)[None], flipped.to(images), groups=batch * channels)
    return found[0].unflatten(0, (batch, channels))


def noisy(light: Tensor, full_well: Tensor, read: Tensor) -> Tensor:
    """Linear light with shot noise of so many electrons at 1, and read noise (both B)."""
    shape = (-1, *[1] * (light.ndim - 1))
    variance = light.clamp(min=0) / full_well.view(shape) + read.view(shape).square()
    return light + variance.sqrt() * torch.randn_like(light)


def srgb(light: Tensor) -> Tensor:
    """Linear light 0..1 by the sRGB curve (`optics.srgb.srgb_encode`); outside is clipped."""
    light = light.clamp(0, 1)
    high = 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, 12.92 * light, high)


def levels(values: Tensor, bits: int = 8) -> Tensor:
    """Values 0..1 in whole steps of so many bits."""
    top = 2**bits - 1
    return (values.clamp(0, 1) * top).round() / top


def jpeg(values: Tensor, quality: float) -> Tensor:
    """B x C x H x W values in 0..1 after JPEG; sides are multiples of 8.

    Three channels are B, G and R: brightness is rounded by the standard's table, two differences of
    colour at half the size by theirs (4:2:0, as OpenCV and cameras write it), enlarged linearly.
    Other channels are brightness, each by itself.
    """
    levels = values * 255
    if values.shape[1] != 3:
        return ((_rounded(levels - 128, quality) + 128) / 255).clamp(0, 1)
    forth = torch.tensor(_TO_YCC, dtype=values.dtype, device=values.device)
    planes = torch.einsum("dc,bchw->bdhw", forth, levels)
    bright = _rounded(planes[:, :1] - 128, quality) + 128
    colour = _rounded(functional.avg_pool2d(planes[:, 1:], 2), quality, colour=True)
    colour = functional.interpolate(colour, scale_factor=2, mode="bilinear")
    both = torch.cat([bright, colour], 1)
    return (torch.einsum("dc,bchw->bdhw", forth.inverse(), both) / 255).clamp(0, 1)


def _rounded(levels: Tensor, quality: float, colour: bool = False) -> Tensor:
    """Cosine coefficients of 8 x 8 blocks in whole steps; the border is repeated to fill blocks."""
    table = torch.from_numpy(rounding_steps(quality, colour)).to(levels)
    basis = _cosines().to(levels)
    height, width = levels.shape[-2:]
    wide = functional.pad(levels, (0, -width % 8, 0, -height % 8), mode="replicate")
    blocks = wide.unflatten(-1, (-1, 8)).unflatten(-3, (-1, 8)).transpose(-3, -2)
    coefficients = ((basis @ blocks @ basis.T) / table).round() * table
    found = (basis.T @ coefficients @ basis).transpose(-3, -2)
    return found.flatten(-2).flatten(-3, -2)[..., :height, :width]


@lru_cache(maxsize=1)
def _cosines() -> Tensor:
    n = torch.arange(8, dtype=torch.float32)
    basis = torch.cos((2 * n[None] + 1) * n[:, None] * torch.pi / 16) / 2
    basis[0] /= 2**0.5
    return basis


def gaussian_kernels(sigmas: Tensor, size: int) -> Tensor:
    """B x `size` x `size` Gaussians of these standard deviations (B, pixels), each summing to 1."""
    distance = torch.arange(size, dtype=torch.float32) - size // 2
    lines = torch.exp(-0.5 * (distance / sigmas[:, None].clamp(min=1e-3)).square())
    lines = lines / lines.sum(1, keepdim=True)
    return lines[:, :, None] * lines[:, None, :]


def linear(values: Tensor) -> Tensor:
    """SRGB values 0..1 as linear light (`optics.srgb.srgb_decode`)."""
    high = ((values.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(values <= 0.04045, values / 12.92, high)


def demosaicked(values: Tensor) -> Tensor:
    """B x 3 x H x W (BGR), one colour of each pixel kept (RGGB), the others bilinear; the border
    is mirrored.
    """
    kept = torch.zeros_like(values)
    kept[:, 2, 0::2, 0::2] = values[:, 2, 0::2, 0::2]
    kept[:, 1, 0::2, 1::2] = values[:, 1, 0::2, 1::2]
    kept[:, 1, 1::2, 0::2] = values[:, 1, 1::2, 0::2]
    kept[:, 0, 1::2, 1::2] = values[:, 0, 1::2, 1::2]
    sparse = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    dense = torch.tensor([[0.0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    weights = torch.stack([sparse, dense, sparse])[:, None].to(values)
    return functional.conv2d(functional.pad(kept, (1,) * 4, mode="reflect"), weights, groups=3)


def smaller(values: Tensor, factor: int) -> Tensor:
    """B x C x H x W whose `factor` x `factor` pixels become one, enlarged again (bicubic)."""
    size = values.shape[-2:]
    small = functional.interpolate(values, [n // factor for n in size], mode="area")
    return functional.interpolate(small, size, mode="bicubic").clamp(0, 1)
