"""FuseNet and the single-stream networks that it is compared with (sections 4.3 and 4.4).

C. Hazirbas et al., "FuseNet: incorporating depth into semantic segmentation via fusion-based CNN
architecture", ACCV 2016.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from ...types import InputError, require_choice
from .unpooling import Places, pooled
from .vgg import (
    BLOCKS,
    DEVIATION,
    DROPOUT,
    DROPPED,
    MEAN,
    MirroredDecoder,
    VggEncoder,
)

FUSIONS = (
    *("SF1", "SF2", "SF3", "SF4", "SF5"),
    *("DF1", "DF2", "DF3", "DF4", "DF5", "DF13"),
)
# Number of the last CBR block before each pooling, counted from 1.
_LAST = tuple(itertools.accumulate(map(len, BLOCKS)))


def fused_after(fusion: str) -> tuple[int, ...]:
    """Numbers (from 1) of the CBR blocks after which depth is added to colour.

    SFn: before the first n poolings. DFn: after the first n blocks, as "the number of fusion
    layers" says. Raises InputError on another name.
    """
    require_choice("fusion", fusion, FUSIONS)
    count = int(fusion[2:])
    return _LAST[:count] if fusion.startswith("SF") else tuple(range(1, count + 1))


class FuseNet(nn.Module):
    """Two VGG-16 encoders, the depth one summed into the colour one after ReLU, and one decoder.

    `colour` N x 3 x H x W (red, green, blue) and `depth` N x `depth_channels` x H x W, both in
    0..255, sides multiples of 32, to scores N x `classes` x H x W. The depth branch goes on unfused
    and ends with its last fusion; the decoder unpools where the fused branch's largest values were.
    `width` scales all channels.
    """

    def __init__(
        self,
        classes: int,
        fusion: str = "SF5",
        width: float = 1.0,
        depth_channels: int = 1,
        deconvolution: bool = False,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__()
        self.fused_after = fused_after(fusion)
        self.colour = VggEncoder(3, width)
        self.depth = VggEncoder(depth_channels, width, self.fused_after[-1])
        self.decoder = MirroredDecoder(classes, width, deconvolution, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, colour: Tensor, depth: Tensor) -> Tensor:
        fused, alone = (_normal(image) for image in (colour, depth))
        places: list[Places] = []
        number = 0
        for level, block in enumerate(self.colour.blocks):
            own = self.depth.blocks[level] if level < len(self.depth.blocks) else ()
            for layer, other in itertools.zip_longest(block, own):  # type: ignore[arg-type]
                number += 1
                fused = layer(fused)
                if other is not None:
                    alone = other(alone)
                if number in self.fused_after:
                    fused = fused + alone
            fused, place = pooled(fused)
            places.append(place)
            # Where the depth branch has ended, nothing of it is looked at any more.
            if level + 1 < len(self.depth.blocks):
                alone, _ = pooled(alone)
                if level in DROPPED:
                    alone = self.dropout(alone)
            if level in DROPPED:
                fused = self.dropout(fused)
        scores: Tensor = self.decoder(fused, places)
        return scores


class SingleStream(nn.Module):
    """The same encoder and decoder for one input of 1, 3, 4 or 6 channels in 0..255.

    Depth, HHA, colour, both stacked. With colour alone it is Bayesian SegNet (A. Kendall et al.,
    BMVC 2017), and without dropout SegNet.
    """

    def __init__(
        self,
        classes: int,
        channels: int,
        width: float = 1.0,
        deconvolution: bool = False,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__()
        if channels not in (1, 3, 4, 6):
            raise InputError(f"the network is for 1, 3, 4 or 6 channels, not {channels}")
        self.encoder = VggEncoder(channels, width)
        self.decoder = MirroredDecoder(classes, width, deconvolution, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, image: Tensor) -> Tensor:
        values = _normal(image)
        places: list[Places] = []
        for level, block in enumerate(self.encoder.blocks):
            for layer in block:  # type: ignore[union-attr]
                values = layer(values)
            values, place = pooled(values)
            places.append(place)
            if level in DROPPED:
                values = self.dropout(values)
        scores: Tensor = self.decoder(values, places)
        return scores


def _normal(image: Tensor) -> Tensor:
    return (image - MEAN) * (1 / DEVIATION)
