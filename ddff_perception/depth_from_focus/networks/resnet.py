"""Residual encoders without any other package: ResNet-18 to -152, of any width.

He et al., 'Deep residual learning for image recognition', CVPR 2016; the stride sits on the 3 x 3
convolution. The names of the layers are torchvision's, so that its weights can be loaded.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from ...capability import chosen
from .common import check_width, convolution, scaled

# Kind of block and number of blocks per stage.
RESNETS: dict[str, tuple[str, tuple[int, int, int, int]]] = {
    "resnet10": ("basic", (1, 1, 1, 1)),
    "resnet18": ("basic", (2, 2, 2, 2)),
    "resnet34": ("basic", (3, 4, 6, 3)),
    "resnet50": ("bottleneck", (3, 4, 6, 3)),
    "resnet101": ("bottleneck", (3, 4, 23, 3)),
    "resnet152": ("bottleneck", (3, 8, 36, 3)),
}
STAGE_CHANNELS = (64, 128, 256, 512)
EXPANSION = {"basic": 1, "bottleneck": 4}


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, channels: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, channels, 3, stride, dilation)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = convolution(channels, channels, 3, 1, dilation)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(inputs, channels, stride)

    def forward(self, maps: Tensor) -> Tensor:
        beside = functional.relu(self.bn1(self.conv1(maps)))
        return functional.relu(self.bn2(self.conv2(beside)) + self.downsample(maps))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolution beside a shortcut; four times the channels come out."""

    def __init__(self, inputs: int, channels: int, stride: int, dilation: int) -> None:
        super().__init__()
        outputs = EXPANSION["bottleneck"] * channels
        self.conv1 = convolution(inputs, channels, 1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = convolution(channels, channels, 3, stride, dilation)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = convolution(channels, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, maps: Tensor) -> Tensor:
        beside = functional.relu(self.bn1(self.conv1(maps)))
        beside = functional.relu(self.bn2(self.conv2(beside)))
        return functional.relu(self.bn3(self.conv3(beside)) + self.downsample(maps))


class ResNetEncoder(nn.Module):
    """The stages of a ResNet; N x 3 x H x W in, the four stages' maps out, shallow to deep.

    `channels`: of the four maps. `strides`: their size as a fraction of the image, by default 4,
    8, 16, 32; with `dilated` the last two stages keep stride 8 and spread their kernels instead,
    as pyramid scene parsing does. `width` scales all channels.
    """

    def __init__(self, name: str = "resnet18", width: float = 1.0, dilated: bool = False) -> None:
        super().__init__()
        kind, depths = chosen(RESNETS, "encoder", name)
        check_width(width)
        inputs = scaled(STAGE_CHANNELS[0], width)
        self.conv1 = convolution(3, inputs, 7, 2)
        self.bn1 = nn.BatchNorm2d(inputs)
        spread = (1, 1, 2, 4) if dilated else (1, 1, 1, 1)
        steps = (1, 2, 1, 1) if dilated else (1, 2, 2, 2)
        self.strides = (4, 8, 8, 8) if dilated else (4, 8, 16, 32)
        make: Callable[..., nn.Module] = BasicBlock if kind == "basic" else Bottleneck
        counts = []
        for number, depth in enumerate(depths):
            channels = scaled(STAGE_CHANNELS[number], width)
            stage = nn.Sequential()
            for block in range(depth):
                stride = steps[number] if block == 0 else 1
                stage.append(make(inputs, channels, stride, spread[number]))
                inputs = channels * EXPANSION[kind]
            self.add_module(f"layer{number + 1}", stage)
            counts.append(inputs)
        self.channels = tuple(counts)

    def forward(self, images: Tensor) -> list[Tensor]:
        maps = functional.relu(self.bn1(self.conv1(images)))
        maps = functional.max_pool2d(maps, 3, 2, 1)
        kept = []
        for number in range(1, 5):
            maps = self.get_submodule(f"layer{number}")(maps)
            kept.append(maps)
        return kept


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
