"""Losses between estimated and true layers, and what a batch's layers look like side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...training.job import Batch
from ...types import ImageArray
from ..networks.blending import SurfaceNetwork

LOSSES = ("l2", "l1", "mixed", "logarithmic")
# Of the squared error relative to the squared brightest value: 70 dB, below any camera's noise.
_FLOOR = 1e-7
_SHARE_WEIGHT = 0.3
_UNMIXED_WEIGHT = 0.3
_DECIBEL = 10 / float(np.log(10))


def layer_losses(kind: str) -> Callable[[nn.Module, Batch], Mapping[str, Tensor]]:
    """The loss `kind` of LOSSES over both layers, summed.

    `l2` (the paper's), `l1` and their sum `mixed`, means over all pixels. `logarithmic`: the mean
    over samples of ln(mean square / peak square), which makes a decibel worth the same in every
    sample: a dim scene counts as much as a bright one. Networks that estimate the surface learn its
    share and what it alone gives as well. Logged: `psnr_t`, `psnr_r` in dB, against each sample's
    brightest layer.
    """

    def loss(network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        stokes = batch["stokes"].transpose(0, 1)
        stages = network.stages(stokes) if isinstance(network, SurfaceNetwork) else None
        found = list(
            network(stokes) if stages is None else (stages.transmission, stages.reflection)
        )
        truth = [batch["transmission"], batch["reflection"]]
        peak = (truth[0] + truth[1]).amax(dim=(1, 2, 3)).square() + 1e-9
        squares = [_square(a, b) for a, b in zip(found, truth, strict=True)]
        logarithms = [torch.log(s / peak + _FLOOR) for s in squares]
        if kind == "logarithmic":
            total = 0.5 * (logarithms[0].mean() + logarithms[1].mean())
        else:
            total = _plain(kind, found, truth, squares)
        if stages is not None:
            error = torch.log(_square(stages.unmixed, truth[1]) / peak + _FLOOR).mean()
            total = total + _UNMIXED_WEIGHT * error
            total = total + _SHARE_WEIGHT * _share_error(stages.share, batch["share"])
        with torch.no_grad():
            psnr = [-_DECIBEL * values.mean() for values in logarithms]
        return {"loss": total, "psnr_t": psnr[0], "psnr_r": psnr[1]}

    return loss


def _square(found: Tensor, truth: Tensor) -> Tensor:
    """Mean square error of each sample."""
    return (found.float() - truth).square().mean(dim=(1, 2, 3))


def _plain(kind: str, found: list[Tensor], truth: list[Tensor], squares: list[Tensor]) -> Tensor:
    second = squares[0].mean() + squares[1].mean()
    if kind == "l2":
        return second
    first = sum((a.float() - b).abs().mean() for a, b in zip(found, truth, strict=True))
    return torch.as_tensor(first) if kind == "l1" else torch.as_tensor(first) + second


def _share_error(share: Tensor, truth: Tensor) -> Tensor:
    """Mean |ln| of the ratio of the shares, at the resolution of the estimate."""
    coarse = F.adaptive_avg_pool2d(truth, share.shape[-2:])
    return (torch.log(share + 1e-3) - torch.log(coarse + 1e-3)).abs().mean()


def picture(network: nn.Module, batch: Batch) -> ImageArray:
    """Up to four samples under each other: the mean, then both layers, true and estimated."""
    count = min(4, len(batch["stokes"]))
    stokes = batch["stokes"][:count].transpose(0, 1)
    transmission, reflection = network(stokes)
    columns = [
        stokes[0],
        batch["transmission"][:count],
        transmission,
        batch["reflection"][:count],
        reflection,
    ]
    rows = [np.hstack([_bytes(column[number]) for column in columns]) for number in range(count)]
    return np.vstack(rows)


def _bytes(layer: Tensor) -> Any:
    shown = layer.float().clamp(0, 1).sqrt().expand(3, -1, -1).permute(1, 2, 0)
    return (shown * 255).round().byte().cpu().numpy()
