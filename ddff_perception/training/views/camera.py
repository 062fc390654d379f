"""What a camera makes of light, batched in torch on any device: tone, noise, JPEG's losses."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from .field import FieldSettings, mosaicked, noise_factors

# ITU-T T.81, tables K.1 and K.2.
_LUMINANCE = (
    "16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 "
    "62 18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 "
    "98 112 100 103 99"
)
_CHROMINANCE = (
    "17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 "
    "99" + " 99" * 32
)
# Side of what is coded together: 8 x 8 colours at half size.
_BLOCK_PX = 16
# Of B, G, R to luminance, blue difference, red difference (ITU-T T.871).
_COLOURS = ((0.114, 0.587, 0.299), (0.5, -0.3313, -0.1687), (-0.0813, -0.4187, 0.5))


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """What a batch's images suffer, drawn per stack: `photon` and `read` bound the standard
    deviation of each colour's noise at saturation and in the dark, relative to saturation;
    `speckle` that of noise in proportion to the light, the same in all colours, as path tracing
    has it; `jpeg` and `clean` are shares of stacks; `field`: what else befalls them.
    """

    photon: float = 0.03
    read: float = 0.008
    speckle: float = 0.13
    jpeg: float = 0.12
    clean: float = 0.15
    field: FieldSettings = field(default_factory=FieldSettings)


def developed(radiance: Tensor) -> Tensor:
    """Vignetting and a tone curve near sRGB's, per stack: B x S x 3 x H x W uint8."""
    count, device = len(radiance), radiance.device
    height, width = radiance.shape[-2:]
    y = torch.linspace(-1, 1, height, device=device).view(-1, 1)
    x = torch.linspace(-1, 1, width, device=device).view(1, -1)
    strength = 0.25 * torch.rand(count) * (torch.rand(count) < 0.3)
    shade = 1 - _each(strength, device, 5) * (x.square() + y.square())
    usual = torch.rand(count) < 0.6
    gamma = torch.where(usual, torch.tensor(1 / 2.2), 0.35 + 0.45 * torch.rand(count))
    encoded = (radiance * shade).clamp(0, 1).pow(_each(gamma, device, 5))
    return (encoded * 255).round().byte()


def with_noise(images: Tensor, settings: NoiseSettings) -> Tensor:
    """`images` (B x S x 3 x H x W uint8) with a camera's noise, independent from slice to slice."""
    count, device = len(images), images.device
    photon = settings.photon * torch.rand(count, 1) ** 1.5
    read = settings.read * torch.rand(count, 1) ** 1.5
    speckle = settings.speckle * torch.rand(count, 1)
    noisy = torch.rand(count, 1) >= settings.clean
    # Tables of the deviations at each of a stack's levels.
    level = torch.linspace(0, 1, 256) ** 2.2
    # The tone curve's slope carries noise of the light over to the 8-bit image.
    slope = noisy * (255 / 2.2) * level.clamp(min=0.002) ** (1 / 2.2 - 1)
    own = slope * (photon.square() * level + read.square()).sqrt()
    common = slope * speckle * level
    places = images + _each(256 * torch.arange(count, dtype=torch.int32), device, 5)
    own, common = (
        table.flatten().to(device).index_select(0, places.flatten()).view(images.shape)
        for table in (own, common)
    )
    noise = own.mul_(torch.randn_like(own))
    noise += common.mul_(torch.randn_like(common[:, :, :1]))
    if settings.field.sensitivity:
        noise *= noise_factors(images, settings.field.sensitivity).to(device)[..., None, None, None]
    result = noise.add_(images).round_().clamp_(0, 255).byte()
    result = mosaicked(result, settings.field.mosaic)
    coded = (torch.rand(count) < settings.jpeg) & noisy[:, 0]
    if bool(coded.any()):
        chosen = coded.nonzero()[:, 0].to(device)
        quality = 60 + 36 * torch.rand(len(chosen))
        result[chosen] = jpeg_losses(result[chosen], quality.to(device))
    return result


def jpeg_losses(images: Tensor, quality: Tensor) -> Tensor:
    """`images` (B x S x 3 x H x W uint8, BGR) after baseline JPEG of `quality` (B,) with colours at
    half size: B x S x 3 x H x W uint8.
    """
    device = images.device
    height, width = images.shape[-2:]
    mixing = torch.tensor(_COLOURS, device=device)
    margins = (0, -width % _BLOCK_PX, 0, -height % _BLOCK_PX)
    padded = functional.pad(images.float().flatten(0, 1), margins, "replicate")
    planes = torch.einsum("dc,bschw->dbshw", mixing, padded.unflatten(0, images.shape[:2]))
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    brightness = _coded(planes[0] - 128, _LUMINANCE, factor) + 128
    colours = []
    for plane in planes[1:]:
        half = functional.avg_pool2d(plane.flatten(0, 1)[:, None], 2)
        half = _coded(half[:, 0].unflatten(0, plane.shape[:2]), _CHROMINANCE, factor)
        grown = functional.interpolate(
            half.flatten(0, 1)[:, None], scale_factor=2.0, mode="bilinear", align_corners=False
        )
        colours.append(grown[:, 0].unflatten(0, plane.shape[:2]))
    decoded = torch.einsum(
        "cd,dbshw->bschw", torch.linalg.inv(mixing), torch.stack([brightness, *colours])
    )
    return decoded.round().clamp(0, 255).byte()[..., :height, :width]


def _coded(plane: Tensor, table: str, factor: Tensor) -> Tensor:
    """B x S x H x W, its blocks of 8 x 8 transformed, counted and transformed back."""
    cosine = _cosine_matrix(plane.device)
    steps = torch.tensor([float(v) for v in table.split()], device=plane.device).view(8, 8)
    steps = (steps * factor[:, None, None]).round().clamp(1, 255)[:, None, None, None]
    blocks = plane.unflatten(3, (-1, 8)).unflatten(2, (-1, 8)).transpose(3, 4)
    found = cosine @ blocks @ cosine.T
    kept = (found / steps).round() * steps
    blocks = cosine.T @ kept @ cosine
    return blocks.transpose(3, 4).flatten(4, 5).flatten(2, 3)


@lru_cache(maxsize=4)
def _cosine_matrix(device: torch.device) -> Tensor:
    k = torch.arange(8, device=device).float()
    matrix = torch.cos(math.pi / 8 * (k[None, :] + 0.5) * k[:, None]) * 0.5
    matrix[0] *= math.sqrt(0.5)
    return matrix


def _each(values: Tensor, device: torch.device, axes: int) -> Tensor:
    """(B,) as B x 1 x ... of `axes` axes on `device`."""
    return values.to(device).view(-1, *[1] * (axes - 1))
