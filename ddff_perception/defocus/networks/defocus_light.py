"""DefocusLight: the signed blur disc of each pixel from one image, on small processors.

What 2HDED:NET's depth head asks of DenseNet-121, asked of EfficientNet-Lite0, and in another unit:
the disc's diameter in pixels, which is dioptres relative to the plane in focus times the lens's
blur per dioptre. One set of weights then serves any lens, also one that is not known. Disc size and
side are told apart: blur says the first, what stands where in the scene the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...training.efficientnet_lite import MEAN, SCALE, EfficientNetLite0
from ...training.light_decoder import WIDTH, LightDecoder
from ..learned.lens_vector import LENS_VALUES

OUTPUT_STRIDE, MULTIPLE = 4, 32
# Of what sees the finest detail, which the encoder's first stride throws away.
_DETAIL = 24
# Of the smallest spread, px.
_LEAST_SPREAD = 0.05
HEADS = ("both", "depth")
# Of the sharp head: the image's blocks of 4 x 4 pixels, its width and its layers of 3 x 3.
_BLOCK, _SHARP_WIDTH, _SHARP_LAYERS = 3 * OUTPUT_STRIDE**2, 48, 4
# Discs up to about this stay as they are: a camera's own.
_SHARP_PX = 1.2


class DefocusLight(nn.Module):
    """`image`: N x 3 x H x W in 0..255, red, green, blue, sides multiples of 32; `lens`: N x 5,
    `lens_vector`. Gives N x 3 x H/4 x W/4: disc size (px), its spread (px, of a Laplace
    distribution) and the logit of lying behind the plane in focus; and what is to be added to the
    image for its blur to go, N x 3 x H x W, 0 before it has learned.
    """

    def __init__(self, width: float = 1.0, decoder_width: int = WIDTH) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0(3, width)
        channels = list(self.encoder.channels)
        self.detail = Detail(_DETAIL)
        channels[0] += _DETAIL
        self.decoder = LightDecoder(channels, decoder_width)
        # The lens shifts what each map says.
        self.lens = nn.ModuleList(
            nn.Sequential(nn.Linear(LENS_VALUES, 32), nn.ReLU(), nn.Linear(32, count))
            for count in channels
        )
        self.head = nn.Conv2d(decoder_width, 3, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)
        self.sharp = SharpHead(decoder_width)
        self.register_load_state_dict_pre_hook(_without_sharp_head)

    def forward(self, image: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(image, lens)
        maps = self.maps(features)
        return maps, self.sharp(image, features, maps[:, :1])

    def features(self, image: Tensor, lens: Tensor) -> Tensor:
        """What both heads see, N x width x H/4 x W/4."""
        values = (image - MEAN) * SCALE
        maps = list(self.encoder(values))
        maps[0] = torch.cat((maps[0], self.detail(values)), dim=1)
        told = [
            found + shift(lens)[:, :, None, None]
            for found, shift in zip(maps, self.lens, strict=True)
        ]
        decoded: Tensor = self.decoder(told)
        return decoded

    def maps(self, features: Tensor) -> Tensor:
        """Size, spread and side."""
        size, spread, side = self.head(features).split(1, dim=1)
        return torch.cat((4.0 * F.softplus(size), F.softplus(spread) + _LEAST_SPREAD, side), dim=1)


class Detail(nn.Module):
    """Grey values at full resolution to `channels` at a quarter: slopes, their size, its means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filters = nn.Conv2d(1, 8, 5, padding=2)
        self.shrunk = nn.Conv2d(16, channels, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.again = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        slopes = self.filters(values.mean(dim=1, keepdim=True))
        # Blur is a ratio of strengths: their logarithms make it a difference.
        strengths = torch.log(slopes.abs() + 0.01)
        found = F.relu(self.norm(self.shrunk(torch.cat((slopes, strengths), dim=1))))
        return F.relu(self.again(found))


class SharpHead(nn.Module):
    """What undoes the blur, of the image's blocks of 4 x 4 pixels, the features and the disc sizes.

    Its last layer begins with zeros, and where discs are none it can add nothing: no sharp image is
    harmed by what it has not learned.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.joined = nn.Conv2d(_BLOCK + width + 1, _SHARP_WIDTH, 1)
        self.layers = nn.ModuleList(
            nn.Conv2d(_SHARP_WIDTH, _SHARP_WIDTH, 3, padding=1) for _ in range(_SHARP_LAYERS)
        )
        self.last = nn.Conv2d(_SHARP_WIDTH, _BLOCK, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, image: Tensor, features: Tensor, size: Tensor) -> Tensor:
        # Sizes learn from their truth alone.
        size = size.detach()
        blocks = F.pixel_unshuffle((image - MEAN) * SCALE, OUTPUT_STRIDE)
        joined = self.joined(torch.cat((blocks, features, torch.log1p(size)), dim=1))
        for layer in self.layers:
            joined = joined + F.relu(layer(joined))
        blurred = 1.0 - torch.exp(-((size / _SHARP_PX) ** 2))
        change = 255.0 * blurred * self.last(joined)
        return F.pixel_shuffle(change, OUTPUT_STRIDE)


def _without_sharp_head(module: nn.Module, weights: dict[str, Any], prefix: str, *_: Any) -> None:
    """Weights that are older than the sharp head leave images as they are."""
    start = f"{prefix}sharp."
    if not any(name.startswith(start) for name in weights):
        own = module.get_submodule("sharp").state_dict()
        weights.update({f"{start}{name}": values for name, values in own.items()})


class WholeImage(nn.Module):
    """The network as it is exported, with the heads that are asked for: maps at the image's own
    size, the side as a probability; and what is to be added to the image.
    """

    def __init__(self, network: DefocusLight, heads: str = "both") -> None:
        super().__init__()
        self.network = network
        self._both = heads == "both"
        if not self._both:
            del network.sharp

    def forward(self, image: Tensor, lens: Tensor) -> Sequence[Tensor]:
        features = self.network.features(image, lens)
        maps = self.network.maps(features)
        found = F.interpolate(maps, scale_factor=float(OUTPUT_STRIDE), mode="bilinear")
        told = found[:, :1], found[:, 1:2], torch.sigmoid(found[:, 2:])
        if not self._both:
            return told
        return *told, self.network.sharp(image, features, maps[:, :1])
