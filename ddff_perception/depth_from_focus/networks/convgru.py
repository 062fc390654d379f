"""Convolutional GRUs over the slices of a sweep: plain, and the pyramid of Piao et al.

Piao et al., 'Dynamic Fusion Network for Light Field Depth Estimation', 2021, section 3.2,
equations (2) to (5). Everything that a gate takes from the slice, and not from the state, is
computed for all slices at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .common import by_stack

# Dilations of the gates' convolutions (section 3.2).
ATROUS_RATES = (1, 3, 5)


class AtrousPyramid(nn.Module):
    """Parallel 3 x 3 convolutions of several dilations, side by side, fused by a 1 x 1 convolution.

    The brackets of equations (2) and (3) hold three responses, the state has one's channels: the
    1 x 1 convolution, which the paper does not mention, brings them back to it.
    """

    def __init__(self, inputs: int, outputs: int, rates: Sequence[int], bias: bool) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=rate, dilation=rate, bias=False) for rate in rates
        )
        self.fuse = nn.Conv2d(len(rates) * outputs, outputs, 1, bias=bias)

    def forward(self, maps: Tensor) -> Tensor:
        fused: Tensor = self.fuse(torch.cat([branch(maps) for branch in self.branches], dim=1))
        return fused


class ConvGRU(nn.Module):
    """A GRU whose products are convolutions, run over the slices of a stack.

    `inputs`: channels of the slices' features; `hidden`: channels of the state; `rates`: dilations
    of the gates' convolutions, (1,) for the plain ConvGRU, `ATROUS_RATES` for the pyramid. The
    candidate's convolutions (equation 4) are plain 3 x 3 ones in both.
    """

    def __init__(self, inputs: int, hidden: int, rates: Sequence[int] = ATROUS_RATES) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates_of_slice = _gates(inputs, 2 * hidden, rates, bias=True)
        self.gates_of_state = _gates(hidden, 2 * hidden, rates, bias=False)
        self.candidate_of_slice = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.candidate_of_state = nn.Conv2d(hidden, hidden, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """The state after each slice, B x S x hidden x H x W; `features` B x S x inputs x H x W,
        in the order of the sweep. The state before the first slice is zero.
        """
        slices = features.shape[1]
        flat = features.flatten(0, 1)
        gates = by_stack(self.gates_of_slice(flat), slices)
        candidates = by_stack(self.candidate_of_slice(flat), slices)
        state: Tensor | None = None
        states = []
        for number in range(slices):
            state = self.step(gates[:, number], candidates[:, number], state)
            states.append(state)
        return torch.stack(states, dim=1)

    def step(self, gates: Tensor, candidate: Tensor, state: Tensor | None) -> Tensor:
        """The state after one slice, from that slice's part of the gates and of the candidate."""
        if state is None:
            update = torch.sigmoid(gates[:, self.hidden :])
            return update * torch.tanh(candidate)
        both = torch.sigmoid(gates + self.gates_of_state(state))
        reset, update = both[:, : self.hidden], both[:, self.hidden :]
        fresh = torch.tanh(candidate + self.candidate_of_state(reset * state))
        return (1 - update) * state + update * fresh


def _gates(inputs: int, outputs: int, rates: Sequence[int], bias: bool) -> nn.Module:
    """What reset and update gate take from the slice or the state, in one layer for both."""
    if len(rates) == 1:
        rate = rates[0]
        return nn.Conv2d(inputs, outputs, 3, padding=rate, dilation=rate, bias=bias)
    return AtrousPyramid(inputs, outputs, rates, bias)
