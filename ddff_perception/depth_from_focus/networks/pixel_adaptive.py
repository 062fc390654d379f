"""Pixel-adaptive convolution, and the fusions of image and focus features that rest on it or not.

Su et al., 'Pixel-adaptive convolutional neural networks', CVPR 2019; as the multi-modal dynamic
fusion module in Piao et al., section 3.3, equation (6), whose reference for it names another
paper.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...types import require_choice
from .common import conv_block

FUSIONS = ("dynamic", "sum", "weighted", "concatenation")


class PixelAdaptiveConv2d(nn.Module):
    """A convolution whose kernel is multiplied, pixel by pixel, by how alike the guide is there.

    d_i = sum_j exp(-|h_i - h_j|^2 / 2) W[p_i - p_j] f_j + b over a `kernel` x `kernel` window,
    kernel odd. Beyond the border f is zero.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.kernel = kernel
        # One 1 x 1 convolution per offset: what W makes of f_j does not depend on i.
        self.taps = nn.Conv2d(inputs, kernel * kernel * outputs, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.normal_(self.taps.weight, std=math.sqrt(1.0 / (inputs * kernel * kernel)))

    def forward(self, features: Tensor, guide: Tensor) -> Tensor:
        """B x outputs x H x W from `features` (B x inputs x H x W) and `guide` (B x C x H x W)."""
        height, width = features.shape[-2:]
        radius = self.kernel // 2
        border = (radius,) * 4
        taps = functional.pad(self.taps(features), border).chunk(self.kernel**2, dim=1)
        padded = functional.pad(guide, border)
        total: Tensor | None = None
        for number, tap in enumerate(taps):
            row, column = divmod(number, self.kernel)
            place = (..., slice(row, row + height), slice(column, column + width))
            difference = guide - padded[place]
            likeness = torch.exp(-0.5 * difference.square().sum(dim=1, keepdim=True))
            term = likeness * tap[place]
            total = term if total is None else total + term
        assert total is not None
        return total + self.bias[:, None, None]

    def weight(self) -> Tensor:
        """W as outputs x inputs x kernel x kernel, as `torch.nn.functional.conv2d` takes it."""
        taps = self.taps.weight.detach()[:, :, 0, 0]
        parts = taps.reshape(self.kernel, self.kernel, -1, taps.shape[1])
        return parts.permute(2, 3, 0, 1)


class Fusion(nn.Module):
    """Image features and focus features (the same size) to `outputs` maps.

    `kind`: `dynamic` is equation (6), the image features' convolution adapted to the focus
    features; the others are the static fusions that the paper compares with (figure 4a): `sum`,
    `weighted` (learned weights) and `concatenation`, each followed by one convolution.

    As printed, equation (6) sees focus features only through differences between neighbours: a
    flat surface has the same fusion at whatever distance. `focus_in_input` puts the focus
    features beside the image features, so that the convolution can read them, too; without it
    the fusion is the printed one.
    """

    def __init__(
        self,
        image_channels: int,
        focus_channels: int,
        outputs: int,
        kind: str = "dynamic",
        focus_in_input: bool = True,
        kernel: int = 3,
    ) -> None:
        super().__init__()
        self.kind = require_choice("fusion", kind, FUSIONS)
        self.focus_in_input = focus_in_input and kind == "dynamic"
        if kind == "dynamic":
            inputs = image_channels + (focus_channels if self.focus_in_input else 0)
            self.adaptive = PixelAdaptiveConv2d(inputs, outputs, kernel)
            return
        inputs = focus_channels
        if kind == "concatenation":
            inputs += image_channels
        else:
            self.project = conv_block(image_channels, focus_channels, 1)
        if kind == "weighted":
            self.weights = nn.Parameter(torch.zeros(2))
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)

    def forward(self, image: Tensor, focus: Tensor) -> Tensor:
        fused: Tensor
        if self.kind == "dynamic":
            features = torch.cat([image, focus], dim=1) if self.focus_in_input else image
            fused = self.adaptive(features, focus)
            return fused
        if self.kind == "concatenation":
            fused = self.convolution(torch.cat([image, focus], dim=1))
            return fused
        projected = self.project(image)
        if self.kind == "weighted":
            share = torch.softmax(self.weights, dim=0)
            fused = self.convolution(share[0] * projected + share[1] * focus)
            return fused
        fused = self.convolution(projected + focus)
        return fused
