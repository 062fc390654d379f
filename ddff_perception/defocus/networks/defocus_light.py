"""DefocusLight: the signed blur disc of each pixel from one image, on small processors.

What 2HDED:NET's depth head asks of DenseNet-121, asked of EfficientNet-Lite0, and in another unit:
the disc's diameter in pixels, which is dioptres relative to the plane in focus times the lens's
blur per dioptre. One set of weights then serves any lens, also one that is not known. Disc size and
side are told apart: blur says the first, what stands where in the scene the second.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...training.efficientnet_lite import MEAN, SCALE, EfficientNetLite0
from ...training.light_decoder import WIDTH, LightDecoder
from ..learned.lens_vector import LENS_VALUES

OUTPUT_STRIDE, MULTIPLE = 4, 32
# Of what sees the finest detail, which the encoder's first stride throws away.
_DETAIL = 24
# Of the smallest spread, px.
_LEAST_SPREAD = 0.05


class DefocusLight(nn.Module):
    """`image`: N x 3 x H x W in 0..255, red, green, blue, sides multiples of 32; `lens`: N x 5,
    `lens_vector`. Gives N x 3 x H/4 x W/4: disc size (px), its spread (px, of a Laplace
    distribution) and the logit of lying behind the plane in focus.
    """

    def __init__(self, width: float = 1.0, decoder_width: int = WIDTH) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0(3, width)
        channels = list(self.encoder.channels)
        self.detail = Detail(_DETAIL)
        channels[0] += _DETAIL
        self.decoder = LightDecoder(channels, decoder_width)
        # The lens shifts what each map says.
        self.lens = nn.ModuleList(
            nn.Sequential(nn.Linear(LENS_VALUES, 32), nn.ReLU(), nn.Linear(32, count))
            for count in channels
        )
        self.head = nn.Conv2d(decoder_width, 3, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)

    def forward(self, image: Tensor, lens: Tensor) -> Tensor:
        values = (image - MEAN) * SCALE
        maps = list(self.encoder(values))
        maps[0] = torch.cat((maps[0], self.detail(values)), dim=1)
        told = [
            found + shift(lens)[:, :, None, None]
            for found, shift in zip(maps, self.lens, strict=True)
        ]
        size, spread, side = self.head(self.decoder(told)).split(1, dim=1)
        return torch.cat((4.0 * F.softplus(size), F.softplus(spread) + _LEAST_SPREAD, side), dim=1)


class Detail(nn.Module):
    """Grey values at full resolution to `channels` at a quarter: slopes, their size, its means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filters = nn.Conv2d(1, 8, 5, padding=2)
        self.shrunk = nn.Conv2d(16, channels, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.again = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        slopes = self.filters(values.mean(dim=1, keepdim=True))
        # Blur is a ratio of strengths: their logarithms make it a difference.
        strengths = torch.log(slopes.abs() + 0.01)
        found = F.relu(self.norm(self.shrunk(torch.cat((slopes, strengths), dim=1))))
        return F.relu(self.again(found))


class WholeImage(nn.Module):
    """The network as it is exported: maps at the image's own size, the side as a probability."""

    def __init__(self, network: DefocusLight) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, lens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = F.interpolate(
            self.network(image, lens), scale_factor=float(OUTPUT_STRIDE), mode="bilinear"
        )
        return found[:, :1], found[:, 1:2], torch.sigmoid(found[:, 2:])
