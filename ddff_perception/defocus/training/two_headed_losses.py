"""What 2HDED:NET minimises: with true depth (chapter 3), and without (chapter 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...training.degradation import linear, srgb
from ...training.job import Batch
from ..networks.reblur import Reblur
from ..networks.two_headed import TwoHeaded
from .regularisation import REGULARISERS
from .ssim import ssim

# (3.3), (3.4) and (3.6); (5.1), (5.2) and (5.4).
MU, EPSILON, PSI = 0.001, 1e-3, 4.0
ALPHA, BETA = 0.85, 2.5
SELF_WEIGHTS = (2.0, 0.5, 0.01)


def charbonnier(found: Tensor, truth: Tensor) -> Tensor:
    """(3.4), with the square inside the root that the text means."""
    return torch.sqrt((found - truth).square() + EPSILON**2).mean()


def deblur_loss(found: Tensor, truth: Tensor) -> Tensor:
    """(3.6): Charbonnier and 4 (1 - SSIM)."""
    return charbonnier(found, truth) + PSI * (1.0 - ssim(found, truth).mean())


@dataclass(frozen=True)
class SupervisedLoss:
    """(3.7). `regulariser`: of chapter 2, with `weight`; `balance`: lambda, 0 makes both parts
    equal at each step ("balanced to have approximately equal contributions"). `heads`: `both`, or
    the one that learns alone.
    """

    regulariser: str = "xian"
    weight: float = MU
    balance: float = 0.0
    heads: str = "both"

    def __call__(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """Of a batch of `LensViews` or `KnownCrops` in metres, for the heads that are wanted."""
        assert isinstance(network, TwoHeaded)
        image = batch["image"] / 255.0
        maps = network.encoder(image)
        if self.heads == "depth":
            depth_loss = self._of_depth(network.depth_of(maps), batch)
            return {"loss": depth_loss, "depth": depth_loss.detach()}
        image_loss = deblur_loss(network.sharp_of(maps, image).float(), batch["sharp"] / 255.0)
        if self.heads == "sharp":
            return {"loss": image_loss, "sharp": image_loss.detach()}
        depth_loss = self._of_depth(network.depth_of(maps), batch)
        share = self.balance or (depth_loss / image_loss.clamp(min=1e-9)).detach()
        return {
            "loss": depth_loss + share * image_loss,
            "depth": depth_loss.detach(),
            "sharp": image_loss.detach(),
        }

    def _of_depth(self, depth: Tensor, batch: Batch) -> Tensor:
        depth, truth = depth.float(), metres(batch)
        # What nobody knows is as it was found.
        truth = truth if "known" not in batch else torch.where(known(batch), truth, depth.detach())
        smooth = REGULARISERS[self.regulariser](depth, truth)
        return (depth - truth).abs().mean() + self.weight * smooth


@dataclass(frozen=True)
class SelfSupervisedLoss:
    """(5.4): the depth head's map is a defocus map in px; what it makes of the sharp image has to
    be the image that came. A lens blurs light, not what a camera made of it: the sharp image counts
    as sRGB. Of (5.1) the SSIM is that of the pair, not of the difference, which the text means;
    Godard 2019 has it so.
    """

    reblur: Reblur

    def __call__(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """Of a batch of `LensViews`; its true defocus is only looked at to tell the error."""
        image, sharp = batch["image"] / 255.0, batch["sharp"] / 255.0
        defocus, restored = network(image)
        defocus = defocus.float()
        made = srgb(self.reblur(linear(sharp), defocus))
        likeness = (1.0 - ssim(made, image)).mean()
        again = 0.5 * ALPHA * likeness + (1.0 - ALPHA) * (made - image).abs().mean()
        smooth = smoothness(defocus, sharp)
        image_loss = charbonnier(restored.float(), sharp)
        parts = (again, smooth, image_loss)
        error = defocus - batch["defocus"][:, None].abs()
        error = error[known(batch)] if "known" in batch else error
        return {
            "loss": sum((w * p for w, p in zip(SELF_WEIGHTS, parts, strict=True)), again * 0.0),
            "again": again.detach(),
            "mse": error.detach().square().mean(),
            "mae": error.detach().abs().mean(),
        }


def smoothness(defocus: Tensor, image: Tensor) -> Tensor:
    """(5.2): slopes of the map, less where the image (mean of its channels) has some."""
    grey = image.mean(dim=1, keepdim=True)
    total = defocus.new_zeros(())
    for axis in (-1, -2):
        edge = grey.diff(dim=axis).abs()
        total = total + (defocus.diff(dim=axis).abs() * torch.exp(-BETA * edge)).mean()
    return total


def known(batch: Batch) -> Tensor:
    """Where the truth of a batch of `KnownCrops` is, N x 1 x H x W bool."""
    return batch["known"][:, None]


def metres(batch: Batch, farthest_m: float = 10.0) -> Tensor:
    """True depth of a batch, N x 1 x H x W; what lies beyond 10 m counts as 10 m away, which is the
    range of the sets that the thesis trains on.
    """
    return 1.0 / batch["dioptres"][:, None].float().clamp(min=1.0 / farthest_m)
