"""FuseLight: FuseNet's fusion in light encoders, of branches that were trained apart.

The thesis sums depth features into colour features while both learn (section 4.3.1) and proposes
other encoders (section 7). Here each modality has a network of its own, which labels alone where
the other is missing; where both are there, the product of their probabilities is corrected by what
a third decoder sees in the features of both, summed before each enlargement as FuseNet sums them
before each pooling (sparse fusion).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...training.efficientnet_lite import MEAN, SCALE, EfficientNetLite0
from ...training.light_decoder import WIDTH, LightDecoder

OUTPUT_STRIDE = 4


class LightBranch(nn.Module):
    """One modality: N x `channels` x H x W in 0..255 to scores N x `classes` x H/4 x W/4.

    Colour is red, green, blue; depth is HHA (`Hha.network_image`). Sides are multiples of 32.
    """

    output_stride = OUTPUT_STRIDE

    def __init__(
        self, classes: int, channels: int = 3, width: float = 1.0, decoder_width: int = WIDTH
    ) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0(channels, width)
        self.decoder = LightDecoder(self.encoder.channels, decoder_width)
        self.score = nn.Conv2d(decoder_width, classes, 1)
        nn.init.normal_(self.score.weight, std=0.01)

    def features(self, image: Tensor) -> list[Tensor]:
        """The encoder's maps of an image in 0..255."""
        return list(self.encoder((image - MEAN) * SCALE))

    def forward(self, image: Tensor) -> Tensor:
        scores: Tensor = self.score(self.decoder(self.features(image)))
        return scores


class FuseLight(nn.Module):
    """Both branches and what joins them.

    `colour` and `hha`: N x 3 x H x W in 0..255; `present`: N x 2, 1 where colour and depth are
    there, 0 where one is missing (its image is then not looked at). Gives scores N x `classes` x
    H/4 x W/4 whose softmax are the probabilities.
    """

    output_stride = OUTPUT_STRIDE

    def __init__(self, classes: int, width: float = 1.0, decoder_width: int = WIDTH) -> None:
        super().__init__()
        self.colour = LightBranch(classes, 3, width, decoder_width)
        self.depth = LightBranch(classes, 3, width, decoder_width)
        channels = [2 * c for c in self.colour.encoder.channels]
        self.fusion = LightDecoder(channels, decoder_width)
        # Trust of each modality, and what both together say beyond their product.
        self.gate = nn.Conv2d(decoder_width, 2, 1)
        self.correction = nn.Conv2d(decoder_width, classes, 1)
        for layer in (self.gate, self.correction):
            nn.init.zeros_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, colour: Tensor, hha: Tensor, present: Tensor) -> Tensor:
        return self.every_score(colour, hha, present)[0]

    def every_score(self, colour: Tensor, hha: Tensor, present: Tensor) -> list[Tensor]:
        """Scores of both together, and what each branch finds alone, whether it is there or not."""
        maps = self.colour.features(colour), self.depth.features(hha)
        scores = [
            F.log_softmax(branch.score(branch.decoder(found)), dim=1)
            for branch, found in zip((self.colour, self.depth), maps, strict=True)
        ]
        there = present[:, :, None, None]
        joined = [
            torch.cat((a * there[:, :1], b * there[:, 1:]), dim=1)
            for a, b in zip(*maps, strict=True)
        ]
        seen = self.fusion(joined)
        trust = 2.0 * torch.sigmoid(self.gate(seen)) * there
        product = trust[:, :1] * scores[0] + trust[:, 1:] * scores[1]
        return [product + self.correction(seen), *scores]

    def freeze_branches(self) -> None:
        """Only what joins the branches learns."""
        self.colour.requires_grad_(False)
        self.depth.requires_grad_(False)

    def train(self, mode: bool = True) -> FuseLight:
        """Branches that do not learn stay as they are in use."""
        super().train(mode)
        for branch in (self.colour, self.depth):
            if not any(p.requires_grad for p in branch.parameters()):
                branch.eval()
        return self
