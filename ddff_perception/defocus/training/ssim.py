"""SSIM in torch, as Wang et al. 2004 have it (Gaussian window of 11 pixels, deviation 1.5)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

_DEVIATION, _REACH = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """N x C x H x W of two images in 0..1; the border is mirrored."""
    means = [_blurred(v) for v in (first, second)]
    squares = [_blurred(v * v) - m * m for v, m in zip((first, second), means, strict=True)]
    together = _blurred(first * second) - means[0] * means[1]
    light = (2 * means[0] * means[1] + _C1) / (means[0] ** 2 + means[1] ** 2 + _C1)
    return light * (2 * together + _C2) / (squares[0] + squares[1] + _C2)


def _blurred(values: Tensor) -> Tensor:
    x = torch.arange(-_REACH, _REACH + 1, device=values.device, dtype=values.dtype)
    line = torch.exp(-0.5 * (x / _DEVIATION).square())
    line = line / line.sum()
    channels = values.shape[1]
    wide = F.pad(values, (_REACH,) * 4, mode="reflect")
    rows = line.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    return F.conv2d(F.conv2d(wide, rows, groups=channels), rows.mT, groups=channels)
