"""What is minimised."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...training.job import Batch
from ..networks.fourier_net import PATCH, SHARP
from ..networks.rdn import rolled_out_loss

_EPSILON = 1e-3
# An error of so much, 1 is full range, is as good as none.
_GOOD = 0.02


def stream_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Charbonnier loss of the image; the confidence learns how near it is."""
    found = network(batch["frames"], batch["matrices"])
    error = (found.image - batch["sharp"]).float()
    image = torch.sqrt(error.square() + _EPSILON**2).mean()
    near = torch.exp(-error.detach().abs().mean(dim=1, keepdim=True) / _GOOD)
    sure = nn.functional.binary_cross_entropy(found.confidence.float(), near)
    return {"loss": image + 0.01 * sure, "image": image.detach(), "confidence": sure.detach()}


def turns_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The sum over the turns of the mean squared error (thesis, section 6.3.2)."""
    return {"loss": rolled_out_loss(network, batch["frames"], batch["sharp"])}


def patch_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Squared error of the sharp patch, one channel per sample (thesis, section 6.2)."""
    channel = int(torch.randint(3, ()))
    frames, sharp = batch["frames"][:, :, channel], batch["sharp"][:, channel]
    start = (frames.shape[-1] - PATCH) // 2
    patches = frames[..., start : start + PATCH, start : start + PATCH]
    inner = start + (PATCH - SHARP) // 2
    wanted = sharp[..., inner : inner + SHARP, inner : inner + SHARP]
    return {"loss": (network(patches) - wanted).square().mean()}
