"""Monte-Carlo dropout: what a network with dropout does not know (section 2.2; Bayesian SegNet)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Sampled(NamedTuple):
    """`probabilities` N x classes x H x W: the mean over passes; `variance` of the same shape;
    `entropy` N x H x W of the mean in 0..1, where 1 is all classes alike.
    """

    probabilities: Tensor
    variance: Tensor
    entropy: Tensor


@torch.no_grad()
def monte_carlo(network: nn.Module, images: tuple[Tensor, ...], passes: int) -> Sampled:
    """Mean and variance of `passes` (at least 2) runs with dropout; the rest stays as in use."""
    was_training = network.training
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    try:
        total = square = torch.zeros(())
        for _ in range(passes):
            found = torch.softmax(network(*images), dim=1)
            total, square = total + found, square + found * found
    finally:
        network.train(was_training)
    mean = total / passes
    variance = ((square - passes * mean * mean) / (passes - 1)).clamp(min=0)
    entropy = -(mean * mean.clamp(min=1e-12).log()).sum(dim=1)
    return Sampled(mean, variance, entropy / torch.log(torch.tensor(float(mean.shape[1]))))
