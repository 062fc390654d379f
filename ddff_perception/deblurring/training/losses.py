"""What is minimised."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...training.job import Batch
from ..networks.fourier_net import PATCH, SHARP
from ..networks.rdn import rolled_out_loss

# An error as small as this (45 dB) is not worth learning; one of 55 dB does no harm.
_SETTLED, _UNSEEN = 3e-5, 3e-6
_SPECTRUM, _CONFIDENCE, _HARM = 0.3, 0.01, 0.03
# An error of so much, 1 is full range, is as good as none.
NEAR = 0.02


def stream_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Root mean squared error of each sample, and the difference of the spectra; the confidence
    learns how probably the error, the colours' mean, is below `NEAR`. What ends further from the
    truth than it came, or than its base was, counts by how many times its squared error has grown:
    a share of what strong blur gains is not worth what it costs a sharp frame.

    The root counts mild blur nearly as much as strong. The logarithm (decibels) would count it
    more still: what is nearly sharp already drowned the rest, and 400 steps changed nothing.
    """
    further = (batch.get(name) for name in ("base", "laid", "shifts"))
    found = network(batch["frames"], batch["matrices"], *further)
    error = (found.image - batch["sharp"]).float()
    squared = error.square().mean(dim=(1, 2, 3))
    spectrum = torch.view_as_real(torch.fft.rfft2(error, norm="ortho")).abs().mean()
    near = (error.detach().abs().mean(dim=1, keepdim=True) < NEAR).float()
    sure = nn.functional.binary_cross_entropy(found.confidence.float(), near)
    came, base = (
        (image - batch["sharp"]).square().mean(dim=(1, 2, 3))
        for image in (batch["frames"][:, 0], batch.get("base", batch["frames"][:, 0]))
    )
    best = torch.minimum(came, base) + _UNSEEN
    harm = nn.functional.relu(((squared + _UNSEEN) / best).log()).mean()
    shares = _SPECTRUM * spectrum + _CONFIDENCE * sure + _HARM * harm
    whole = (squared + _SETTLED).sqrt().mean() + shares
    gain = 10 * ((came + _SETTLED) / (squared.detach() + _SETTLED)).log10().mean()
    told = {"gain_db": gain, "confidence": sure.detach(), "harm": harm.detach()}
    return {"loss": whole, **told}


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
