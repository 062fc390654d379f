"""What RDN is compared with, of the same block: other ways to bring frames together.

Thesis, sections 6.3.2 and 6.4: frames stacked as channels (DBN of Su et al. 2017, for one number of
frames), frames merged in the batch without exchange, one frame alone, and convolutional GRU and
LSTM cells in place of the temporal links. All take B x N x 3 x H x W in 0..1, the newest first, and
give B x T x 3 x H x W as `Rdn` does.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .rdn import DeblurBlock


class Stacked(nn.Module):
    """Channels of exactly `frames` frames; fewer repeat the newest."""

    def __init__(self, width: int = 64, frames: int = 5) -> None:
        super().__init__()
        self.frames = frames
        self.block = DeblurBlock(width, temporal=False, inputs=3 * frames)

    def forward(self, frames: Tensor) -> Tensor:
        frames = frames[:, : self.frames] * 2 - 1
        missing = self.frames - frames.shape[1]
        others = torch.cat([frames[:, 1:], *([frames[:, :1]] * missing)], dim=1)
        found, _ = self.block(others.flatten(1, 2), frames[:, 0])
        return cast(Tensor, (found[:, None] + 1) / 2)


class SingleImage(nn.Module):
    """The newest frame alone."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.block = DeblurBlock(width, temporal=False)

    def forward(self, frames: Tensor) -> Tensor:
        newest = frames[:, 0] * 2 - 1
        return cast(Tensor, (self.block(newest, newest)[0][:, None] + 1) / 2)


class BatchMerged(nn.Module):
    """Each pair of the newest frame and another by itself; the mean of what they give."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.block = DeblurBlock(width, temporal=False)

    def forward(self, frames: Tensor) -> Tensor:
        frames = frames * 2 - 1
        others = frames[:, 1:] if frames.shape[1] > 1 else frames
        newest = frames[:, :1].expand_as(others)
        found, _ = self.block(others.flatten(0, 1), newest.flatten(0, 1))
        return cast(Tensor, (found.unflatten(0, others.shape[:2]).mean(1, keepdim=True) + 1) / 2)


class GruCell(nn.Module):
    """A convolutional gated recurrent unit: Ballas et al., ICLR 2016."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
        self.candidate = nn.Conv2d(2 * channels, channels, 3, padding=1)

    def forward(self, values: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        state = torch.zeros_like(values) if state is None else state
        both = torch.sigmoid(self.gates(torch.cat([values, state], dim=1)))
        update, reset = both.chunk(2, dim=1)
        new = torch.tanh(self.candidate(torch.cat([values, reset * state], dim=1)))
        state = (1 - update) * state + update * new
        return state, state


class LstmCell(nn.Module):
    """A convolutional long short-term memory: Shi et al., NeurIPS 2015. Its state is the output and
    the cell, stacked.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)

    def forward(self, values: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        if state is None:
            state = torch.cat([torch.zeros_like(values)] * 2, dim=1)
        output, cell = state.chunk(2, dim=1)
        gates = self.gates(torch.cat([values, output], dim=1))
        forget, into, out, new = gates.chunk(4, dim=1)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(into) * torch.tanh(new)
        output = torch.sigmoid(out) * torch.tanh(cell)
        return output, torch.cat([output, cell], dim=1)


class Recurrent(nn.Module):
    """RDN's turns with one cell on the last, full-width features in place of its links."""

    def __init__(self, width: int = 64, cell: type[nn.Module] = GruCell) -> None:
        super().__init__()
        self.block = DeblurBlock(width, temporal=False)
        self.cell = cell(width)
        self.correct = nn.ConvTranspose2d(width, 3, 4, stride=2, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        frames = frames * 2 - 1
        estimate, state = frames[:, 0], None
        observations = frames[:, 1:] if frames.shape[1] > 1 else frames
        estimates = []
        for observation in observations.unbind(dim=1):
            estimate, features = self.block(observation, estimate)
            output, state = self.cell(features[2], state)
            estimate = estimate + self.correct(output)
            estimates.append((estimate + 1) / 2)
        return torch.stack(estimates, dim=1)
