"""What the thesis compares with, small enough to be trained here."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Vdsr(nn.Module):
    """VDSR (Kim et al., CVPR 2016), with which the thesis compares: 20 convolutions that find what
    is to be added, on brightness (Y of YCbCr) alone; colours stay. `width` 64 is the paper's.
    """

    def __init__(self, classes: int = 0, width: int = 64, layers: int = 20) -> None:
        super().__init__()
        self.first, self.last = (nn.Conv2d(*n, 3, padding=1) for n in ((1, width), (width, 1)))
        inner = (nn.Conv2d(width, width, 3, padding=1) for _ in range(layers - 2))
        self.inner = nn.ModuleList(inner)

    def forward(self, image: Tensor, labels: Tensor | None = None) -> Tensor:
        # Of B, G, R.
        weights = image.new_tensor([0.114, 0.587, 0.299]).view(1, 3, 1, 1)
        values = torch.relu(self.first((image * weights).sum(1, keepdim=True)))
        for layer in self.inner:
            values = torch.relu(layer(values))
        return image + self.last(values)


class DeepDeblur(nn.Module):
    """DeepDeblur (Nah et al., CVPR 2017): from a quarter of the size to the whole, each level takes
    the image and what the coarser one made of it. No norms; 5 x 5 throughout; the paper's 19 blocks
    of 64 features have 11,721,321 weights and biases. Its adversarial loss is left out, as in the
    thesis. Sides are multiples of 4.
    """

    def __init__(self, classes: int = 0, width: int = 64, blocks: int = 19) -> None:
        super().__init__()
        self.levels = nn.ModuleList(_Level(3 * (1 + (n > 0)), width, blocks) for n in range(3))
        self.larger = nn.ModuleList(nn.Conv2d(3, 12, 5, padding=2) for _ in range(2))

    def scales(self, image: Tensor) -> list[Tensor]:
        """What each level makes, a quarter of the size first."""
        found: list[Tensor] = []
        for number, level in enumerate(self.levels):
            share = 2 ** (2 - number)
            values = functional.avg_pool2d(image, share) if share > 1 else image
            if found:
                coarse = functional.pixel_shuffle(self.larger[number - 1](found[-1]), 2)
                values = torch.cat([values, coarse], 1)
            found.append(level(values))
        return found

    def forward(self, image: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.scales(image)[-1]


class _Level(nn.Sequential):
    def __init__(self, inputs: int, width: int, blocks: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, width, 5, padding=2),
            *(_Residual(width) for _ in range(blocks)),
            nn.Conv2d(width, 3, 5, padding=2),
        )


class _Residual(nn.Sequential):
    def __init__(self, width: int) -> None:
        conv = [nn.Conv2d(width, width, 5, padding=2) for _ in range(2)]
        super().__init__(conv[0], nn.ReLU(), conv[1])

    def forward(self, values: Tensor) -> Tensor:
        return values + super().forward(values)
