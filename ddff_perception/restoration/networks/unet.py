"""The base network of every stream and of the fusion: the U-Net of pix2pix, 8 blocks.

Hazirbas, sec. 5.4.2, after Isola et al., "Image-to-image translation with conditional adversarial
networks", CVPR 2017. The thesis gives blocks, kernels, norm and skips; the ladder of filters, which
it does not restate, that first and innermost blocks have no norm, and tanh are pix2pix's. It has
ReLU in the encoder, pix2pix a leaky one: the thesis is followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

LADDER = (64, 128, 256, 512, 512, 512, 512, 512)
"""Filters of the encoder's blocks at width 64; the decoder mirrors them."""


class Streamed(NamedTuple):
    """`image`: B x 3 x H x W in 0..1. `features`: B x d x H/2 x W/2, of the layer before it."""

    image: Tensor
    features: Tensor


def ladder(width: int, blocks: int = 8) -> tuple[int, ...]:
    """Filters of `blocks` blocks where the first has `width`: all scaled by one constant k."""
    return tuple(max(1, round(width * n / LADDER[0])) for n in LADDER[:blocks])


def down(inputs: int, outputs: int, norm: bool = True) -> nn.Sequential:
    """Convolution 4 x 4 of stride 2, instance norm, ReLU."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, 2, 1)]
    layers += [nn.InstanceNorm2d(outputs)] if norm else []
    return nn.Sequential(*layers, nn.ReLU(inplace=True))


def up(inputs: int, outputs: int) -> nn.Sequential:
    """Transposed convolution 4 x 4 of stride 2, instance norm, ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1),
        nn.InstanceNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Encoder(nn.Module):
    """B x `inputs` x H x W to what each block finds, the finest first.

    `joined`: channels that are concatenated to what the first block finds.
    """

    def __init__(self, inputs: int, filters: Sequence[int], joined: int = 0) -> None:
        super().__init__()
        before = (inputs, filters[0] + joined, *filters[1:-1])
        plain = (0, len(filters) - 1)
        self.blocks = nn.ModuleList(
            down(own, filters[n], n not in plain) for n, own in enumerate(before)
        )

    def forward(self, values: Tensor, joined: Tensor | None = None) -> list[Tensor]:
        found = []
        for number, block in enumerate(self.blocks):
            values = block(values)
            found.append(values)
            if number == 0 and joined is not None:
                values = torch.cat([values, joined], 1)
        return found


class Decoder(nn.Module):
    """What the encoder found to an image; each block takes the encoder's of its size beside.

    `context`: channels of the innermost.
    """

    def __init__(self, filters: Sequence[int], context: int) -> None:
        super().__init__()
        outward = list(filters[-2::-1])
        inputs = [context, *(2 * n for n in outward[:-1])]
        self.blocks = nn.ModuleList(map(up, inputs, outward))
        self.last = nn.ConvTranspose2d(2 * outward[-1], 3, 4, 2, 1)

    def forward(self, found: Sequence[Tensor], context: Tensor) -> Streamed:
        values = context
        for number, block in enumerate(self.blocks, 2):
            features = block(values)
            values = torch.cat([features, found[-number]], 1)
        return Streamed((torch.tanh(self.last(values)) + 1) / 2, features)


class UNet(nn.Module):
    """B x `inputs` x H x W in 0..1 to a `Streamed`; sides are multiples of 2 ** `blocks`.

    `joined`: channels at half size that come to the first block's (the fusion network's).
    """

    def __init__(self, width: int = 64, inputs: int = 3, joined: int = 0, blocks: int = 8) -> None:
        super().__init__()
        filters = ladder(width, blocks)
        self.width, self.multiple = filters[0], 2**blocks
        self.encoder = Encoder(inputs, filters, joined)
        self.decoder = Decoder(filters, filters[-1])

    def forward(self, image: Tensor, joined: Tensor | None = None) -> Streamed:
        found = self.encoder(2 * image - 1, joined)
        made: Streamed = self.decoder(found, found[-1])
        return made
