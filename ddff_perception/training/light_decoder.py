"""A light decoder: maps of strides 4 to 32 to one of stride 4, by depthwise convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

WIDTH = 96
_KERNEL = 5


class LightDecoder(nn.Module):
    """Top down: each map is brought to `width` channels, the coarser result is enlarged and added,
    a separable convolution mixes them. The coarsest one also sees the mean of the whole view.

    `channels` of the maps, finest first, each half the size of the one before. Gives N x `width` x
    H x W, the size of the finest.
    """

    def __init__(self, channels: Sequence[int], width: int = WIDTH) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.context = nn.Conv2d(width, width, 1)
        self.mixers = nn.ModuleList(_Separable(width) for _ in channels)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        found: Tensor | None = None
        for lateral, mixer, values in zip(
            reversed(self.laterals), reversed(self.mixers), reversed(maps), strict=True
        ):
            values = lateral(values)
            if found is None:
                values = values + self.context(F.relu(values.mean(dim=(2, 3), keepdim=True)))
            else:
                values = values + F.interpolate(found, scale_factor=2.0, mode="bilinear")
            found = mixer(values)
        assert found is not None
        return found


class _Separable(nn.Module):
    """Twice a depthwise and a pointwise convolution, around which the input goes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        padding = _KERNEL // 2
        self.body = nn.Sequential(
            nn.Conv2d(width, width, _KERNEL, padding=padding, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, _KERNEL, padding=padding, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, width, 1),
        )

    def forward(self, values: Tensor) -> Tensor:
        return F.relu(values + self.body(values))
