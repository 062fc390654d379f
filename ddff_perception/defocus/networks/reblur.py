"""A lens that can be learned through: a sharp image and a defocus map to what the lens shows.

The defocus simulation module of Nazir's thesis (chapter 5), with the discs of `optics/defocus.py`.
The image is blurred by discs of evenly spaced sizes; each pixel is taken between the two that its
own disc lies between, which has a slope everywhere. What a nearer surface covers is not modelled.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...optics.defocus import disc_kernel


class Reblur(nn.Module):
    """`sharp`: N x C x H x W, linear in the light; `defocus`: N x 1 x H x W, diameters
    in px of either sign, counted up to `widest_px`. `step_px` lies between two discs.
    """

    def __init__(self, widest_px: float = 16.0, step_px: float = 1.0) -> None:
        super().__init__()
        count = int(widest_px / step_px) + 1
        self._step, self._reach = step_px, int(widest_px / 2) + 1
        side = 2 * self._reach + 1
        bank = torch.zeros(count, side, side)
        bank[0, self._reach, self._reach] = 1.0
        for number in range(1, count):
            disc = torch.from_numpy(disc_kernel(number * step_px / 2))
            margin = self._reach - len(disc) // 2
            bank[number, margin : side - margin, margin : side - margin] = disc
        self.register_buffer("bank", bank, persistent=False)

    def forward(self, sharp: Tensor, defocus: Tensor) -> Tensor:
        channels, bank = sharp.shape[1], self.get_buffer("bank")
        kernels = bank[:, None].to(sharp.dtype)
        flat = sharp.flatten(0, 1)[:, None]
        wide = F.pad(flat, (self._reach,) * 4, mode="replicate")
        blurred = F.conv2d(wide, kernels).unflatten(0, (-1, channels))
        place = defocus.abs() / self._step
        numbers = torch.arange(len(bank), device=place.device, dtype=place.dtype)
        last = float(len(bank) - 1)
        weights = (1.0 - (place.clamp(max=last) - numbers.view(1, -1, 1, 1)).abs()).clamp(min=0.0)
        return (blurred * weights[:, None]).sum(dim=2)
