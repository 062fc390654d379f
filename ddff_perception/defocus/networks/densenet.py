"""DenseNet-121's features with a convolution in place of max-pooling, as 2HDED:NET has them.

G. Huang et al., "Densely connected convolutional networks", CVPR 2017, table 1; the pooling after
M. Carvalho et al., "Deep depth from defocus", ECCV workshops 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

BLOCKS, GROWTH, FIRST = (6, 12, 24, 16), 32, 64
# A layer's 1 x 1 convolution gives so many times the growth.
_BOTTLENECK = 4


class DenseNet121(nn.Module):
    """N x 3 x H x W, sides multiples of 32, to maps of strides 2, 4, 8, 16 and 32; `channels` of
    each. `growth` and `first` scale the widths, for tests.

    Max-pooling stands once in DenseNet-121, behind the first layer; a 4 x 4 convolution of stride 2
    takes its place. The mean pooling of the transitions stays.
    """

    def __init__(
        self, blocks: Sequence[int] = BLOCKS, growth: int = GROWTH, first: int = FIRST
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
        )
        self.shrink = nn.Conv2d(first, first, 4, stride=2, padding=1)
        self.blocks, self.transitions = nn.ModuleList(), nn.ModuleList()
        found, width = [first], first
        for number, layers in enumerate(blocks):
            self.blocks.append(
                nn.ModuleList(_Layer(width + n * growth, growth) for n in range(layers))
            )
            width += layers * growth
            found.append(width)
            if number < len(blocks) - 1:
                self.transitions.append(_Transition(width, width // 2))
                width //= 2
        self.norm = nn.BatchNorm2d(width)
        self.channels = tuple(found)

    def forward(self, image: Tensor) -> list[Tensor]:
        values = self.stem(image)
        found = [values]
        values = self.shrink(values)
        for number, block in enumerate(self.blocks):
            if number:
                values = self.transitions[number - 1](values)
            for layer in block:  # type: ignore[union-attr]
                values = torch.cat((values, layer(values)), dim=1)
            found.append(values)
        found[-1] = F.relu(self.norm(values))
        return found


class _Layer(nn.Module):
    def __init__(self, before: int, growth: int) -> None:
        super().__init__()
        inner = _BOTTLENECK * growth
        self.body = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.ReLU(),
            nn.Conv2d(before, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, growth, 3, padding=1, bias=False),
        )

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.body(values)
        return found


class _Transition(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(before),
            nn.ReLU(),
            nn.Conv2d(before, after, 1, bias=False),
            nn.AvgPool2d(2),
        )

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.body(values)
        return found
