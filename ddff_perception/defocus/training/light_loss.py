"""What DefocusLight's maps and its sharp image are told they should be."""

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
_SLOPE, _SIDE, _SURPRISE, _SHARP = 0.5, 0.5, 0.1, 10.0
# Of Charbonnier's, in shares of white.
_EPSILON = 1e-3


def light_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Of a batch of `LensViews` or `KnownCrops`: the disc's absolute error and that of its slopes,
    relative to its size; the likelihood of a Laplace distribution with the spread; the side's
    cross-entropy; Charbonnier's loss of the sharp image. Looked at: `disc_px`, the share of sides
    that are right, `of_constant`, the error in dioptres as a share of the best constant maps', and
    `gain_db` of the sharp images.
    """
    truth = _middles(batch["defocus"][:, None].float())
    maps, change = network(batch["image"], batch["lens"])
    size, spread, side = maps.float().split(1, dim=1)
    blurred = _sharp_loss(batch, change.float())
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
    signed = torch.where(side > 0, size, -size).detach()
    loss = (weight * error).mean() + _SLOPE * slopes + _SURPRISE * surprise.mean() + _SIDE * behind
    return {
        "loss": loss + _SHARP * blurred["loss"],
        "disc_px": error.sum() / known.sum().clamp(min=1.0),
        "side": (sided * right).sum() / sided.sum().clamp(min=1.0),
        "of_constant": of_constant(signed, truth, known, batch["scale"].float()),
        "sharp": blurred["loss"].detach(),
        "gain_db": blurred["gain_db"],
    }


def of_constant(found: Tensor, truth: Tensor, known: Tensor, scale: Tensor) -> Tensor:
    """Mean error of signed discs in dioptres, N x 1 x H x W px by N px per dioptre, as a share of
    that of each image's best constant.
    """
    errors, constants = found.new_zeros(()), found.new_zeros(())
    for own, true, there, px in zip(found, truth, known > 0, scale, strict=True):
        values = true[there]
        if values.numel():
            errors = errors + (own[there] - values).abs().mean() / px
            constants = constants + (values - values.median()).abs().mean() / px
    return errors / constants.clamp(min=1e-6)


def _sharp_loss(batch: Batch, change: Tensor) -> dict[str, Tensor]:
    """Of the images whose sharp ones are known."""
    wanted = (batch["sharp"] - batch["image"]) / 255.0
    off = change / 255.0 - wanted
    there = torch.ones(len(off), device=off.device)
    if "restorable" in batch:
        there = batch["restorable"].to(off)
    count = there.sum().clamp(min=1.0)
    charbonnier = torch.sqrt(off.square() + _EPSILON**2).mean(dim=(1, 2, 3))
    before, after = (v.detach().square().mean(dim=(1, 2, 3)) + 1e-8 for v in (wanted, off))
    gain = 10.0 * torch.log10(before / after)
    return {"loss": (there * charbonnier).sum() / count, "gain_db": (there * gain).sum() / count}


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
    """Images, true and found signed discs, found and true sharp images of a batch's first items,
    side by side.
    """
    with torch.no_grad():
        found, change = network(batch["image"], batch["lens"])
    size = F.interpolate(found.float(), size=batch["image"].shape[-2:], mode="bilinear")
    signed = torch.where(size[:, 2] > 0, size[:, 0], -size[:, 0])
    rows = []
    for number in range(min(4, len(signed))):
        image, made, sharp = (
            values[number].flip(0).permute(1, 2, 0).clamp(0, 255).byte().cpu().numpy()
            for values in (batch["image"], batch["image"] + change, batch["sharp"])
        )
        truth, own = (m[number].cpu().numpy() for m in (batch["defocus"], signed))
        end = max(1.0, float(np.abs(truth).max()))
        maps = [np.clip(127.5 + 127.5 * m / end, 0, 255).astype(np.uint8) for m in (truth, own)]
        discs = [cv2.applyColorMap(m, cv2.COLORMAP_TURBO) for m in maps]
        rows.append(np.hstack([image, *discs, made, sharp]))
    return np.asarray(np.vstack(rows), np.uint8)
