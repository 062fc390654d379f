"""DynamicFusionNet: Piao et al., 'Dynamic Fusion Network for Light Field Depth Estimation', 2021.

An image stream (encoder, decoder of four upsamplings, refinement), a focal stream (four 5 x 5
convolutions per slice and a pyramid ConvGRU over the slices), and a fusion of both in which focus
features steer the convolution of image features; two convolutions refine the result.

What the paper leaves open: the numbers of channels, how the decoder upsamples (here bilinear
interpolation and a convolution that halves the channels), the size of the adaptive kernel (3 x 3).
A focus sweep has no RGB image of its own: where none is given, the sharpest parts of the slices
are put together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...parameters import Settings, parameter
from ...types import InputError
from .common import (
    FocusNetwork,
    by_stack,
    conv_block,
    normalised,
    resized,
    sharpest_composite,
    to_rgb,
)
from .convgru import ATROUS_RATES, ConvGRU
from .pixel_adaptive import FUSIONS, Fusion
from .resnet import RESNETS, ResNetEncoder
from .timm_encoder import TimmEncoder

CORRELATIONS = ("pyramid_gru", "gru", "cnn2d")
# Channels that each encoder map brings into the refinement.
SIDE_CHANNELS = 16
# Convolutions of the 2D-CNN that the ablation puts in the place of the ConvGRU (section 4.2).
CNN_LAYERS = 7


@dataclass(frozen=True)
class DynamicFusionSettings(Settings):
    """What a DynamicFusionNet is made of.

    `encoder`: `legacy_senet154` (the paper's) or any other name that timm knows, or one of this
    package's `resnet10` to `resnet152`, of `encoder_width` times the channels. `correlation` cnn2d
    is for a fixed number of slices. `fusion` and `focus_in_input`: see `Fusion`. `focal_stride`: 2
    halves the size that focus features (and the fusion) are computed at. `fused_channels`: 1 is
    the depth map of equation (6).
    """

    encoder: str = parameter("legacy_senet154", "of the image stream: resnet10, ..., or timm's")
    encoder_width: float = parameter(
        1.0, "channels of resnet encoders, a share", limits=(0.01, 4.0)
    )
    pretrained: bool = parameter(False, "begin with timm's weights of the encoder")
    correlation: str = parameter("pyramid_gru", "over the slices", choices=CORRELATIONS)
    fusion: str = parameter("dynamic", "of image and focus features", choices=FUSIONS)
    focus_in_input: bool = parameter(
        False, "let the dynamic fusion read the focus features themselves"
    )
    focal_channels: int = parameter(32, "channels of the focus features", limits=(1, 512))
    focal_stride: int = parameter(1, "1, 2 or 4: size that focus is computed at", "px", (1, 4))
    fused_channels: int = parameter(1, "maps that the fusion gives", limits=(1, 512))


PAPER_SETTINGS = DynamicFusionSettings()
# What trains on a processor in minutes, and reads the focus features, too.
LIGHT_SETTINGS = DynamicFusionSettings(
    encoder="resnet10",
    encoder_width=0.25,
    focus_in_input=True,
    focal_channels=16,
    focal_stride=2,
    fused_channels=16,
)


class DynamicFusionNet(FocusNetwork):
    """The paper's network; see the module's text, `DynamicFusionSettings`, and `network_common`
    for inputs and outputs.
    """

    multiple = 32

    def __init__(
        self,
        settings: DynamicFusionSettings = PAPER_SETTINGS,
        slices: int | None = None,
        along_sweep: bool = True,
    ) -> None:
        super().__init__(slices, along_sweep)
        self.settings = settings
        self.image_stream = ImageStream(settings)
        self.focal_stream = FocalStream(settings, slices)
        channels = settings.fused_channels
        self.fusion = Fusion(
            self.image_stream.channels,
            settings.focal_channels,
            channels,
            settings.fusion,
            settings.focus_in_input,
        )
        inner = max(channels, SIDE_CHANNELS)
        self.refine = nn.Sequential(
            nn.Conv2d(channels, inner, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, 1, 3, padding=1),
        )

    def score(self, images: Tensor, image: Tensor | None) -> Tensor:
        focus = self.focal_stream(images)
        image = sharpest_composite(images) if image is None else image
        features = _grown(self.image_stream(image), 2 / self.settings.focal_stride)
        refined = self.refine(self.fusion(features, focus))
        return _grown(refined, self.settings.focal_stride)[:, 0]


class ImageStream(nn.Module):
    """Encoder, decoder and refinement of the image stream; B x 3 x H x W in, B x `channels` x
    H/2 x W/2 out (section 3.1).
    """

    def __init__(self, settings: DynamicFusionSettings) -> None:
        super().__init__()
        self.encoder = create_encoder(settings)
        deepest = self.encoder.channels[-1]
        inputs = max(deepest // 2, 4)
        self.squeeze = conv_block(deepest, inputs, 1)
        self.ups = nn.ModuleList()
        for _ in range(4):
            outputs = max(inputs // 2, 4)
            self.ups.append(conv_block(inputs, outputs))
            inputs = outputs
        self.sides = nn.ModuleList(
            conv_block(channels, SIDE_CHANNELS, 1) for channels in self.encoder.channels
        )
        self.channels = inputs + SIDE_CHANNELS * len(self.sides)
        self.refinement = nn.Sequential(*(conv_block(self.channels, self.channels) for _ in "123"))

    def forward(self, image: Tensor) -> Tensor:
        kept = self.encoder(normalised(to_rgb(image)))
        maps = self.squeeze(kept[-1])
        for up in self.ups:
            maps = up(_grown(maps, 2))
        sides = [resized(side(each), maps) for side, each in zip(self.sides, kept, strict=True)]
        refined: Tensor = self.refinement(torch.cat([maps, *sides], dim=1))
        return refined


class FocalStream(nn.Module):
    """Four 5 x 5 convolutions per slice (equation 1), then what looks over the slices; B x S x 3 x
    H x W in, B x `focal_channels` x H/stride x W/stride out.
    """

    def __init__(self, settings: DynamicFusionSettings, slices: int | None = None) -> None:
        super().__init__()
        channels, stride = settings.focal_channels, settings.focal_stride
        if stride not in (1, 2, 4):
            raise InputError(f"focal_stride must be 1, 2 or 4, not {stride}")
        self.per_slice = nn.Sequential()
        inputs = 3
        for number in range(4):
            block = conv_block(inputs, channels, 5)
            block[0].stride = (2, 2) if stride >= 2 ** (number + 1) else (1, 1)
            self.per_slice.append(block)
            inputs = channels
        self.correlation: nn.Module
        if settings.correlation == "cnn2d":
            self.correlation = _cnn2d(channels, slices)
        else:
            rates = ATROUS_RATES if settings.correlation == "pyramid_gru" else (1,)
            self.correlation = ConvGRU(channels, channels, rates)

    def forward(self, images: Tensor) -> Tensor:
        features = by_stack(self.per_slice(normalised(images.flatten(0, 1))), images.shape[1])
        if isinstance(self.correlation, ConvGRU):
            return self.correlation(features)[:, -1]
        correlated: Tensor = self.correlation(features.flatten(1, 2))
        return correlated


def _grown(maps: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return maps
    return functional.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)


def create_encoder(settings: DynamicFusionSettings) -> ResNetEncoder | TimmEncoder:
    """The image encoder that `settings` name: this package's ResNets, anything else from timm."""
    if settings.encoder in RESNETS:
        return ResNetEncoder(settings.encoder, settings.encoder_width)
    if settings.encoder_width != 1.0:
        raise InputError(
            f"encoder_width is for this package's encoders ({', '.join(RESNETS)}), not for "
            f"{settings.encoder} of timm"
        )
    return TimmEncoder(settings.encoder, settings.pretrained)


def _cnn2d(channels: int, slices: int | None) -> nn.Module:
    """Seven convolutions that reach across all slices at once: the ablation of section 4.2."""
    if slices is None:
        raise InputError("correlation cnn2d is for a fixed number of slices: give slices")
    layers = [conv_block(slices * channels, channels)]
    layers += [conv_block(channels, channels) for _ in range(CNN_LAYERS - 1)]
    return nn.Sequential(*layers)
