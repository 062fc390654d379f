"""Bursts of a camera that shakes: crops of sharp pictures, each frame with its own kernel and
homography, through a camera's noise, curve and levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import IterableDataset

from ...parameters import Settings, parameter
from ...training.degradation import blurred, jpeg, levels, noisy, shake_kernels, srgb
from ...training.job import Batch

KERNELS = (7, 11, 15, 17, 21, 31)


@dataclass(frozen=True)
class BurstDataSettings(Settings):
    """What bursts are like."""

    size: int = parameter(128, "side of the samples, a multiple of 8", "px", (32, 1024))
    frames: int = parameter(5, "frames of a burst, at most", limits=(1, 32))
    pictures: int = parameter(64, "procedural pictures, without a folder", limits=(1, 100_000))
    width: int = parameter(0, "width of the network; 0: its own", limits=(0, 4096))
    kernel_px: int = parameter(31, "largest kernel of camera shake", "px", (7, 31))
    sharp_share: float = parameter(0.15, "share of frames that are sharp", limits=(0.0, 1.0))
    moved_px: float = parameter(6.0, "how far frames lie apart", "px", (0.0, 64.0))
    misaligned_px: float = parameter(
        0.7, "error of what the network is told of that", "px", (0.0, 16.0)
    )
    noise: float = parameter(0.01, "largest standard deviation of noise", limits=(0.0, 0.5))
    jpeg_share: float = parameter(0.3, "share of batches that come as JPEG", limits=(0.0, 1.0))


class Bursts(IterableDataset[Batch]):
    """Batches of `frames` (B x N x 3 x S x S in 0..1, encoded, the newest first), `sharp` (the
    newest without blur and noise, B x 3 x S x S) and `matrices` (B x (N - 1) x 3 x 3, pixels of the
    newest frame to those of the other, as a capture would find them).

    `aligned`: the frames lie over each other as well as the matrices say (for what takes aligned
    ones). One number of frames per batch, 1 up.
    """

    def __init__(
        self,
        pictures: Sequence[Tensor],
        settings: BurstDataSettings,
        batch: int,
        aligned: bool = False,
        fixed: bool = False,
    ) -> None:
        self._pictures, self._settings = pictures, settings
        self._batch, self._aligned, self._fixed = batch, aligned, fixed

    def __iter__(self) -> Iterator[Batch]:
        while True:
            yield self._burst()

    def _burst(self) -> Batch:
        settings = self._settings
        most = settings.frames
        frames = most if self._fixed else int(torch.randint(min(2, most), most + 1, ()))
        light = self._light()
        true = self._motions(frames)
        told = true.clone()
        told[..., :2, 2] += settings.misaligned_px * torch.randn(told[..., :2, 2].shape)
        told[:, 0] = true[:, 0]
        shown = true if not self._aligned else torch.linalg.solve(told, true)
        margin = (light.shape[-1] - settings.size) // 2
        views = [_seen(light, shown[:, n], margin, settings.size) for n in range(frames)]
        sharp = srgb(views[0])
        taken = torch.stack([self._photographed(view) for view in views], dim=1)
        if torch.rand(()) < settings.jpeg_share:
            quality = float(torch.randint(50, 96, ()))
            taken = jpeg(taken.flatten(0, 1), quality).unflatten(0, taken.shape[:2])
        # From the middle, about which views are turned, to the first pixel.
        centre = torch.eye(3)
        centre[:2, 2] = (settings.size - 1) / 2
        told = centre @ told @ torch.linalg.inv(centre)
        return {"frames": levels(taken), "sharp": sharp, "matrices": told[:, 1:]}

    def _light(self) -> Tensor:
        """Crops that leave room for motion, B x 3 x L x L, mirrored and dimmed at random."""
        side = self._settings.size + 2 * self._room
        crops = []
        for _ in range(self._batch):
            picture = self._pictures[int(torch.randint(len(self._pictures), ()))].float()
            if min(picture.shape[1:]) < side:
                scale = side / min(picture.shape[1:])
                size = [max(side, round(n * scale)) for n in picture.shape[1:]]
                picture = functional.interpolate(picture[None], size, mode="bilinear")[0]
            top, left = (int(torch.randint(n - side + 1, ())) for n in picture.shape[1:])
            crop = picture[:, top : top + side, left : left + side]
            crops.append(crop.flip(-1) if torch.rand(()) < 0.5 else crop)
        dimmed = torch.empty(self._batch, 1, 1, 1).uniform_(-1.5, 0.5)
        return torch.stack(crops) * torch.exp2(dimmed)

    @property
    def _room(self) -> int:
        return int(2 * self._settings.moved_px) + 8

    def _motions(self, frames: int) -> Tensor:
        """B x N x 3 x 3, of the first the identity."""
        found = torch.eye(3).repeat(self._batch, frames, 1, 1)
        found[..., :2, 2] = self._settings.moved_px * torch.randn(self._batch, frames, 2) / 2
        found[..., :2, 2].clamp_(-2 * self._settings.moved_px, 2 * self._settings.moved_px)
        turn = 0.01 * torch.randn(self._batch, frames)
        found[..., 0, 1], found[..., 1, 0] = -turn, turn
        found[:, 0] = torch.eye(3)
        return found

    def _photographed(self, light: Tensor) -> Tensor:
        """One frame of each sample: blurred, noisy, encoded."""
        settings = self._settings
        sizes = [size for size in KERNELS if size <= settings.kernel_px]
        size = sizes[int(torch.randint(len(sizes), ()))]
        kernels = shake_kernels(self._batch, size)
        point = torch.zeros(size, size)
        point[size // 2, size // 2] = 1
        kernels[torch.rand(self._batch) < settings.sharp_share] = point
        read = settings.noise * torch.rand(self._batch)
        full_well = 10 ** torch.empty(self._batch).uniform_(3, 5)
        return srgb(noisy(blurred(light, kernels), full_well, read))


def _seen(light: Tensor, matrices: Tensor, margin: int, size: int) -> Tensor:
    """The middle `size` pixels of each sample as a frame shows them whose pixel at `matrix` x is
    the newest one's x.
    """
    back = torch.linalg.inv(matrices)
    axis = torch.arange(size, dtype=torch.float32)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    middle = (size - 1) / 2
    points = torch.stack([x - middle, y - middle, torch.ones_like(x)], dim=-1)
    # About the middle: so do the matrices that are told.
    places = torch.einsum("bij,hwj->bhwi", back, points)
    places = places[..., :2] / places[..., 2:] + middle + margin
    grid = (2 * places + 1) / light.shape[-1] - 1
    return functional.grid_sample(light, grid, mode="bicubic", align_corners=False).clamp(min=0)
