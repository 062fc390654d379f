"""The paper's descriptor: ResNet-50 and a projection to 1000 numbers."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

DIMENSIONS = 1000
SIDE = 224
_LAYERS = ((3, 64), (4, 128), (6, 256), (3, 512))
_EXPANSION = 4


class ResNet50(nn.Module):
    """N x 3 x 224 x 224 RGB to N x 1000 unit vectors (section 4.2: ResNet-50, a projection of
    pool5, and the unit sphere). 25,557,032 parameters, as of the classifier: 102 MB.

    Stride lies in the 3 x 3 convolutions (He et al. had it in the first 1 x 1). `width` scales the
    channels, for tests.
    """

    def __init__(self, dimensions: int = DIMENSIONS, width: float = 1.0) -> None:
        super().__init__()
        self.trunk = nn.Identity()  # all of it learns
        channels = max(8, int(64 * width))
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels, 7, 2, 3, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        blocks: list[nn.Module] = []
        before = channels
        for number, (count, wide) in enumerate(_LAYERS):
            inner = max(8, int(wide * width))
            for block in range(count):
                stride = 2 if number and block == 0 else 1
                blocks.append(Bottleneck(before, inner, stride))
                before = inner * _EXPANSION
        self.blocks = nn.Sequential(*blocks)
        self.project = nn.Linear(before, dimensions)

    def forward(self, images: Tensor) -> Tensor:
        return F.normalize(self.project(self.pool5(images)), dim=1)

    def described(self, images: Tensor) -> Tensor:
        """Unit vectors of images of any size, N x 3 x H x W."""
        return self(F.interpolate(images, (SIDE, SIDE), mode="bilinear", antialias=True))

    def pool5(self, images: Tensor) -> Tensor:
        """N x 2048: the mean over the last maps; the baseline without a projection."""
        return self.blocks(self.stem(images)).mean(dim=(2, 3))  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """1 x 1 to `inner` channels, 3 x 3, 1 x 1 to four times as many, and the input beside it."""

    def __init__(self, before: int, inner: int, stride: int) -> None:
        super().__init__()
        after = inner * _EXPANSION
        self.path = nn.Sequential(
            nn.Conv2d(before, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, values: Tensor) -> Tensor:
        return F.relu(self.path(values) + self.shortcut(values))
