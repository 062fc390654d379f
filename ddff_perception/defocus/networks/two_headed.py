"""2HDED:NET: one encoder, a decoder for depth and one for the sharp image.

S. Nazir, "Deep depth from defocus for near range and in-situ 3D exploration" (PhD thesis, summary,
2023), chapter 3; S. Nazir et al., ICIP 2022 and IEEE TCI 9 (2023). What it does not say is decided
so:

* Only the pooling behind DenseNet's first layer is max-pooling (`densenet.py`).
* The decoders' widths: 512, 256, 128, 64, 32, one for each of the five layers.
* Skip connections: the encoder's maps of strides 16, 8, 4 and 2 are joined to the enlarged map of
  their size, in front of the 3 x 3 convolution, in both decoders. No map has the image's own size:
  the last layer has no skip.
* "4 x 4 convolution that increases the resolution": transposed, stride 2, one pixel of padding.
* The last step of each decoder is a 3 x 3 convolution without a norm: one channel of depth, which a
  ReLU keeps from being negative; three of colour.
* Input joint layer: the image and the decoder's three channels, joined, through 3 x 3 filters.

Images are N x 3 x H x W, red, green, blue in 0..1, sides multiples of 32; depth is in metres.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .densenet import BLOCKS, FIRST, GROWTH, DenseNet121

WIDTHS = (512, 256, 128, 64, 32)
HEADS = ("depth", "sharp")


class TwoHeaded(nn.Module):
    """Image to depth N x 1 x H x W and sharp image N x 3 x H x W.

    `narrow` divides all widths and numbers of layers, for small processors and tests.
    """

    def __init__(self, narrow: int = 1) -> None:
        super().__init__()
        blocks = [max(1, layers // narrow) for layers in BLOCKS]
        self.encoder = DenseNet121(blocks, GROWTH // narrow, FIRST // narrow)
        widths = [max(4, width // narrow) for width in WIDTHS]
        self.depth = Decoder(self.encoder.channels, widths, 1)
        self.sharp = Decoder(self.encoder.channels, widths, 3)
        self.joint = nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.encoder(image)
        return self.depth_of(maps), self.sharp_of(maps, image)

    def depth_of(self, maps: Sequence[Tensor]) -> Tensor:
        """Depth by the encoder's maps."""
        return F.relu(self.depth(maps))

    def sharp_of(self, maps: Sequence[Tensor], image: Tensor) -> Tensor:
        """The sharp image by the encoder's maps and the image."""
        joined: Tensor = self.joint(torch.cat((image, self.sharp(maps)), dim=1))
        return joined


class OneHead(nn.Module):
    """The trained network with one head left out: `head` is what stays, `depth` or `sharp`."""

    def __init__(self, network: TwoHeaded, head: str) -> None:
        super().__init__()
        self.encoder = network.encoder
        self.decoder = network.depth if head == "depth" else network.sharp
        self.joint = network.joint if head == "sharp" else None

    def forward(self, image: Tensor) -> Tensor:
        found: Tensor = self.decoder(self.encoder(image))
        if self.joint is None:
            return F.relu(found)
        joined: Tensor = self.joint(torch.cat((image, found), dim=1))
        return joined


class Decoder(nn.Module):
    """Five layers, each twice the size of the one before: 4 x 4 up-convolution, 3 x 3 convolution,
    batch norm and ReLU behind both. `channels` of the encoder's maps, finest first.
    """

    def __init__(self, channels: Sequence[int], widths: Sequence[int], after: int) -> None:
        super().__init__()
        skips = [*reversed(channels[:-1]), 0]
        before = [channels[-1], *widths]
        self.ups = nn.ModuleList(
            _unit(nn.ConvTranspose2d(b, w, 4, stride=2, padding=1), w)
            for b, w in zip(before, widths, strict=False)
        )
        self.mixers = nn.ModuleList(
            _unit(nn.Conv2d(w + s, w, 3, padding=1), w) for w, s in zip(widths, skips, strict=True)
        )
        self.last = nn.Conv2d(widths[-1], after, 3, padding=1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        values = maps[-1]
        skips: list[Tensor | None] = [*reversed(maps[:-1]), None]
        for up, mixer, skip in zip(self.ups, self.mixers, skips, strict=True):
            values = up(values)
            values = mixer(values if skip is None else torch.cat((values, skip), dim=1))
        found: Tensor = self.last(values)
        return found


def _unit(convolution: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU())
