"""Max pooling that remembers where the largest value was, in operators that every engine has.

Section 2.6 of the thesis, memorised unpooling; V. Badrinarayanan et al., SegNet, PAMI 2017. Index
tensors, as torch keeps them, do not export for any size; four masks do.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

Places = tuple[Tensor, Tensor, Tensor, Tensor]


def pooled(values: Tensor) -> tuple[Tensor, Places]:
    """Largest of each two by two pixels, and where it was: the first of equal ones.

    `values` N x C x H x W with even H and W. The places are 1 or 0, in rows: N x C x H/2 x W/2.
    """
    quarters = [values[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    largest = torch.maximum(
        torch.maximum(quarters[0], quarters[1]), torch.maximum(quarters[2], quarters[3])
    )
    free = torch.ones_like(largest)
    places = []
    for quarter in quarters:
        place = free * (quarter == largest).to(free.dtype)
        free = free - place
        places.append(place)
    return largest, (places[0], places[1], places[2], places[3])


def unpooled(values: Tensor, places: Places) -> Tensor:
    """N x C x H x W values where the largest ones were, 0 beside them: N x C x 2 H x 2 W."""
    spread = torch.stack([values * place for place in places], dim=2)
    return F.pixel_shuffle(spread.flatten(1, 2), 2)
