"""What DefocusLight's maps are told they should be."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...training.job import Batch
from ...types import ImageArray
from ..networks.defocus_light import OUTPUT_STRIDE

# Discs count by their error in px beside this share of their own size; a side counts from this on.
_SHARE, _SIDE_PX = 0.15, 1.0
_SLOPE, _SIDE, _SURPRISE = 0.5, 0.5, 0.1


def light_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Of a batch of `LensViews` or `StackSlices`: the disc's absolute error and that of its slopes,
    relative to its size; the likelihood of a Laplace distribution with the spread; the side's
    cross-entropy.
    """
    truth = _middles(batch["defocus"][:, None].float())
    found = network(batch["image"], batch["lens"]).float()
    size, spread, side = found.split(1, dim=1)
    wanted = truth.abs()
    known = _middles(batch["known"][:, None]).float() if "known" in batch else torch.ones_like(size)
    weight = known / (1.0 + _SHARE * wanted)
    error = known * (size - wanted).abs()
    away = error.detach()
    surprise = known * (away / spread + torch.log(spread))
    sided = known * (wanted / _SIDE_PX).clamp(max=1.0)
    entropy = F.binary_cross_entropy_with_logits(side, (truth > 0).float(), reduction="none")
    behind = (sided * entropy).sum() / sided.sum().clamp(min=1.0)
    right = ((side > 0) == (truth > 0)).float()
    slopes = _slopes((size - wanted) * weight)
    loss = (weight * error).mean() + _SLOPE * slopes + _SURPRISE * surprise.mean() + _SIDE * behind
    return {
        "loss": loss,
        "disc_px": error.sum() / known.sum().clamp(min=1.0),
        "side": (sided * right).sum() / sided.sum().clamp(min=1.0),
        "slopes": slopes,
    }


def _middles(values: Tensor) -> Tensor:
    """Values at the middles of the output's cells, which are no means: edges stay edges."""
    start = OUTPUT_STRIDE // 2
    return values[..., start::OUTPUT_STRIDE, start::OUTPUT_STRIDE]


def _slopes(error: Tensor) -> Tensor:
    total = error.new_zeros(())
    for step in (1, 4):
        across = (error[..., step:] - error[..., :-step]).abs().mean()
        total = (
            total + (across + (error[..., step:, :] - error[..., :-step, :]).abs().mean()) / step
        )
    return total


def light_picture(network: nn.Module, batch: Batch) -> ImageArray:
    """Images, true and found signed discs of a batch's first items, side by side."""
    with torch.no_grad():
        found = network(batch["image"], batch["lens"]).float()
    size = F.interpolate(found, size=batch["image"].shape[-2:], mode="bilinear")
    signed = torch.where(size[:, 2] > 0, size[:, 0], -size[:, 0])
    rows = []
    for number in range(min(4, len(signed))):
        image = batch["image"][number].flip(0).permute(1, 2, 0).clamp(0, 255).byte().cpu().numpy()
        truth, own = (m[number].cpu().numpy() for m in (batch["defocus"], signed))
        end = max(1.0, float(np.abs(truth).max()))
        maps = [np.clip(127.5 + 127.5 * m / end, 0, 255).astype(np.uint8) for m in (truth, own)]
        rows.append(np.hstack([image, *(cv2.applyColorMap(m, cv2.COLORMAP_TURBO) for m in maps)]))
    return np.asarray(np.vstack(rows), np.uint8)
