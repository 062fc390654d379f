"""The loss between scores and labels, and what a batch looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def labelling_loss(
    inputs: Inputs, weights: NDArray[np.float32]
) -> Callable[[nn.Module, Batch], Mapping[str, Tensor]]:
    """Cross-entropy of equation 4.3, each pixel times the weight of its class.

    `inputs` takes from a batch what the network is called with; its scores are enlarged to the
    labels. Unlabelled pixels count for nothing. Logged: `accuracy`, the share of right pixels.
    """
    of_class = torch.from_numpy(np.asarray(weights, np.float32))

    def loss(network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        labels = batch["labels"]
        scores = scores_of(network, inputs(batch), labels.shape[1:])
        error = F.cross_entropy(
            scores, labels, weight=of_class.to(scores.device), ignore_index=UNLABELLED
        )
        with torch.no_grad():
            labelled = labels != UNLABELLED
            right = (scores.argmax(dim=1) == labels) & labelled
            accuracy = right.sum() / labelled.sum().clamp(min=1)
        return {"loss": error, "accuracy": accuracy}

    return loss


def scores_of(network: nn.Module, images: tuple[Tensor, ...], size: torch.Size) -> Tensor:
    """The network's scores N x classes x H x W float32, enlarged to `size`."""
    found = network(*(_ordered(image) for image in images)).float()
    if found.shape[2:] != size:
        found = F.interpolate(found, size=tuple(size), mode="bilinear")
    return torch.as_tensor(found)


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
