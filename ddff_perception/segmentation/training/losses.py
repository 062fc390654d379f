"""The loss between scores and labels, and what a batch looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from ...simulation.classes import UNLABELLED
from ...training.job import Batch
from ...types import ImageArray
from ..palette import label_colours

Inputs = Callable[[Batch], tuple[Tensor, ...]]


@dataclass(frozen=True, slots=True)
class LossShares:
    """What is added to the cross-entropy: `overlap` times the Lovasz loss, and `alone` times the
    cross-entropy of what each part of the network finds alone (`every_score`).
    """

    overlap: float = 0.0
    alone: float = 0.0


def labelling_loss(
    inputs: Inputs, weights: NDArray[np.float32], shares: LossShares = LossShares()
) -> Callable[[nn.Module, Batch], Mapping[str, Tensor]]:
    """Cross-entropy of equation 4.3, each pixel times the weight of its class.

    `inputs` takes from a batch what the network is called with; its scores are enlarged to the
    labels. Unlabelled pixels count for nothing. Logged: `accuracy`, the share of right pixels.
    """
    of_class = torch.from_numpy(np.asarray(weights, np.float32))

    def loss(network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        labels = batch["labels"]
        fused, *own = every_score(network, inputs(batch), shares.alone > 0)
        scores = enlarged(fused, labels.shape[1:])
        weight = of_class.to(fused.device)
        error = F.cross_entropy(scores, labels, weight=weight, ignore_index=UNLABELLED)
        for found in own:
            coarse = _in_cells(labels, found)
            part = F.cross_entropy(found, coarse, weight=weight, ignore_index=UNLABELLED)
            error = error + shares.alone * part
        if shares.overlap:
            error = error + shares.overlap * lovasz(fused, _in_cells(labels, fused))
        with torch.no_grad():
            labelled = labels != UNLABELLED
            right = (scores.argmax(dim=1) == labels) & labelled
            accuracy = right.sum() / labelled.sum().clamp(min=1)
        return {"loss": error, "accuracy": accuracy}

    return loss


def every_score(network: nn.Module, images: tuple[Tensor, ...], parts: bool) -> list[Tensor]:
    """The network's scores float32, and where `parts` those of its parts behind them."""
    ordered = [_ordered(image) for image in images]
    found = network.every_score(*ordered) if parts else [network(*ordered)]  # type: ignore[operator]
    return [scores.float() for scores in found]


def scores_of(network: nn.Module, images: tuple[Tensor, ...], size: torch.Size) -> Tensor:
    """The network's scores N x classes x H x W float32, enlarged to `size`."""
    return enlarged(every_score(network, images, parts=False)[0], size)


def enlarged(scores: Tensor, size: torch.Size) -> Tensor:
    """Scores N x classes x H x W of the height and width `size`."""
    if scores.shape[2:] != size:
        scores = F.interpolate(scores, size=tuple(size), mode="bilinear")
    return scores


def _in_cells(labels: Tensor, scores: Tensor) -> Tensor:
    """The labels in the middle of the cells of `scores`, whose size is a whole part of theirs."""
    step = labels.shape[1] // scores.shape[2]
    return labels[:, step // 2 :: step, step // 2 :: step]


def lovasz(scores: Tensor, labels: Tensor) -> Tensor:
    """The Lovasz extension of 1 - IoU, mean over the classes that a batch shows.

    `scores` N x classes x H x W, `labels` N x H x W. M. Berman, A. Triki, M. Blaschko, "The
    Lovasz-softmax loss", CVPR 2018, algorithm 1.
    """
    truth = labels.flatten()
    found = torch.softmax(scores, dim=1).permute(0, 2, 3, 1).flatten(0, 2)
    labelled = truth != UNLABELLED
    truth, found = truth[labelled], found[labelled]
    losses = []
    for number in truth.unique():
        shown = (truth == number).float()
        errors, order = (shown - found[:, number]).abs().sort(descending=True)
        ranked = shown[order]
        union = shown.sum() + (1 - ranked).cumsum(0)
        jaccard = 1 - (shown.sum() - ranked.cumsum(0)) / union
        losses.append(torch.dot(errors, jaccard.diff(prepend=jaccard.new_zeros(1))))
    return torch.stack(losses).mean() if losses else scores.sum() * 0


def _ordered(image: Tensor) -> Tensor:
    """Processors convolve fastest where the channels of a pixel lie together."""
    on_cpu = image.device.type == "cpu" and image.ndim == 4
    return image.contiguous(memory_format=torch.channels_last) if on_cpu else image


def labelled_picture(inputs: Inputs) -> Callable[[nn.Module, Batch], ImageArray]:
    """Up to four samples under each other: colour, HHA, true labels, found ones."""

    def picture(network: nn.Module, batch: Batch) -> ImageArray:
        few = {name: values[:4] for name, values in batch.items()}
        scores = scores_of(network, inputs(few), few["labels"].shape[1:])
        found = scores.argmax(dim=1).byte().cpu().numpy()
        rows = []
        for number in range(len(found)):
            shown = [_bgr(few["colour"][number]), _bgr(few["hha"][number])]
            true = few["labels"][number].byte().cpu().numpy()
            rows.append(np.hstack([*shown, label_colours(true), label_colours(found[number])]))
        return np.vstack(rows)

    return picture


def _bgr(image: Tensor) -> NDArray[np.uint8]:
    return np.asarray(image.flip(0).permute(1, 2, 0).byte().cpu().numpy(), np.uint8)
