"""RDN: the recurrent deblurring network of the thesis, and what it is compared with.

P. Wieschollek, M. Hirsch, B. Schoelkopf, H. Lensch, "Learning blind motion deblurring", ICCV 2017
(thesis, sections 6.3 and 6.4, appendix C). One block takes an observation and an estimate and gives
a better estimate; features of its decoder go on to its next turn.

Where the thesis says two things: the first layer has 32 channels (listing; the table has 64), the
last of the encoder's blocks is 1 x 1, the last layers are 3 x 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZE_MULTIPLE = 8
_EPSILON = 1e-5
Temporal = tuple[Tensor, ...]


class Norm(nn.Module):
    """Batch normalization by the batch's own statistics, in evaluation too.

    Written out, so that it is exported as what it does.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, values: Tensor) -> Tensor:
        centred = values - values.mean(dim=(0, 2, 3), keepdim=True)
        variance = centred.square().mean(dim=(0, 2, 3), keepdim=True)
        return centred * torch.rsqrt(variance + _EPSILON) * self.weight + self.bias


class Layer(nn.Module):
    """ReLU, convolution (transposed 4 x 4 where `up`), normalization; the first has no ReLU."""

    def __init__(
        self, channels: int, filters: int, kernel: int = 3, stride: int = 1, up: bool = False
    ) -> None:
        super().__init__()
        self.conv: nn.Module = (
            nn.ConvTranspose2d(channels, filters, 4, stride=2, padding=1)
            if up
            else nn.Conv2d(channels, filters, kernel, stride=stride, padding=kernel // 2)
        )
        self.norm = Norm(filters)

    def forward(self, values: Tensor) -> Tensor:
        return cast(Tensor, self.norm(self.conv(functional.relu(values))))


class Blend(nn.Module):
    """Features and those of the turn before, by a 1 x 1 convolution; alone they pass."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2 * channels, channels, 1)
        with torch.no_grad():
            # Links can be added to a block that is trained without them: it begins as it was.
            nn.init.normal_(self.conv.weight, std=1e-3)
            self.conv.weight[:, :channels, 0, 0] += torch.eye(channels)
            nn.init.zeros_(cast(Tensor, self.conv.bias))

    def forward(self, values: Tensor, before: Tensor | None) -> Tensor:
        if before is None:
            return values
        return cast(Tensor, self.conv(torch.cat([values, before], dim=1)))


class DeblurBlock(nn.Module):
    """Observation and estimate, B x 3 x H x W each in -1..1 (sides multiples of 8), and the
    features of the turn before (None in the first) to a better estimate and this turn's features.

    `width`: 64 in the thesis; others are its ablations at reduced width. `temporal`: with links.
    """

    def __init__(self, width: int = 64, temporal: bool = True, inputs: int = 6) -> None:
        super().__init__()
        w = width
        self.first = nn.Sequential(nn.Conv2d(inputs, w // 2, 3, padding=1), Norm(w // 2))
        self.down = nn.ModuleList(
            [
                _residual(w // 2, w, 2),
                _residual(w, w, 1),
                _residual(w, 2 * w, 2),
                _residual(2 * w, 4 * w, 2),
            ]
        )
        self.up = nn.ModuleList([_decoder(4 * w, 2 * w), _decoder(2 * w, w)])
        last = [Layer(w, w, up=True), Layer(w, w), Layer(w, w), Layer(w, 6)]
        self.last = nn.Sequential(*last, nn.ReLU(), nn.Conv2d(6, 3, 3, padding=1))
        channels = (4 * w, 2 * w, w)
        self.blends = nn.ModuleList(Blend(c) for c in channels) if temporal else None

    def forward(
        self, observation: Tensor, estimate: Tensor, before: Sequence[Tensor] | None = None
    ) -> tuple[Tensor, Temporal]:
        values: Tensor = self.first(torch.cat([observation, estimate], dim=1))
        skips: list[Tensor] = []
        outs: list[Tensor] = []
        for number, block in enumerate(self.down):
            layers = cast(nn.ModuleList, block)
            start = layers[0](values)
            if number == 3:
                start = self._blended(0, start, before)
            values = start + layers[3](layers[2](layers[1](start)))
            skips.append(values)
        outs.append(values)
        for number, block in enumerate(self.up):
            layers = cast(nn.ModuleList, block)
            start = layers[0](values) + skips[2 - number]
            start = self._blended(number + 1, start, before)
            values = start + layers[3](layers[2](layers[1](start)))
            outs.append(values)
        return estimate + self.last(values), tuple(outs)

    def _blended(self, number: int, values: Tensor, before: Sequence[Tensor] | None) -> Tensor:
        if self.blends is None or before is None:
            return values
        return cast(Tensor, self.blends[number](values, before[number]))


def _residual(channels: int, filters: int, stride: int) -> nn.ModuleList:
    return nn.ModuleList(
        [
            Layer(channels, filters, stride=stride),
            Layer(filters, filters),
            Layer(filters, filters),
            Layer(filters, filters, kernel=1),
        ]
    )


def _decoder(channels: int, filters: int) -> nn.ModuleList:
    return nn.ModuleList(
        [Layer(channels, filters, up=True), *(Layer(filters, filters) for _ in range(3))]
    )


class Rdn(nn.Module):
    """B x N x 3 x H x W frames in 0..1, the newest first, to the newest one's estimates after each
    turn, B x (N - 1) x 3 x H x W: N - 1 turns of one block, each with one more observation.

    A single frame is its own observation.
    """

    def __init__(self, width: int = 64, temporal: bool = True) -> None:
        super().__init__()
        self.block = DeblurBlock(width, temporal)

    def forward(self, frames: Tensor) -> Tensor:
        frames = frames * 2 - 1
        estimate, before = frames[:, 0], None
        observations = frames[:, 1:] if frames.shape[1] > 1 else frames
        estimates = []
        for observation in observations.unbind(dim=1):
            estimate, before = self.block(observation, estimate, before)
            estimates.append((estimate + 1) / 2)
        return torch.stack(estimates, dim=1)


def rolled_out_loss(network: nn.Module, frames: Tensor, sharp: Tensor) -> Tensor:
    """Every turn is supervised: the sum over the turns of the mean squared error."""
    estimates: Tensor = network(frames)
    return (estimates - sharp[:, None]).square().mean(dim=(0, 2, 3, 4)).sum()


def multi_scale(network: Rdn, frames: Tensor, scales: int) -> Tensor:
    """The last estimate of `scales` (1 to 3) runs, from coarse to fine; what a coarser one found
    joins the next as a further observation.
    """
    found: Tensor | None = None
    for level in range(scales - 1, -1, -1):
        side = [s // 2**level // SIZE_MULTIPLE * SIZE_MULTIPLE for s in frames.shape[-2:]]
        flat = frames.flatten(0, 1)
        small = flat if not level else functional.interpolate(flat, side, mode="area")
        turn = small.unflatten(0, frames.shape[:2])
        if found is not None:
            larger = functional.interpolate(found, turn.shape[-2:], mode="bilinear")
            turn = torch.cat([turn, larger[:, None]], dim=1)
        found = network(turn)[:, -1]
    assert found is not None
    return found
