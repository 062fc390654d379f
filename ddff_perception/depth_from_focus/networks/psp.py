"""PSPNet for focal stacks, which DDFFNet is compared with (Hazirbas et al., section 4.2).

Zhao et al., 'Pyramid scene parsing network', CVPR 2017, 'with input and output changed'. How the
slices are handled and how deep the ResNet is the paper leaves open: here every slice goes through
the same network, as in DDFFNet, and a 1 x 1 convolution scores the slices' maps; ResNet-50 is the
usual one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .common import (
    FocusNetwork,
    by_stack,
    conv_block,
    normalised,
    resized,
    scaled,
    score_over_slices,
    to_rgb,
)
from .resnet import ResNetEncoder

# Sides of the pooled maps, the head's channels and its drop-out (PSPNet, section 3.2).
BINS = (1, 2, 3, 6)
HEAD_CHANNELS = 512
DROPOUT = 0.1
SLICES = 10


class PSPNet(FocusNetwork):
    """Dilated ResNet per slice, pyramid pooling, one map per slice, score over the slices.

    `encoder`: `resnet18` to `resnet152`; `width` scales all channels; `slices`: S. See
    `network_common` for inputs and outputs.
    """

    multiple = 8

    def __init__(
        self,
        slices: int = SLICES,
        encoder: str = "resnet50",
        width: float = 1.0,
        along_sweep: bool = True,
    ) -> None:
        super().__init__(slices, along_sweep)
        self.encoder = ResNetEncoder(encoder, width, dilated=True)
        channels = self.encoder.channels[-1]
        self.pyramid = PyramidPooling(channels)
        inner = scaled(HEAD_CHANNELS, width)
        self.head = nn.Sequential(
            conv_block(self.pyramid.channels, inner),
            nn.Dropout2d(DROPOUT),
            nn.Conv2d(inner, 1, 1),
        )
        self.score_layer = score_over_slices(slices)

    def score(self, images: Tensor, image: Tensor | None) -> Tensor:
        features = self.encoder(normalised(to_rgb(images.flatten(0, 1))))[-1]
        maps = self.head(self.pyramid(features))
        grown = functional.interpolate(maps, scale_factor=8, mode="bilinear", align_corners=False)
        scored: Tensor = self.score_layer(by_stack(grown, images.shape[1])[:, :, 0])
        return scored[:, 0]


class PyramidPooling(nn.Module):
    """The input beside itself averaged over 1, 4, 9 and 36 parts of the image (PSPNet, figure 3).

    Each part's map has a quarter of the channels and is interpolated to the input's size.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        quarter = max(1, channels // len(BINS))
        self.branches = nn.ModuleList(conv_block(channels, quarter, 1) for _ in BINS)
        self.channels = channels + quarter * len(BINS)

    def forward(self, maps: Tensor) -> Tensor:
        parts = [maps]
        for bins, branch in zip(BINS, self.branches, strict=True):
            parts.append(resized(branch(pool_into(maps, bins)), maps))
        return torch.cat(parts, dim=1)


def pool_into(maps: Tensor, bins: int) -> Tensor:
    """Means over `bins` x `bins` equal parts of N x C x H x W: N x C x bins x bins.

    Parts are cut where they end, between pixels, too. Adaptive pooling rounds to whole pixels,
    and has no counterpart in ONNX where the size of the image is not fixed.
    """
    rows = _shares(maps.shape[-2], bins, maps)
    columns = _shares(maps.shape[-1], bins, maps)
    return rows @ maps @ columns.T


def _shares(length: int, bins: int, like: Tensor) -> Tensor:
    """Bins x length: how much of each part every pixel is; rows sum to 1."""
    pixels = torch.arange(length, device=like.device, dtype=like.dtype)
    edges = torch.arange(bins, device=like.device, dtype=like.dtype)[:, None] * (length / bins)
    ends = torch.minimum(pixels + 1, edges + length / bins)
    overlap = (ends - torch.maximum(pixels, edges)).clamp_min(0)
    return overlap * (bins / length)
