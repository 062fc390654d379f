"""BurstStream: each frame is encoded once; a new frame costs one encoder and one fusion step.

Ours, after the thesis' open wishes (section 6.4): observations are weighed or rejected by gates,
and any number of frames from 1 on is taken. What is kept of a frame are its pixels and a learned
plane beside them; they are laid over the newest frame pixel by pixel, as the capture knows, so that
no phase is lost. How far each pixel moved since is told to the gates: blur follows motion.

What is changed is not the newest frame but the `base`, a burst accumulated without learning
(`classical.fourier_accumulation`): so it begins as good as that, and need not learn it.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

SHRINK = 4
"""Image pixels per feature, both ways."""
MULTIPLE = 2 * SHRINK
"""Of the sides of images."""
WIDTH = 24
_COLOURS = 3 * SHRINK**2
# What is told of another frame: colours, what was learned beside them, motion, whether it is there.
_TOLD = 4 * SHRINK**2 + 3
# What 1 is in a cosine coefficient of what is changed.
_STEP = 0.05
# Pixels that count as 1 where motion is told.
_MOTION_PX = 16.0


class Found(NamedTuple):
    """`image`: B x 3 x H x W, `confidence`: B x 1 x H x W in 0..1, `plane`: what is to be kept of
    the newest frame beside its pixels, B x 1 x H x W.
    """

    image: Tensor
    confidence: Tensor
    plane: Tensor


def cosines(power: float = 2.5) -> Tensor:
    """48 x 48: from the pixels of 4 x 4 blocks, as `pixel_unshuffle` orders them, to the cosine
    coefficients of each colour, those of fine detail larger, so that all vary alike: with pixels
    themselves, which are alike, brightness drowns what is to be learned.
    """
    n = torch.arange(SHRINK, dtype=torch.float32)
    basis = torch.cos(torch.pi * (n[None] + 0.5) * n[:, None] / SHRINK) / 2**0.5
    basis[0] /= 2**0.5
    scale = 1 + power * (n[:, None] + n[None])
    block = torch.kron(basis, basis) * scale.flatten()[:, None]
    return torch.kron(torch.eye(3), block)


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside the way through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        return values + cast(Tensor, self.second(functional.relu(self.first(values))))


class Fusion(nn.Module):
    """What is known of a frame, B x (2 w + 49), to planes of the image: at a quarter of its size,
    and an eighth, where blur is short.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        deep = 5 * width // 3
        self.into = nn.Conv2d(2 * width + 1 + _COLOURS, width, 3, padding=1)
        self.before = Residual(width)
        self.down = nn.Conv2d(width, deep, 2, stride=2)
        self.middle = nn.Sequential(*(Residual(deep) for _ in range(3)))
        self.up = nn.Conv2d(deep, 4 * width, 1)
        self.after = Residual(width)
        self.out = nn.Conv2d(width, 4 * SHRINK**2, 3, padding=1)

    def forward(self, known: Tensor) -> Tensor:
        fine = self.before(functional.relu(self.into(known)))
        coarse = self.up(self.middle(functional.relu(self.down(fine))))
        fine = fine + functional.pixel_shuffle(coarse, 2)
        return cast(Tensor, self.out(functional.relu(self.after(fine))))


