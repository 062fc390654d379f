"""Restoration with class labels: SSN, SSN_l, TSN_late, TSN_mid and MSN (Hazirbas, chapter 5).

All take B x 3 x H x W in 0..1 and, but for SSN and MSN, the labels B x H x W (255 unlabelled); they
give B x 3 x H x W in 0..1. Errata that are followed: equation 5.2 has S_l(x_c), meant is S_l(x) as
in the text (E14); labels 0..c make c + 1 streams while the capacity rule counts c streams and F
(E12): here streams and classes are as many, and the rule divides by streams + 1. The caption of
table 5.1 says that labels help under every strategy; at sigma 6 its numbers say otherwise (E29).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .unet import Decoder, Encoder, Streamed, UNet, ladder

CAPACITY = 397_000_000
"""Parameters of every network that the thesis compares."""
UNLABELLED = 255


@dataclass(frozen=True)
class Fused:
    """MSN's: `image`, and what each stream makes of the image, S x B x 3 x H x W."""

    image: Tensor
    partial: Tensor


def label_plane(labels: Tensor, classes: int) -> Tensor:
    """B x 1 x H x W in 0..1; what is unlabelled counts as one class more."""
    known = labels.long().clamp(max=classes)
    return known[:, None].float() / classes


class Ssn(nn.Module):
    """The single-stream network: the U-Net alone."""

    def __init__(self, classes: int = 0, width: int = 64, blocks: int = 8) -> None:
        super().__init__()
        self.net = UNet(width, blocks=blocks)

    def forward(self, image: Tensor, labels: Tensor | None = None) -> Tensor:
        found: Streamed = self.net(image)
        return found.image


class SsnLabels(nn.Module):
    """SSN_l, early fusion: labels as a fourth channel, x_c = [x, l]."""

    def __init__(self, classes: int, width: int = 64, blocks: int = 8) -> None:
        super().__init__()
        self.classes = classes
        self.net = UNet(width, inputs=4, blocks=blocks)

    def forward(self, image: Tensor, labels: Tensor) -> Tensor:
        plane = label_plane(labels, self.classes)
        found: Streamed = self.net(torch.cat([image, plane], 1))
        return found.image


class TsnLate(nn.Module):
    """TSN_late: labels have an encoder of their own, joined in the context vector."""

    between = False

    def __init__(self, classes: int, width: int = 64, blocks: int = 8) -> None:
        super().__init__()
        filters = ladder(width, blocks)
        self.classes = classes
        self.encoder, self.labels = Encoder(3, filters), Encoder(1, filters)
        self.decoder = Decoder(filters, 2 * filters[-1])

    def forward(self, image: Tensor, labels: Tensor) -> Tensor:
        found, told = [], []
        values, plane = 2 * image - 1, 2 * label_plane(labels, self.classes) - 1
        for own, other in zip(self.encoder.blocks, self.labels.blocks, strict=True):
            values, plane = own(values), other(plane)
            if self.between:
                values = values + plane
            found.append(values)
            told.append(plane)
        made: Streamed = self.decoder(found, torch.cat([found[-1], told[-1]], 1))
        return made.image


class TsnMid(TsnLate):
    """TSN_mid: labels' features are added to the image's after each block as well, as FuseNet does
    (Hazirbas et al., ACCV 2016).
    """

    between = True


class Msn(nn.Module):
    """MSN: a stream per class that needs no labels at run time, and a network that fuses them.

    Composition H (5.4): the streams' images stacked along the channels, and the sum of their last
    features, which the fusion F takes beside what its first block finds (5.3).
    """

    def __init__(self, classes: int, width: int = 64, blocks: int = 8) -> None:
        super().__init__()
        self.streams = nn.ModuleList(UNet(width, blocks=blocks) for _ in range(classes))
        self.fusion = UNet(width, inputs=3 * classes, joined=ladder(width)[0], blocks=blocks)

    def whole(self, image: Tensor) -> Fused:
        """The image, and each stream's."""
        found: list[Streamed] = [stream(image) for stream in self.streams]
        stacked = torch.cat([one.image for one in found], 1)
        total = torch.stack([one.features for one in found]).sum(0)
        made: Streamed = self.fusion(stacked, total)
        return Fused(made.image, torch.stack([one.image for one in found]))

    def forward(self, image: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.whole(image).image


def stream_targets(clean: Tensor, degraded: Tensor, labels: Tensor, classes: int) -> Tensor:
    """S x B x 3 x H x W: for each class the clean image inside of it, the degraded one elsewhere
    (5.4.1); what is unlabelled is nobody's.
    """
    inside = labels[None, :, None] == torch.arange(classes).view(-1, 1, 1, 1, 1).to(labels)
    return torch.where(inside, clean[None], degraded[None])


def cut_and_paste(partial: Tensor, labels: Tensor, degraded: Tensor) -> Tensor:
    """The simple assembly that F is compared with: of each pixel what its class's stream says, the
    degraded image where there is no label. `partial`: S x B x 3 x H x W.
    """
    known = labels < len(partial)
    index = labels.long().clamp(max=len(partial) - 1)[None, :, None].expand(1, *degraded.shape)
    chosen = partial.gather(0, index)[0]
    return torch.where(known[:, None], chosen, degraded)


def parameters(network: nn.Module) -> int:
    """How many numbers it learns."""
    return sum(weights.numel() for weights in network.parameters())


def equal_width(make: Callable[[int], nn.Module], capacity: int = CAPACITY) -> int:
    """The width at which `make` gives at most `capacity` parameters: the rule by which the thesis
    compares (k of sec. 5.4.2). Counted without memory.
    """
    low, high = 1, 2
    while _count(make, high) <= capacity:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _count(make, middle) <= capacity else (low, middle)
    return low


def _count(make: Callable[[int], nn.Module], width: int) -> int:
    with torch.device("meta"):
        return parameters(make(width))
