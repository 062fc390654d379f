"""BurstStream: each frame is encoded once; a new frame costs one encoder and one fusion step.

Ours, after the thesis' open wishes (section 6.4): observations are weighed or rejected by gates,
and meet in feature space, where the motion between frames (a homography that the capture knows) and
a local attention align them. Any number of frames from 1 on, in any order but for the newest.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

SHRINK = 4
"""Image pixels per feature, both ways: sides are multiples of it."""
WIDTH = 32


class Found(NamedTuple):
    """`image`: B x 3 x H x W, `confidence`: B x 1 x H x W in 0..1, `features`: the newest frame's,
    B x C x H/4 x W/4, to be kept.
    """

    image: Tensor
    confidence: Tensor
    features: Tensor


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside the way through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        return values + cast(Tensor, self.second(functional.relu(self.first(values))))


class BurstStream(nn.Module):
    """The newest frame B x 3 x H x W in 0..1, what was kept of N others, B x N x C x H/4 x W/4, how
    they lie, B x N x 3 x 3 (image pixels of the newest frame to those of the other), and which of
    them count, B x N of 0 and 1, to `Found`. There is always one to be given; it need not count.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        w = width
        self.width = w
        self.into = nn.Conv2d(3 * SHRINK**2, 2 * w, 3, padding=1)
        self.encoder = nn.Sequential(Residual(2 * w), Residual(2 * w), nn.Conv2d(2 * w, 2 * w, 1))
        self.query = nn.Conv2d(2 * w, w, 1)
        self.key = nn.Conv2d(2 * w, w, 1)
        self.gate = nn.Sequential(
            nn.Conv2d(4 * w, w, 3, padding=1), nn.ReLU(), nn.Conv2d(w, 1, 3, padding=1)
        )
        self.value = nn.Conv2d(2 * w, 2 * w, 1)
        self.fuse = nn.Sequential(
            nn.Conv2d(4 * w, 2 * w, 3, padding=1), *(Residual(2 * w) for _ in range(4))
        )
        self.out = nn.Conv2d(2 * w, 4 * SHRINK**2, 3, padding=1)
        # It begins as the identity: what it has not learned it leaves alone.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(cast(Tensor, self.out.bias))

    def encode(self, image: Tensor) -> Tensor:
        """Features of frames, B x 3 x H x W to B x C x H/4 x W/4."""
        packed = functional.pixel_unshuffle(image - 0.5, SHRINK)
        return cast(Tensor, self.encoder(functional.relu(self.into(packed))))

    def forward(self, image: Tensor, kept: Tensor, matrices: Tensor, valid: Tensor) -> Found:
        features = self.encode(image)
        others = _split(warped(kept.flatten(0, 1), matrices.flatten(0, 1)), kept)
        attended = self.attend(features, others)
        fused = self.combine(features, attended, valid)
        planes = functional.pixel_shuffle(self.out(fused), SHRINK)
        return Found(image + planes[:, :3], torch.sigmoid(planes[:, 3:] + 2.0), features)

    def attend(self, features: Tensor, others: Tensor) -> Tensor:
        """Each other frame where it fits best within one feature of where it should lie."""
        query = self.query(features)[:, None]
        key = _split(self.key(others.flatten(0, 1)), others)
        shifted = [_shifted(key, dx, dy) for dx, dy in _NEIGHBOURS]
        scores = torch.stack([(query * k).sum(2) for k in shifted]) / self.width**0.5
        weights = scores.softmax(dim=0)[:, :, :, None]
        moved = torch.stack([_shifted(others, dx, dy) for dx, dy in _NEIGHBOURS])
        return (weights * moved).sum(dim=0)

    def combine(self, features: Tensor, attended: Tensor, valid: Tensor) -> Tensor:
        """The newest frame's features and the gated mean of the others'."""
        own = features[:, None].expand_as(attended)
        pairs = torch.cat([own, attended], dim=2).flatten(0, 1)
        gates = _split(torch.sigmoid(self.gate(pairs)), attended)
        gates = gates * valid[:, :, None, None, None]
        values = _split(self.value(attended.flatten(0, 1)), attended)
        mean = (gates * values).sum(dim=1) / (gates.sum(dim=1) + 1e-3)
        return cast(Tensor, self.fuse(torch.cat([features, mean], dim=1)))


_NEIGHBOURS = tuple((dx, dy) for dy in (-1, 0, 1) for dx in (-1, 0, 1))


def _split(values: Tensor, like: Tensor) -> Tensor:
    """What was B N x ... as B x N x ..., like `like`: in a file, too, sizes may change."""
    return values.reshape(like.shape[0], like.shape[1], *values.shape[1:])


def _shifted(planes: Tensor, dx: int, dy: int) -> Tensor:
    """... x H x W moved by whole pixels, nothing beyond the border."""
    padded = functional.pad(planes, (1, 1, 1, 1))
    height, width = planes.shape[-2:]
    return padded[..., 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]


def warped(features: Tensor, matrices: Tensor) -> Tensor:
    """B x C x h x w features seen through B x 3 x 3 homographies of image pixels."""
    height, width = features.shape[-2:]
    rows = torch.arange(height, device=features.device, dtype=features.dtype)
    columns = torch.arange(width, device=features.device, dtype=features.dtype)
    half = (SHRINK - 1) / 2
    x = (columns * SHRINK + half)[None, None, :]
    y = (rows * SHRINK + half)[None, :, None]
    m = matrices[:, :, :, None, None]
    places = [m[:, n, 0] * x + m[:, n, 1] * y + m[:, n, 2] for n in range(3)]
    there = [(places[n] / places[2] - half) / SHRINK for n in range(2)]
    grid = torch.stack([(2 * there[0] + 1) / width - 1, (2 * there[1] + 1) / height - 1], dim=-1)
    return functional.grid_sample(features, grid, padding_mode="zeros", align_corners=False)


class WholeBurst(nn.Module):
    """A burst at once, for training: frames B x N x 3 x H x W, the newest first, and how the others
    lie, B x (N - 1) x 3 x 3, to `Found`.
    """

    def __init__(self, stream: BurstStream) -> None:
        super().__init__()
        self.stream = stream

    def forward(self, frames: Tensor, matrices: Tensor) -> Found:
        kept = self.stream.encode(frames[:, 1:].flatten(0, 1)).unflatten(0, (len(frames), -1))
        valid = torch.ones(kept.shape[:2], device=frames.device)
        return cast(Found, self.stream(frames[:, 0], kept, matrices, valid))
