"""What an exported network computes: images to probabilities at the images' size."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

SIZE_MULTIPLE = 32


class Labeller(nn.Module):
    """Probabilities N x classes x H x W float32 of a network that gives scores.

    `temperature` divides the scores, so that a probability is the share of pixels that are right
    (C. Guo et al., "On calibration of modern neural networks", ICML 2017). Images of any size get
    a border of black to multiples of 32; coarser scores are enlarged.
    """

    def __init__(self, network: nn.Module, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature
        self._half = False

    def halve(self) -> None:
        """The network computes in float16; what goes in and comes out stays float32."""
        self.network.half()
        self._half = True

    def forward(
        self, first: Tensor, second: Tensor | None = None, third: Tensor | None = None
    ) -> Tensor:
        given = [image for image in (first, second, third) if image is not None]
        height, width = first.shape[2], first.shape[3]
        border = (0, (-width) % SIZE_MULTIPLE, 0, (-height) % SIZE_MULTIPLE)
        given = [F.pad(image, border) if image.ndim == 4 else image for image in given]
        if self._half:
            given = [image.half() for image in given]
        scores = self.network(*given).float() / self.temperature
        stride = getattr(self.network, "output_stride", 1)
        if stride > 1:
            scores = F.interpolate(scores, scale_factor=float(stride), mode="bilinear")
        return torch.softmax(scores[:, :, :height, :width], dim=1)
