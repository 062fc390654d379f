"""What befalls sweeps in the field, batched in torch on any device: auto-exposure, slices that are
dark, blank or shifted, borders that alignment left black, faint scenes, sweeps read backwards.

Every share is of stacks, drawn by torch's generator; none of it happens by default.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# Largest values, each drawn up to here.
_EXPOSURE = 0.15  # deviation over the slices, in ln of the encoded value
_DIMMEST = 0.07  # of the range: 12 bits in 16
_FAINTEST = 0.25  # of the contrast, down to none
_SHIFT_PX = 3
_SENSITIVITY = 0.5  # deviation over the slices, in ln of the noise
_PATTERN = 0.025  # of the light, deviation
_PATTERN_OWN = 0.6  # share of it that differs from slice to slice, at most
_PATTERN_PX = (1.5, 8.0)  # how wide its blotches are
_BORDER = 0.05  # of the width


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """`exposure`: shares of stacks with exposures that differ from slice to slice; `sensitivity`
    with noise that does, where a camera sets its own; `dim` that use little of the range; `faint`
    of low contrast, down to nothing that could be seen; `blank` with one slice that is dark or
    blank; `shifted` with slices whole pixels off; `bordered` with black
    borders that differ from slice to slice; `mosaic` from a sensor with a Bayer pattern;
    `pattern` with blotches that are as sharp in every slice: a sensor's fixed pattern, dirt, what a
    denoiser left; `upside_down`; `backwards`, near and far exchanged, so that no layout tells which
    is which.
    """

    exposure: float = 0.0
    sensitivity: float = 0.0
    dim: float = 0.0
    faint: float = 0.0
    blank: float = 0.0
    shifted: float = 0.0
    bordered: float = 0.0
    mosaic: float = 0.0
    pattern: float = 0.0
    upside_down: float = 0.0
    backwards: float = 0.0


USUAL = FieldSettings(
    exposure=0.15, sensitivity=0.2, dim=0.06, faint=0.08, blank=0.06, shifted=0.06, bordered=0.07,
    mosaic=0.15, pattern=0.5, upside_down=0.1, backwards=0.2,
)  # fmt: skip


def turned(
    images: Tensor, dioptres: Tensor, truth: Tensor, settings: FieldSettings
) -> tuple[Tensor, Tensor, Tensor]:
    """Some stacks upside down, and some with near and far exchanged: `images` B x S x 3 x H x W,
    `dioptres` B x S ascending, `truth` B x H x W, as they come.
    """
    below = _chosen(settings.upside_down, truth)
    images = torch.where(_each(below, 5), images.flip(-2), images)
    truth = torch.where(_each(below, 3), truth.flip(-2), truth)
    back = _chosen(settings.backwards, truth)
    ends = dioptres[:, :1] + dioptres[:, -1:]
    images = torch.where(_each(back, 5), images.flip(1), images)
    dioptres = torch.where(_each(back, 2), (ends - dioptres).flip(1), dioptres)
    truth = torch.where(_each(back, 3), ends[..., None] - truth, truth)
    return images, dioptres, truth


def disturbed(images: Tensor, settings: FieldSettings) -> Tensor:
    """`images` (B x S x 3 x H x W uint8) as light and shutter may leave them, before noise."""
    count, slices = images.shape[:2]
    images = _blotched(images, settings.pattern)
    faint, dim, uneven, blank = (
        _chosen(share, images)[:, None]
        for share in (settings.faint, settings.dim, settings.exposure, settings.blank)
    )
    if bool((faint | dim | uneven | blank).any()):
        ones = torch.ones(count, slices)
        contrast = torch.where(faint.cpu(), _FAINTEST * torch.rand(count, 1) ** 2, ones)
        spread = _EXPOSURE * torch.rand(count, 1) * torch.randn(count, slices)
        gain = torch.where(uneven.cpu(), spread.exp(), ones)
        gain = gain * torch.where(dim.cpu(), _DIMMEST ** torch.rand(count, 1), ones)
        which = torch.randint(slices, (count, 1)) == torch.arange(slices)
        gone = blank.cpu() & which
        level = torch.where(torch.rand(count, 1) < 0.5, 0.02, 0.9 * torch.rand(count, 1))
        mean = images[..., ::4, ::4].float().mean(dim=(1, 2, 3, 4)).cpu()[:, None]
        factor = torch.where(gone, 0.0, contrast * gain)
        offset = torch.where(gone, 255 * level, (1 - contrast) * mean * gain)
        factor, offset = factor.to(images.device), offset.to(images.device)
        images = (images * _each(factor, 5) + _each(offset, 5)).round_().clamp_(0, 255).byte()
    return _shifted(images, settings.shifted)


def noise_factors(images: Tensor, share: float) -> Tensor:
    """B x S: by how much each slice's noise exceeds its stack's, other than 1 in a `share` of
    stacks.
    """
    spread = _SENSITIVITY * torch.randn(images.shape[:2])
    return torch.where((torch.rand(len(images)) < share)[:, None], spread, 0.0).exp()


def bordered(images: Tensor, share: float) -> Tensor:
    """Black borders of other widths in each slice of some stacks, as alignment leaves them."""
    height, width = images.shape[-2:]
    chosen = _chosen(share, images)
    if not bool(chosen.any()):
        return images
    most = torch.tensor([height, height, width, width]) * _BORDER
    sides = (most * torch.rand(*images.shape[:2], 4) * torch.rand(len(images), 1, 1)).to(
        chosen.device
    )
    y = torch.arange(height, device=chosen.device).view(-1, 1)
    x = torch.arange(width, device=chosen.device)
    top, bottom, left, right = (_each(sides[..., i], 4) for i in range(4))
    inside = (y >= top) & (y < height - bottom) & (x >= left) & (x < width - right)
    keep = inside | ~_each(chosen, 4)
    return images * keep[:, :, None]


def mosaicked(images: Tensor, share: float) -> Tensor:
    """Some stacks as a sensor with a Bayer pattern gives them, colours interpolated linearly."""
    chosen = _chosen(share, images).nonzero()[:, 0]
    if not len(chosen):
        return images
    masks = torch.zeros(3, 2, 2, device=images.device)
    masks[0, 1, 1] = masks[2, 0, 0] = masks[1, 0, 1] = masks[1, 1, 0] = 1
    height, width = images.shape[-2:]
    masks = masks.repeat(1, -(-height // 2), -(-width // 2))[:, :height, :width]
    kernel = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], device=images.device) / 4
    kernel = kernel.expand(3, 1, 3, 3)
    weight = functional.conv2d(masks[None], kernel, padding=1, groups=3)
    flat = images[chosen].flatten(0, 1).float() * masks
    seen = functional.conv2d(flat, kernel, padding=1, groups=3) / weight
    result = images.clone()
    result[chosen] = seen.round_().clamp_(0, 255).byte().unflatten(0, (len(chosen), -1))
    return result


def _blotched(images: Tensor, share: float) -> Tensor:
    """Some stacks with a faint pattern that no focus changes, nearly the same in all slices."""
    chosen = _chosen(share, images).nonzero()[:, 0].tolist()
    result = images.clone() if chosen else images
    slices, (height, width) = images.shape[1], images.shape[-2:]
    least, most = _PATTERN_PX
    for number in chosen:
        step = least * (most / least) ** float(torch.rand(()))
        coarse = (int(height / step) + 4, int(width / step) + 4)
        common, own = torch.randn(1, 1, *coarse), torch.randn(slices, 1, *coarse)
        blotches = common + _PATTERN_OWN * float(torch.rand(())) ** 2 * own
        grown = functional.interpolate(blotches, scale_factor=step, mode="bicubic")
        strength = _PATTERN * float(torch.rand(())) ** 2
        factor = 1 + strength * grown[..., :height, :width].to(images.device)
        result[number] = (images[number] * factor).round_().clamp_(0, 255).byte()
    return result


def _shifted(images: Tensor, share: float) -> Tensor:
    """Each slice of some stacks, with a chance of a third, a few whole pixels off."""
    reach, (height, width) = _SHIFT_PX, images.shape[-2:]
    moved = _chosen(share, images)[:, None].cpu() & (torch.rand(images.shape[:2]) < 1 / 3)
    if not bool(moved.any()):
        return images
    result = images.clone()
    for stack, number in moved.nonzero().tolist():
        image = functional.pad(images[stack, number].float()[None], (reach,) * 4, "replicate")[0]
        top, left = torch.randint(2 * reach + 1, (2,)).tolist()
        result[stack, number] = image[:, top : top + height, left : left + width].byte()
    return result


def _chosen(share: float, like: Tensor) -> Tensor:
    """(B,) bool: True for a `share` of stacks."""
    return (torch.rand(len(like)) < share).to(like.device)


def _each(values: Tensor, axes: int) -> Tensor:
    """`values` with axes of one appended up to `axes`."""
    return values.view(*values.shape, *[1] * (axes - values.dim()))
