"""The encoder-decoder of the paper, layer by layer.

P. Wieschollek, "Multi-frame, data-driven image and video methods", appendix B: 15 channels in at
the images' size, three halvings, links between encoder and decoder, 8 channels out. Every
convolution is 3 x 3 and followed by instance normalization and ReLU unless said otherwise.
`network_blending` makes layers of the 8 channels.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

OBSERVATIONS = 15
OUTPUTS = 8
# Sizes that three halvings and doublings give back.
SIZE_MULTIPLE = 8


class Convolution(nn.Sequential):
    """3 x 3 convolution (or `kernel`), instance normalization, ReLU."""

    def __init__(self, channels: int, filters: int, kernel: int = 3) -> None:
        super().__init__(
            nn.Conv2d(channels, filters, kernel, padding=kernel // 2),
            nn.InstanceNorm2d(filters),
            nn.ReLU(inplace=True),
        )


class Down(nn.Module):
    """The encoder's block: a linear convolution with `stride`, two more, and 1 x 1 over both."""

    def __init__(self, channels: int, filters: int, stride: int = 2) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride=stride, padding=1)
        self.normalize = nn.Sequential(nn.InstanceNorm2d(filters), nn.ReLU())
        self.conv2 = Convolution(filters, filters)
        self.conv3 = Convolution(filters, filters)
        self.conv4 = Convolution(2 * filters, filters, kernel=1)

    def forward(self, features: Tensor) -> Tensor:
        skip = self.conv1(features)
        inner = self.conv3(self.conv2(self.normalize(skip)))
        return cast(Tensor, self.conv4(torch.cat([inner, skip], dim=1)))


class Up(nn.Module):
    """The decoder's block: a linear transposed convolution 4 x 4, joined by the encoder's
    features (`linked` channels), two convolutions, and 1 x 1 over both.
    """

    def __init__(self, channels: int, linked: int, filters: int, stride: int = 2) -> None:
        super().__init__()
        # With stride 1 a kernel of 4 adds a pixel, which `forward` cuts.
        self.conv1 = nn.ConvTranspose2d(channels, filters, 4, stride=stride, padding=1)
        self.normalize = nn.Sequential(nn.InstanceNorm2d(filters), nn.ReLU())
        self.conv2 = Convolution(filters + linked, filters)
        self.conv3 = Convolution(filters, filters)
        self.conv4 = Convolution(2 * filters, filters, kernel=1)
        self._same_size = stride == 1

    def forward(self, features: Tensor, link: Tensor) -> Tensor:
        skip = self.conv1(features)
        if self._same_size:
            skip = skip[:, :, :-1, :-1]
        inner = self.conv2(torch.cat([self.normalize(skip), link], dim=1))
        return cast(Tensor, self.conv4(torch.cat([self.conv3(inner), skip], dim=1)))


class EncoderDecoder(nn.Module):
    """Observations B x 15 x H x W in -1..1, H and W multiples of 8, to B x 8 x H x W.

    `observations`: channels in, another number for the paper's ablation.
    """

    def __init__(self, observations: int = OBSERVATIONS) -> None:
        super().__init__()
        self.prologue = Convolution(observations, OBSERVATIONS)
        self.block1 = Down(OBSERVATIONS, 32)
        self.block1b = Down(32, 32, stride=1)
        self.block2 = Down(32, 64)
        self.block2b = Down(64, 64, stride=1)
        self.block3 = Down(64, 128)
        self.block3b = Down(128, 128, stride=1)
        self.block4 = Up(128, 64, 64)
        self.block4b = Up(64, 64, 64, stride=1)
        self.block5 = Up(64, 32, 32)
        self.block5b = Up(32, 32, 32, stride=1)
        self.block6 = Up(32, OBSERVATIONS, 16)
        self.epilogue1 = Convolution(16, 16)
        self.epilogue2 = Convolution(16 + observations, 16)
        self.epilogue3 = nn.Conv2d(16, OUTPUTS, 3, padding=1)

    def forward(self, observations: Tensor) -> Tensor:
        out0 = self.prologue(observations)
        out1 = self.block1(out0)
        out1b = self.block1b(out1)
        out2 = self.block2(out1b)
        out2b = self.block2b(out2)
        net = self.block3b(self.block3(out2b))
        net = self.block4b(self.block4(net, out2b), out2)
        net = self.block5b(self.block5(net, out1b), out1)
        net = self.epilogue1(self.block6(net, out0))
        net = self.epilogue2(torch.cat([net, observations], dim=1))
        return cast(Tensor, self.epilogue3(net))
