"""RestoreStream, ours: MSN made sparse. One small network whose features are mixed per pixel.

What MSN's streams do at the cost of one U-Net each is done by a few experts after one backbone
(residual blocks of plain convolutions: on a CPU they learn and run faster than blocks of thin
ones). Which expert counts at a pixel is learned with class labels as a teacher, whose head is
dropped at export.
What is wrong with the image is estimated from all of it, once, and given to every block: no
block has statistics of its own, so that tiles agree and frames of a stream can share the estimate.
It betters what the method without learning makes of the image (`base`) and begins as that; all runs
at half the resolution, of which a pixel holds four (after FFDNet: Zhang et al., TIP 2018).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, EXPERTS, TOLD = 32, 4, 16
MULTIPLE = 8
BLOCKS = (2, 2, 2)
KINDS = ("noise", "blur", "jpeg", "small")
"""What the estimate learns to tell, each 0 (none) to 1 (as strong as it gets)."""


class Found(NamedTuple):
    """`image`: B x 3 x H x W. `sure`: B x 1 x H x W logits that the error is small. `mixing`:
    B x E x H/2 x W/2 shares. `classes`: B x C x H/2 x W/2 logits, of training alone. `kinds`:
    B x 4.
    """

    image: Tensor
    sure: Tensor
    mixing: Tensor
    classes: Tensor
    kinds: Tensor


class Branches(nn.Module):
    """A depthwise 3 x 3 convolution that learns as three (3 x 3, 1 x 1 and nothing) and is one when
    it runs (Ding et al., "RepVGG", CVPR 2021).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.narrow = nn.Conv2d(width, width, 1, groups=width, bias=False)

    @property
    def weight(self) -> Tensor:
        """Of the one convolution that all three are."""
        return self.wide.weight + functional.pad(self.narrow.weight + 1, (1, 1, 1, 1))

    def forward(self, values: Tensor) -> Tensor:
        groups = self.wide.groups
        return functional.conv2d(values, self.weight, self.wide.bias, padding=1, groups=groups)


def with_one_branch(network: nn.Module) -> nn.Module:
    """`network`, changed: each `Branches` as the convolution that it is."""
    for name, child in network.named_children():
        if isinstance(child, Branches):
            child.wide.weight.data = child.weight.detach()
            setattr(network, name, child.wide)
        else:
            with_one_branch(child)
    return network


class Block(nn.Module):
    """A residual block without statistics; what is told of the whole image scales its features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.told = nn.Linear(TOLD, width)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, values: Tensor, told: Tensor) -> Tensor:
        gate = 1 + self.told(told)[:, :, None, None]
        found: Tensor = self.second(functional.relu(self.first(values) * gate))
        return values + found


class Estimator(nn.Module):
    """What is wrong with an image, B x 3 x H x W, as a vector of all of it: B x 16, and B x 4 of
    `KINDS`. Mean and spread of what a few fine convolutions find: noise and blur are in the finest
    detail, which is why nothing is shrunken before.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.fine = nn.Sequential(
            nn.PixelUnshuffle(2), nn.Conv2d(12, width, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.vector = nn.Sequential(nn.Linear(4 * width, 64), nn.ReLU(), nn.Linear(64, TOLD))
        self.kinds = nn.Linear(TOLD, len(KINDS))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        found = self.fine(image)
        mean = found.mean((2, 3))
        spread = ((found - mean[:, :, None, None]).square().mean((2, 3)) + 1e-6).sqrt()
        told = self.vector(torch.cat([mean, spread], 1))
        return told, self.kinds(told).sigmoid()


class Restorer(nn.Module):
    """An image, its `base` and what is told of it to a restored one; sides are multiples of 8."""

    def __init__(self, width: int = WIDTH, classes: int = 1) -> None:
        super().__init__()
        blocks = BLOCKS
        widths = [width * 2**n for n in range(len(blocks))]
        self.first = nn.Conv2d(24, width, 3, padding=1)
        self.inward = nn.ModuleList(
            nn.ModuleList(Block(n) for _ in range(count))
            for n, count in zip(widths, blocks, strict=True)
        )
        self.smaller = nn.ModuleList(nn.Conv2d(n, 2 * n, 2, 2) for n in widths[:-1])
        self.larger = nn.ModuleList(nn.Conv2d(2 * n, 4 * n, 1, bias=False) for n in widths[:-1])
        self.outward = nn.ModuleList(Block(n) for n in widths[:-1])
        self.mixing = nn.Conv2d(width, EXPERTS, 1)
        self.experts = nn.Conv2d(width, EXPERTS * width, 1)
        self.around = Branches(EXPERTS * width)
        self.last = nn.Conv2d(width, 16, 3, padding=1)
        self.teacher = nn.Conv2d(EXPERTS, classes, 1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(
        self, image: Tensor, base: Tensor, told: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        # The difference apart: small, and all that a touched pixel tells.
        both = torch.cat([base, image - base], 1)
        values, kept = self.first(functional.pixel_unshuffle(both, 2)), []
        for level, blocks in enumerate(self.inward):
            for block in blocks:
                values = block(values, told)
            if level < len(self.smaller):
                kept.append(values)
                values = self.smaller[level](values)
        for level in reversed(range(len(kept))):
            values = functional.pixel_shuffle(self.larger[level](values), 2) + kept[level]
            values = self.outward[level](values, told)
        logits = self.mixing(values)
        shares = logits.softmax(1)
        found = functional.relu(self.around(self.experts(values))).unflatten(1, (EXPERTS, -1))
        mixed = (found * shares[:, :, None]).sum(1)
        last = functional.pixel_shuffle(self.last(values + mixed), 2)
        return base + last[:, :3], last[:, 3:], shares, self.teacher(logits)


class RestoreStream(nn.Module):
    """Both, as they are trained: an image and what `adaptive` makes of it, B x 3 x H x W in 0..1,
    sides multiples of 8, to a `Found`.
    """

    def __init__(self, width: int = WIDTH, classes: int = 1) -> None:
        super().__init__()
        self.estimator, self.restorer = Estimator(width), Restorer(width, classes)

    def forward(self, image: Tensor, base: Tensor) -> Found:
        told, kinds = self.estimator(image)
        restored, sure, mixing, classes = self.restorer(image, base, told)
        return Found(restored, sure, mixing, classes, kinds)
