"""VGG-16 without its classifier, as CBR blocks, and the decoder that mirrors it (section 4.3.1).

CBR: convolution 3 x 3, batch norm, ReLU. Places and rate of dropout, the widths of the decoder and
its stride-1 deconvolutions are the authors' (C. Hazirbas et al., FuseNet, ACCV 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from ...training.weights import read_weights
from ...types import InputError
from .first_layer import first_layer_weights
from .unpooling import Places, unpooled

# Channels of the convolutions, by what lies between two poolings.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# Deepest first; a score layer follows the last.
DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64,))
CONVOLUTIONS = sum(map(len, BLOCKS))
# Blocks (from 0) after whose pooling, or unpooling, dropout comes.
DROPPED = (2, 3, 4)
DROPOUT = 0.5
# About ImageNet's mean and deviation of 0..255.
MEAN, DEVIATION = 116.0, 58.0


def scaled(channels: int, width: float) -> int:
    """Channels of a network of reduced width, at least 4."""
    return max(4, round(channels * width))


def cbr(before: int, after: int, deconvolution: bool = False) -> nn.Sequential:
    """Convolution (or deconvolution of stride 1), batch norm, ReLU."""
    kind = nn.ConvTranspose2d if deconvolution else nn.Conv2d
    layer = kind(before, after, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class VggEncoder(nn.Module):
    """The CBR blocks of VGG-16, without pooling: `blocks[k][n]` is the n-th one before pooling k.

    `count`: how many of the 13 there are, from the first.
    """

    def __init__(self, channels: int, width: float = 1.0, count: int = CONVOLUTIONS) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        before, left = channels, count
        for sizes in BLOCKS:
            block = nn.ModuleList()
            for size in sizes[: max(left, 0)]:
                block.append(cbr(before, scaled(size, width)))
                before = scaled(size, width)
            left -= len(sizes)
            if len(block):
                self.blocks.append(block)


class MirroredDecoder(nn.Module):
    """Memorised unpooling, then CBR blocks, five times; dropout after the first three; scores."""

    def __init__(
        self,
        classes: int,
        width: float = 1.0,
        deconvolution: bool = False,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        before = scaled(BLOCKS[-1][-1], width)
        for sizes in DECODER:
            block = nn.Sequential()
            for size in sizes:
                block.append(cbr(before, scaled(size, width), deconvolution))
                before = scaled(size, width)
            self.blocks.append(block)
        self.dropout = nn.Dropout(dropout)
        kind = nn.ConvTranspose2d if deconvolution else nn.Conv2d
        self.score = kind(before, classes, 3, padding=1)

    def forward(self, values: Tensor, places: Sequence[Places]) -> Tensor:
        for number, block in enumerate(self.blocks):
            level = len(self.blocks) - 1 - number
            values = block(unpooled(values, places[level]))
            if level in DROPPED:
                values = self.dropout(values)
        scores: Tensor = self.score(values)
        return scores


def load_vgg(encoder: VggEncoder, path: Path) -> None:
    """Gives the encoder ImageNet weights of VGG-16, with or without batch norm: a .safetensors
    file, or torchvision's `vgg16` or `vgg16_bn` as torch saves them.

    The first layer follows the rules of `first_layer`. Raises InputError where they do not fit.
    """
    state = _state(path)
    convolutions = [v for name, v in state.items() if v.ndim == 4]
    biases = [state[n[:-6] + "bias"] for n, v in state.items() if v.ndim == 4]
    norms = [name[:-12] for name in state if name.endswith("running_mean")]
    layers = [cbr_block for block in encoder.blocks for cbr_block in block]  # type: ignore[union-attr]
    if len(convolutions) < len(layers):
        raise InputError(f"{path} holds {len(convolutions)} convolutions, VGG-16 has 13")
    try:
        with torch.no_grad():
            for number, (layer, weight, bias) in enumerate(
                zip(layers, convolutions, biases, strict=False)
            ):
                if number == 0:
                    weight = first_layer_weights(weight, layer[0].weight.shape[1])
                layer[0].weight.copy_(weight)
                layer[0].bias.copy_(bias)
                if norms:
                    names = ("weight", "bias", "running_mean", "running_var")
                    for name in names:
                        getattr(layer[1], name).copy_(state[f"{norms[number]}{name}"])
    except RuntimeError as error:
        raise InputError(f"{path} holds the weights of another network or width") from error


def _state(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return read_weights(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return {name: values for name, values in content.items() if name.startswith("features")}
    except Exception as error:  # torch raises a dozen kinds on damaged files
        raise InputError(f"{path} holds no weights of VGG-16") from error
