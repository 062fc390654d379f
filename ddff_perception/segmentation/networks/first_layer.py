"""What the first layer of a network that learned on colour is for other inputs (section 4.4)."""

from __future__ import annotations

import torch
from torch import Tensor

from ...types import InputError


def first_layer_weights(colour: Tensor, channels: int) -> Tensor:
    """Filters (out x 3 x h x w) for 1, 3, 4 or 6 input channels.

    1 (depth): the mean over red, green and blue; 4 (colour and depth): the three, and their mean;
    6 (colour and HHA): the three twice. Raises InputError on another number of channels.
    """
    if colour.shape[1] != 3:
        raise InputError(f"the first layer takes {colour.shape[1]} channels, not red, green, blue")
    mean = colour.mean(dim=1, keepdim=True)
    rules = {1: [mean], 3: [colour], 4: [colour, mean], 6: [colour, colour]}
    if channels not in rules:
        raise InputError(f"a first layer is made for 1, 3, 4 or 6 channels, not {channels}")
    return torch.cat(rules[channels], dim=1).clone()
