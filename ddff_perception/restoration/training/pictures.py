"""What a training run shows of itself."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...training.job import Batch
from ...types import ImageArray
from ..networks.restore_stream import RestoreStream
from ..networks.semantic import Msn

_ROWS = 3


def shown(network: nn.Module, batch: Batch) -> ImageArray:
    """Up to three samples, one below the other: the degraded image, of MSN what each stream makes
    of it, of RestoreStream what it begins with, what the network makes of it, and the clean image;
    BGR uint8.
    """
    image = batch["image"][:_ROWS]
    with torch.no_grad():
        made = _made(network, {name: values[:_ROWS] for name, values in batch.items()})
    columns = [image, *made, batch["clean"][:_ROWS]]
    wide = torch.cat([one.float().cpu() for one in columns], dim=3)
    tall = torch.cat(list(wide), dim=1).permute(1, 2, 0)
    return np.asarray((tall.clamp(0, 1) * 255).round().numpy(), np.uint8)


def _made(network: nn.Module, batch: Batch) -> list[Tensor]:
    image = batch["image"]
    if isinstance(network, Msn):
        whole = network.whole(image)
        return [*whole.partial, whole.image]
    if isinstance(network, RestoreStream):
        found: Tensor = network(image, batch["base"]).image
        return [batch["base"], found]
    return [network(image, batch["labels"])]
