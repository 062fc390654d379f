"""What is minimised."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...training.job import Batch
from ..networks.compared import DeepDeblur
from ..networks.restore_stream import RestoreStream
from ..networks.semantic import UNLABELLED, Msn, stream_targets

# Where a pixel counts as right: as in `confidence.confidence`.
NEAR = 8 / 255
_TEACHER, _KINDS, _SURE = 0.02, 0.02, 0.01
_UNSEEN = 1.5 / 255


def absolute_loss(network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Mean absolute error of the image (5.1): sharper than squares, the thesis says."""
    found = network(batch["image"], batch["labels"]).float()
    error = found - batch["clean"]
    return {"loss": error.abs().mean(), "gain_db": _gain(found, batch)}


def msn_loss(network: Msn, batch: Batch, stage: str, one: int = -1) -> dict[str, Tensor]:
    """(1 - t) sum of |S_l(x) - y_l| + t |F(H(S(x))) - y| (5.6): t = 0 in the stage `streams`, else
    1; in the stage `fusion` the streams stand still. `one`: in the stage `streams` the only one
    that learns, and the sum's only term; -1: all.
    """
    if stage == "streams":
        chosen = range(len(network.streams)) if one < 0 else (one,)
        partial = torch.stack([network.streams[n](batch["image"]).image for n in chosen]).float()
        wanted = stream_targets(
            batch["clean"], batch["image"], batch["labels"], len(network.streams)
        )[list(chosen)]
        return {"loss": (partial - wanted).abs().mean(dim=(1, 2, 3, 4)).sum()}
    for weights in network.streams.parameters():
        weights.requires_grad_(stage == "joint")
    found = network(batch["image"]).float()
    return {"loss": (found - batch["clean"]).abs().mean(), "gain_db": _gain(found, batch)}


def pyramid_loss(network: DeepDeblur, batch: Batch) -> dict[str, Tensor]:
    """Half the mean squared error of every level, mean over the levels (Nah et al., eq. 5)."""
    levels = network.scales(batch["image"])
    wanted = [functional.adaptive_avg_pool2d(batch["clean"], one.shape[2:]) for one in levels]
    errors = [
        (one.float() - clean).square().mean() for one, clean in zip(levels, wanted, strict=True)
    ]
    return {
        "loss": torch.stack(errors).mean() / 2,
        "gain_db": _gain(levels[-1].float(), batch),
    }


def stream_loss(network: RestoreStream, batch: Batch) -> dict[str, Tensor]:
    """The logarithm of each sample's absolute error, so that decibels count; errors of a step and
    less count less, or clean images would speak loudest. Beside it the labels teach the
    mixing, what was done teaches the estimate, and how probably brightness is within 8 of 255 steps
    the confidence.
    """
    found = network(batch["image"], batch["base"])
    error = (found.image - batch["clean"]).float()
    close = (error.detach().mean(dim=1, keepdim=True).abs() < NEAR).float()
    sure = functional.binary_cross_entropy_with_logits(found.sure.float(), close)
    labels = batch["labels"][:, ::2, ::2].long()
    taught = found.classes.float().sum() * 0
    known = (labels != UNLABELLED) & (labels < found.classes.shape[1])
    if found.classes.shape[1] > 1 and known.any():
        labels = torch.where(known, labels, UNLABELLED)
        taught = functional.cross_entropy(found.classes.float(), labels, ignore_index=UNLABELLED)
    kinds = (found.kinds.float() - batch["kinds"]).abs().mean()
    apart = (error.abs().mean(dim=(1, 2, 3)) / _UNSEEN).log1p().mean()
    whole = apart + _TEACHER * taught + _KINDS * kinds + _SURE * sure
    return {
        "loss": whole,
        "gain_db": _gain(found.image.float(), batch),
        "more_db": _gain(found.image.float(), batch, "base"),
        "classes": taught.detach(),
        "kinds": kinds.detach(),
        "confidence": sure.detach(),
    }


def _gain(found: Tensor, batch: Batch, before: str = "image") -> Tensor:
    """Decibels above the degraded image or another one, mean over the samples."""
    clean = batch["clean"]
    came = (batch[before] - clean).square().mean(dim=(1, 2, 3)) + 1e-5
    left = (found.detach() - clean).square().mean(dim=(1, 2, 3)) + 1e-5
    return 10 * (came / left).log10().mean()
