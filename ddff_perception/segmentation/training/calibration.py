"""The temperature with which a network's probabilities are shares of right pixels."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from ...simulation.classes import UNLABELLED
from ...training.job import Batch
from .losses import Inputs, scores_of

_TEMPERATURES = np.geomspace(0.3, 4.0, 60)
# Neighbouring pixels say the same.
_EVERY = 31


@torch.no_grad()
def fitted_temperature(network: nn.Module, inputs: Inputs, batches: Iterable[Batch]) -> float:
    """What the scores are to be divided by, so that the likelihood of the labels of `batches`,
    which no training has seen, is largest (C. Guo et al., ICML 2017).
    """
    network.eval()
    scores, labels = [], []
    for batch in batches:
        size = batch["labels"].shape[1:]
        found = scores_of(network, inputs(batch), size).permute(0, 2, 3, 1).flatten(0, 2)
        truth = batch["labels"].flatten()
        labelled = truth != UNLABELLED
        scores.append(found[labelled][::_EVERY])
        labels.append(truth[labelled][::_EVERY])
    every, truth = torch.cat(scores), torch.cat(labels)
    losses = [float(F.cross_entropy(every / float(t), truth)) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])
