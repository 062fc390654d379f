"""DDFFNet: Hazirbas et al., 'Deep Depth From Focus', ACCV 2018, section 3.

A VGG-16 encoder and its mirrored decoder run on every slice with the same weights and give one map
per slice; a 1 x 1 convolution over the slices' maps, *Score*, regresses the disparity. Details that
the paper leaves open follow the authors' published network: the up-convolutions keep their
channels and have a ReLU but no batch norm, convolutions have no bias, the last map of one channel
has batch norm and ReLU, too.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...types import require_choice
from .common import (
    FocusNetwork,
    by_stack,
    check_width,
    conv_block,
    normalised,
    scaled,
    score_over_slices,
    to_rgb,
)
from .vgg import DROPOUT, EPSILON, VGG16, VggEncoder

VARIANTS = ("upconv", "unpool", "bl", "cc1", "cc2", "cc3")
SLICES = 10
# The decoder's blocks, deepest first; they are numbered as the poolings that they undo.
DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64, 1))
# Blocks whose output is dropped before the next upsampling.
DROPPED = (5, 4, 3)
ORDER = (5, 4, 3, 2, 1)


class DDFFNet(FocusNetwork):
    """DDFFNet and its variants.

    `variant`: how the decoder upsamples (`upconv`: 4 x 4 up-convolution of stride 2; `unpool`:
    fixed 2 x 2 unpooling; `bl`: bilinear interpolation) or, with up-convolutions, which encoder
    map it gets to see (`cc1`: conv1_2, `cc2`: conv2_2, `cc3`: conv3_3). `slices`: S, which the
    score layer fixes. `width` scales all channels but the one map per slice. `dropout`: a narrow
    network has fewer values to lose than the paper's.

    See `network_common` for the inputs and outputs, and for `along_sweep`; False is the paper's.
    """

    multiple = 32

    def __init__(
        self,
        variant: str = "cc3",
        slices: int = SLICES,
        width: float = 1.0,
        along_sweep: bool = True,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__(slices, along_sweep)
        self.variant = require_choice("variant", variant.lower(), VARIANTS)
        self.encoder = VggEncoder(check_width(width), dropout)
        self.decoder = Decoder(self.variant, width, dropout)
        self.score_layer = score_over_slices(slices)

    def score(self, images: Tensor, image: Tensor | None) -> Tensor:
        scored: Tensor = self.score_layer(self.activation_maps(images))
        return scored[:, 0]

    def activation_maps(self, images: Tensor) -> Tensor:
        """B x S x H x W, one map per slice before the score: the learned sharpness (section 4,
        'What is the network learning?'). `images` as in `score`.
        """
        deepest, kept = self.encoder(normalised(to_rgb(images.flatten(0, 1))))
        maps: Tensor = self.decoder(deepest, kept)
        return by_stack(maps, images.shape[1])[:, :, 0]


class Decoder(nn.Module):
    """The mirrored encoder: five times upsampling and convolutions, down to one map.

    Takes what `VggEncoder` returns; gives N x 1 x H x W.
    """

    def __init__(self, variant: str, width: float, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.ups, self.blocks = nn.ModuleList(), nn.ModuleList()
        self._joined = int(variant[2]) if variant.startswith("cc") else 0
        inputs = scaled(VGG16[-1][-1], width)
        for number, channels in zip(ORDER, DECODER, strict=True):
            self.ups.append(upsampling(variant, inputs))
            if number == self._joined:
                # The encoder's map doubles the channels; the first convolution halves them.
                inputs += scaled(VGG16[number - 1][-1], width)
            block = nn.Sequential()
            for count in channels:
                outputs = 1 if count == 1 else scaled(count, width)
                block.append(conv_block(inputs, outputs, epsilon=EPSILON))
                inputs = outputs
            self.blocks.append(block)
        self.dropout = nn.Dropout(dropout)

    def forward(self, deepest: Tensor, kept: list[Tensor]) -> Tensor:
        maps = deepest
        for number, up, block in zip(ORDER, self.ups, self.blocks, strict=True):
            maps = up(maps)
            if number == self._joined:
                maps = torch.cat([maps, kept[number - 1]], dim=1)
            maps = block(maps)
            if number in DROPPED:
                maps = self.dropout(maps)
        return maps


def upsampling(variant: str, channels: int) -> nn.Module:
    """The layer that doubles height and width in the decoder of `variant`."""
    if variant == "unpool":
        return FixedUnpooling()
    if variant == "bl":
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    return nn.Sequential(bilinear_upconvolution(channels), nn.ReLU(inplace=True))


def bilinear_upconvolution(channels: int) -> nn.ConvTranspose2d:
    """A 4 x 4 up-convolution of stride 2 that begins as bilinear interpolation of each channel."""
    layer = nn.ConvTranspose2d(channels, channels, 4, 2, 1, bias=False)
    ramp = torch.tensor([0.25, 0.75, 0.75, 0.25])
    with torch.no_grad():
        layer.weight.zero_()
        for channel in range(channels):
            layer.weight[channel, channel] = torch.outer(ramp, ramp)
    return layer


class FixedUnpooling(nn.Module):
    """Each value at the top left of 2 x 2 pixels, zeros beside it: Dosovitskiy et al., 'Learning
    to generate chairs', CVPR 2015, the unpooling that the paper names.
    """

    def forward(self, maps: Tensor) -> Tensor:
        count, channels, height, width = maps.shape
        spread = functional.pad(maps[..., None, :, None], (0, 1, 0, 0, 0, 1))
        return spread.reshape(count, channels, 2 * height, 2 * width)