class BurstStream(nn.Module):
    """The newest frame and the base, B x 3 x H x W in 0..1, to `Found`, by N other frames as the
    newest one sees them, `laid` B x N x 3 x H x W, what was learned beside that, `planes` B x N x 1
    x H x W, how they lie, B x N x 3 x 3 (image pixels of the newest frame to those of the other),
    and which of them count, B x N of 0 and 1. There is always one to be given; it need not count.
    """

    to_cosines: Tensor
    to_told: Tensor
    from_cosines: Tensor

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.width = width
        cosine = cosines()
        self.register_buffer("to_cosines", _blocks(cosine), persistent=False)
        told = torch.block_diag(cosine, torch.eye(SHRINK**2))
        self.register_buffer("to_told", _blocks(told), persistent=False)
        back = _STEP * cosines(0.0).T
        self.register_buffer("from_cosines", back[:, :, None, None], persistent=False)
        third = 2 * width // 3
        self.into = nn.Conv2d(_COLOURS, width, 3, padding=1)
        self.encoder = Residual(width)
        self.beside = nn.Conv2d(width, SHRINK**2, 1)
        self.own = nn.Conv2d(width, third, 3, padding=1)
        self.other = nn.Conv2d(_TOLD, third, 3, padding=1, bias=False)
        self.gate = nn.Conv2d(third, width, 1)
        self.value = nn.Conv2d(third + _TOLD, width, 1)
        self.fuse = Fusion(width)
        # What is linear in the pixels of all frames is learned soonest.
        self.direct = nn.Conv2d(2 * _COLOURS + 2 * width, 4 * SHRINK**2, 3, padding=1, bias=False)
        # It begins as the base: what it has not learned it leaves alone.
        nn.init.zeros_(self.fuse.out.weight)
        nn.init.zeros_(cast(Tensor, self.fuse.out.bias))
        nn.init.zeros_(self.direct.weight)

    def detail(self, image: Tensor) -> Tensor:
        """Cosine coefficients of 4 x 4 pixels, B x 48 x H/4 x W/4, of B x 3 x H x W."""
        # What 0.5 has is taken off afterwards: a pass over all pixels less.
        grey = -0.5 * self.to_cosines.sum(dim=(1, 2, 3))
        return functional.conv2d(image, self.to_cosines, grey, stride=SHRINK)

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Of frames B x 3 x H x W what the step over the newest one needs (`known`, B x width x H/4
        x W/4), and what is kept of each beside its pixels, B x 1 x H x W.
        """
        known = functional.relu(self.encoder(functional.relu(self.into(self.detail(image)))))
        return known, functional.pixel_shuffle(self.beside(known), SHRINK)

    def forward(
        self,
        image: Tensor,
        base: Tensor,
        laid: Tensor,
        planes: Tensor,
        matrices: Tensor,
        valid: Tensor,
    ) -> Found:
        known, plane = self.encode(image)
        return Found(*self.step(known, image, base, laid, planes, matrices, valid), plane)

    def step(
        self,
        known: Tensor,
        image: Tensor,
        base: Tensor,
        laid: Tensor,
        planes: Tensor,
        matrices: Tensor,
        valid: Tensor,
        shifts: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Image and confidence, of the newest frame's `encode` and what the others show.

        `shifts`, B x N x 2: how much further than `matrices` say each frame lies, in training on
        crops that follow the motion.
        """
        detail = self.detail(image)
        changed = self.detail(base) - detail
        motion = moved(matrices.flatten(0, 1), known)
        inside = _inside(motion)
        if shifts is not None:
            motion = motion + shifts.flatten(0, 1)[:, :, None, None]
        # Colours as they differ from the newest frame's, planes as they are.
        grey = -0.5 * self.to_told.sum(dim=(1, 2, 3))
        grey[_COLOURS:] = 0
        shown = torch.cat([laid, planes], dim=2).flatten(0, 1)
        theirs = functional.conv2d(shown, self.to_told, grey, stride=SHRINK)
        own = functional.pad(detail, (0, 0, 0, 0, 0, SHRINK**2))
        further = (_split(theirs, valid) - own[:, None]).flatten(0, 1)
        told = torch.cat([further, (motion / _MOTION_PX).clamp(-4, 4), inside], dim=1)
        mean, count = self.gather(known, told, inside, valid)
        found = self.fuse(torch.cat([known, mean, count, changed], dim=1))
        found = found + self.direct(torch.cat([detail, changed, known, mean], dim=1))
        change = functional.conv2d(found[:, :_COLOURS], self.from_cosines)
        sure = functional.pixel_shuffle(found[:, _COLOURS:], SHRINK)
        return base + functional.pixel_shuffle(change, SHRINK), torch.sigmoid(sure + 2.0)

    def gather(
        self, known: Tensor, told: Tensor, inside: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The gated mean of what the others show, channel by channel, and how many show it."""
        both = self.own(known)[:, None] + _split(self.other(told), valid)
        both = functional.relu(both).flatten(0, 1)
        weight = inside * valid.flatten()[:, None, None, None]
        gates = _split(torch.sigmoid(self.gate(both)) * weight, valid)
        values = _split(self.value(torch.cat([both, told], dim=1)), valid)
        mean = (gates * values).sum(dim=1) / (gates.sum(dim=1) + 1e-2)
        there = _split(weight, valid).sum(dim=1)
        return mean, there / (there + 1)


def _blocks(matrix: Tensor) -> Tensor:
    """A matrix over unshuffled planes as the convolution of stride 4 that does both."""
    return matrix.reshape(len(matrix), -1, SHRINK, SHRINK)


def _split(values: Tensor, like: Tensor) -> Tensor:
    """What was B N x ... as B x N x ..., like `like`: in a file, too, sizes may change."""
    return values.reshape(like.shape[0], like.shape[1], *values.shape[1:])


def _inside(motion: Tensor) -> Tensor:
    """Where the other frame shows what the newest does, B x 1 x h x w, of `motion` in pixels."""
    height, width = motion.shape[-2:]
    x, y = _middles(motion)
    there = [motion[:, 0] + x, motion[:, 1] + y]
    within = [(p > -1) & (p < SHRINK * n) for p, n in zip(there, (width, height), strict=True)]
    return (within[0] & within[1])[:, None].to(motion.dtype)


def _middles(like: Tensor) -> tuple[Tensor, Tensor]:
    """Image pixels in the middle of each feature, x 1 x 1 x w and y 1 x h x 1."""
    half = (SHRINK - 1) / 2
    height, width = like.shape[-2:]
    x = torch.arange(width, device=like.device, dtype=like.dtype) * SHRINK + half
    y = torch.arange(height, device=like.device, dtype=like.dtype) * SHRINK + half
    return x[None, None, :], y[None, :, None]


def warped(planes: Tensor, matrices: Tensor) -> Tensor:
    """Planes of frames, B x C x H x W, as the newest frame sees them through B x 3 x 3 homographies
    of image pixels; the border is repeated.
    """
    height, width = planes.shape[-2:]
    y = torch.arange(height, device=planes.device, dtype=planes.dtype)[None, :, None]
    x = torch.arange(width, device=planes.device, dtype=planes.dtype)[None, None, :]
    there = _places(matrices, x, y)
    grid = torch.stack([(2 * there[0] + 1) / width - 1, (2 * there[1] + 1) / height - 1], dim=-1)
    return functional.grid_sample(planes, grid, padding_mode="border", align_corners=False)


def moved(matrices: Tensor, like: Tensor) -> Tensor:
    """How far what each feature shows moved, B x 2 x h x w in image pixels; features as `like`."""
    middles = _middles(like)
    return torch.stack(
        [p - q for p, q in zip(_places(matrices, *middles), middles, strict=True)], dim=1
    )


def _places(matrices: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
    m = matrices[:, :, :, None, None]
    x_, y_, w = (m[:, n, 0] * x + m[:, n, 1] * y + m[:, n, 2] for n in range(3))
    return [x_ / w, y_ / w]


class WholeBurst(nn.Module):
    """A burst at once, for training: frames B x N x 3 x H x W, the newest first, how the others
    lie, B x (N - 1) x 3 x 3, the base (without one: the newest frame), the others as the newest one
    sees them (without: by `warped`), and the shifts of `BurstStream`, to `Found`.
    """

    def __init__(self, stream: BurstStream) -> None:
        super().__init__()
        self.stream = stream

    def forward(
        self,
        frames: Tensor,
        matrices: Tensor,
        base: Tensor | None = None,
        laid: Tensor | None = None,
        shifts: Tensor | None = None,
    ) -> Found:
        newest, others = frames[:, 0], frames[:, 1:]
        base = newest if base is None else base
        batch, count = others.shape[:2]
        valid = torch.ones((batch, max(1, count)), device=frames.device)
        if not count:
            # Something must be given: it does not count.
            others, laid, valid = frames, frames, 0 * valid
            matrices = torch.eye(3, device=frames.device).repeat(batch, 1, 1, 1)
            shifts = None
        known, plane = self.stream.encode(newest)
        flat = matrices.flatten(0, 1)
        if laid is None:
            laid = _split(warped(others.flatten(0, 1), flat), valid)
        planes = _split(warped(self.stream.encode(others.flatten(0, 1))[1], flat), valid)
        made = self.stream.step(known, newest, base, laid, planes, matrices, valid, shifts)
        return Found(*made, plane)
