"""The VGG-16 encoder of DDFFNet, and how pretrained weights get into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...types import InputError
from .common import check_width, conv_block, scaled

# Channels of the convolutions between the poolings: Simonyan and Zisserman, ICLR 2015, column D.
VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# Batch norm's epsilon and the drop-out of DDFFNet (digest 9.1 and 3.3).
EPSILON = 1e-3
DROPOUT = 0.5
# Poolings that are followed by drop-out, counted from one.
DROPPED = (3, 4, 5)


class VggEncoder(nn.Module):
    """The 13 convolutions and 5 poolings of VGG-16, each convolution with batch norm and ReLU.

    `width` scales the channels; `dropout` is its probability.

    Takes N x 3 x H x W with sides a multiple of 32; returns the last
    pooling's output (N x 512 x H/32 x W/32) and the output of the last convolution before each
    pooling (conv1_2, conv2_2, conv3_3, conv4_3, conv5_3).
    """

    def __init__(self, width: float = 1.0, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.width = check_width(width)
        self.blocks = nn.ModuleList()
        inputs = 3
        for channels in VGG16:
            block = nn.Sequential()
            for outputs in channels:
                block.append(conv_block(inputs, scaled(outputs, width), epsilon=EPSILON))
                inputs = scaled(outputs, width)
            self.blocks.append(block)
        self.dropout = nn.Dropout(dropout)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps, kept = images, []
        for number, block in enumerate(self.blocks, 1):
            maps = block(maps)
            kept.append(maps)
            maps = functional.max_pool2d(maps, 2)
            if number in DROPPED:
                maps = self.dropout(maps)
        return maps, kept


def load_vgg16(encoder: VggEncoder, path: Path) -> None:
    """Puts the weights of a VGG-16 classifier's file into `encoder`.

    `path`: safetensors, or a torch file of plain tensors, with torchvision's or timm's names
    (`features.0.weight`, ...), of VGG-16 with or without batch norm. The biases of the plain one
    are left out: batch norm takes any constant away again. The images of such networks are RGB,
    normalised (`network_common.normalised`).

    Raises InputError where the file cannot be read, holds other layers, or the encoder's width
    is not 1.
    """
    if encoder.width != 1.0:
        raise InputError(
            f"VGG-16 weights fit an encoder of width 1, not {encoder.width:g}: leave one of the "
            "two out"
        )
    layers = _feature_layers(read_tensors(path))
    convolutions = [layer["weight"] for layer in layers if layer["weight"].dim() == 4]
    norms = [layer for layer in layers if layer["weight"].dim() == 1]
    own = [unit for block in encoder.blocks for unit in block]  # type: ignore[union-attr]
    shapes = [tuple(unit[0].weight.shape) for unit in own]
    found = [tuple(weight.shape) for weight in convolutions]
    if found != shapes or len(norms) not in (0, len(own)):
        raise InputError(
            f"{path} does not hold the 13 convolutions of VGG-16 under features.*: it has "
            f"{len(found)} there"
        )
    with torch.no_grad():
        for unit, weight in zip(own, convolutions, strict=True):
            unit[0].weight.copy_(weight)
        for unit, norm in zip(own, norms, strict=False):
            _load_norm(unit[1], norm, path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The named tensors of a safetensors file, or of a torch file that holds nothing else.

    Raises InputError on a missing or damaged file, and on a torch file with anything but tensors
    in it: unpickling that could run code.
    """
    if not path.is_file():
        raise InputError(f"there is no weights file {path}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(
            f"{path} cannot be read as weights: give a safetensors file or a torch file of plain "
            "tensors"
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        raise InputError(f"{path} holds no table of tensors: give a network's state_dict")
    return dict(content)


def _feature_layers(tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    """The tensors under `features.N.` by layer, in the order of N."""
    layers: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        match = re.fullmatch(r"(?:module\.)?features\.(\d+)\.(\w+)", name)
        if match:
            layers.setdefault(int(match[1]), {})[match[2]] = tensor
    return [layers[number] for number in sorted(layers) if "weight" in layers[number]]


def _load_norm(own: nn.BatchNorm2d, norm: Mapping[str, Tensor], path: Path) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        target = getattr(own, name)
        if name not in norm or norm[name].shape != target.shape:
            raise InputError(f"{path}: a batch norm of VGG-16 lacks a fitting {name}")
        target.copy_(norm[name])
