"""Random numbers of a batch: one per sample, from torch's default generator."""

from __future__ import annotations

import torch
from torch import Tensor


class Draws:
    """Numbers for `batch` samples on `device`.

    They are drawn by the processor's generator, which is seeded before each batch, so that a batch
    is made up the same way on every device.
    """

    def __init__(self, batch: int, device: torch.device) -> None:
        self.batch, self.device = batch, device

    def uniform(self, low: float | Tensor, high: float | Tensor, *shape: int) -> Tensor:
        """B (x `shape`) numbers in `low` .. `high`."""
        return (low + (high - low) * torch.rand(self.batch, *shape)).to(
            self.device, non_blocking=True
        )

    def logarithmic(self, low: float, high: float, *shape: int) -> Tensor:
        """B (x `shape`) positive numbers in `low` .. `high`, even on a logarithmic scale."""
        ends = torch.log(torch.tensor([low, high]))
        return torch.exp(self.uniform(ends[0], ends[1], *shape))

    def chance(self, share: float, *shape: int) -> Tensor:
        """B (x `shape`) bool, True in `share` of the cases."""
        return (torch.rand(self.batch, *shape) < share).to(self.device, non_blocking=True)

    def choice(self, values: tuple[float, ...]) -> Tensor:
        """B of `values`."""
        numbers = torch.randint(len(values), (self.batch,))
        return torch.tensor(values)[numbers].to(self.device, non_blocking=True)

    def integers(self, below: int) -> Tensor:
        """B whole numbers in 0 .. `below` - 1."""
        return torch.randint(below, (self.batch,)).to(self.device, non_blocking=True)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers of `shape`, by the device's own generator."""
        return torch.randn(shape, device=self.device)
