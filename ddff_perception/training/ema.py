"""The exponential moving average of a network's weights, which is what is validated and kept."""

from __future__ import annotations

import copy

import torch
from torch import nn


class AveragedModule(nn.Module):
    """A copy of `module` that follows it: parameters and running statistics.

    The decay rises to its value as (1 + n) / (10 + n) over the first updates n, so that a short
    run's average does not hang on to the untrained weights.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, source: nn.Module, number: int) -> None:
        """Moves towards `source` after its optimiser step `number`, counted from 1."""
        decay = min(self.decay, (1 + number) / (10 + number))
        mine, theirs = self.module.state_dict(), source.state_dict()
        moving = [name for name, value in mine.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [mine[name] for name in moving], [theirs[name] for name in moving], 1.0 - decay
        )
        for name in mine.keys() - set(moving):
            mine[name].copy_(theirs[name])
