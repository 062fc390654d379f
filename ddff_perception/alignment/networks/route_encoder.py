"""The descriptor that ships: half of EfficientNet-Lite0 and one linear layer over a coarse grid."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...training.efficientnet_lite import EfficientNetLite0

DIMENSIONS = 256
HEIGHT, WIDTH = 128, 160
# Stages up to stride 16 and 80 channels keep what ImageNet taught them; the next one learns.
_TRUNK, _TAIL = 4, 5
_STRIDE = 16
_POOL = 2
# Of 0.1, 0.5 and 2 what did best live on drives through training rooms.
_SHRINKAGE = 2.0


class RouteEncoder(nn.Module):
    """N x 3 x 128 x 160 RGB, (value - 127) / 128, to N x `dimensions` unit vectors.

    What a place looks like from a route changes little from one drive to the next in where things
    are in the image, and much in how they are lit: so the maps are pooled to 4 x 5 cells, not to
    one, brought to unit length, and projected. `width` scales the encoder, for tests.
    """

    def __init__(self, dimensions: int = DIMENSIONS, width: float = 1.0) -> None:
        super().__init__()
        whole = EfficientNetLite0(width=width)
        self.trunk = nn.Sequential(whole.stem, *whole.stages[:_TRUNK])
        self.tail = whole.stages[_TRUNK]
        channels = whole.channels[2]
        cells = (HEIGHT // _STRIDE // _POOL) * (WIDTH // _STRIDE // _POOL)
        self.head = nn.Linear(channels * cells, dimensions)
        # Without it the tail learns what all frames have in common, and descriptors fall to one.
        self.centre = nn.BatchNorm1d(dimensions, affine=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.described(self.trunk(images))

    def described(self, maps: Tensor) -> Tensor:
        """Unit vectors of what the trunk made of images."""
        return F.normalize(self.centre(self.head(self.cells(maps))), dim=1)

    def cells(self, maps: Tensor) -> Tensor:
        """N x (channels * 20): the tail's maps in coarse cells, at unit length; the untrained
        descriptor.
        """
        pooled = F.avg_pool2d(self.tail(maps), _POOL)
        return F.normalize(pooled.flatten(1), dim=1)

    def train(self, mode: bool = True) -> RouteEncoder:
        """The encoder's batch norm keeps ImageNet's statistics; what centres descriptors learns."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    @torch.no_grad()
    def whiten(self, cells: Tensor, changed: Tensor | None = None) -> None:
        """Makes the head the principal components of untrained descriptors (n, channels * 20):
        where training begins. With fewer of them than dimensions, what is left of the head is 0.

        Without more, each component gets the same variance. `changed` (k, n, channels * 20): of the
        same places when they look otherwise. What that does to descriptors is noise, which gets the
        same variance in every direction before (learned whitening, after Mikolajczyk and Matas,
        ICCV 2007, section 3): components are then those that tell places apart.
        """
        mean = cells.mean(dim=0)
        noise = None if changed is None else _noise_whitening(changed - cells)
        centred = cells - mean if noise is None else (cells - mean) @ noise
        count = min(self.head.out_features, len(cells) - 1)
        _, values, vectors = torch.linalg.svd(centred, full_matrices=False)
        deviation = values[:count] / len(cells) ** 0.5
        if noise is None:
            # What hardly varies is noise: it is not blown up.
            rows = vectors[:count] / (deviation + 0.1 * deviation[0])[:, None]
        else:
            rows = vectors[:count] @ noise / deviation.square().mean().sqrt()
        self.head.weight.zero_()
        self.head.weight[:count] = rows
        self.head.bias.zero_()
        self.head.bias[:count] = -rows @ mean


def _noise_whitening(differences: Tensor) -> Tensor:
    """The symmetric (d, d) that gives differences (..., d) the same variance in every direction,
    of which few make bold claims: shrunk towards their mean variance.
    """
    flat = differences.flatten(0, -2)
    covariance = flat.T @ flat / len(flat)
    width = len(covariance)
    covariance += _SHRINKAGE * covariance.trace() / width * torch.eye(width)
    values, vectors = torch.linalg.eigh(covariance)
    return vectors / values.sqrt() @ vectors.T


def triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 0.5) -> Tensor:
    """max(0, m + |a - p|² - |a - n|²) of unit vectors (N, d), per triplet (section 4.2)."""
    near = (anchor - positive).square().sum(dim=1)
    far = (anchor - negative).square().sum(dim=1)
    return F.relu(margin + near - far)
