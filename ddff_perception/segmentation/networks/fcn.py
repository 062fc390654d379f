"""FCN-32s and FCN-16s, which Table 4.1 compares with.

E. Shelhamer, J. Long, T. Darrell, "Fully convolutional networks for semantic segmentation",
PAMI 2017. In place of the 100 pixels of padding and the cropping, the layer of 7 x 7 is padded by
three, so that sizes stay multiples of 32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .vgg import BLOCKS, DEVIATION, MEAN, scaled

_HIDDEN = 4096
_POOL4 = 3


class Fcn(nn.Module):
    """Colour N x 3 x H x W in 0..255, sides multiples of 32, to scores N x `classes` x H x W.

    `stride` 32 enlarges the scores of the last layer; 16 adds those of the fourth pooling before.
    Enlarging is learned and begins as bilinear. VGG-16 has no batch norm here.
    """

    def __init__(self, classes: int, stride: int = 16, width: float = 1.0) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        before = 3
        for sizes in BLOCKS:
            layers: list[nn.Module] = []
            for size in sizes:
                layers += [nn.Conv2d(before, scaled(size, width), 3, padding=1), nn.ReLU()]
                before = scaled(size, width)
            self.blocks.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
        hidden = scaled(_HIDDEN, width)
        self.head = nn.Sequential(
            nn.Conv2d(before, hidden, 7, padding=3), nn.ReLU(), nn.Dropout(0.5),
            nn.Conv2d(hidden, hidden, 1), nn.ReLU(), nn.Dropout(0.5),
            nn.Conv2d(hidden, classes, 1),
        )  # fmt: skip
        self.enlarge = _enlarging(classes, stride)
        self._skips = stride == 16
        if self._skips:
            self.skip = nn.Conv2d(scaled(BLOCKS[_POOL4][-1], width), classes, 1)
            self.twice = _enlarging(classes, 2)

    def forward(self, colour: Tensor) -> Tensor:
        values = (colour - MEAN) * (1 / DEVIATION)
        middle = values
        for level, block in enumerate(self.blocks):
            values = block(values)
            if level == _POOL4:
                middle = values
        values = self.head(values)
        if self._skips:
            values = self.twice(values) + self.skip(middle)
        scores: Tensor = self.enlarge(values)
        return scores


def _enlarging(classes: int, factor: int) -> nn.ConvTranspose2d:
    """A transposed convolution that begins as bilinear enlarging by `factor`."""
    size = 2 * factor
    layer = nn.ConvTranspose2d(classes, classes, size, factor, factor // 2, bias=False)
    ramp = 1 - (torch.arange(size) - (size - 1) / 2).abs() / factor
    with torch.no_grad():
        layer.weight.zero_()
        for number in range(classes):
            layer.weight[number, number] = torch.outer(ramp, ramp)
    return layer
