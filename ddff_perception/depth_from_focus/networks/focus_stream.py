"""FocusStream: depth from a focus sweep whose slices arrive one by one.

*Encoder*, once per slice: derivative filters in three octaves give the local contrast in cells of
8 x 8 pixels, from which convolutions, with gaps too, make features. *Head*, over all slices that
are there. Two views of a cell's slices are laid out on a fixed number of candidate positions along
the sweep, normalised to 0..1, so that any number of slices at any spacing gives the same volume:
the learned features, interpolated, and the log-likelihood of the lens's law (`classical.py`).
Convolutions along the candidates, shared by all cells, judge each; a U-Net over the candidates as
channels lets neighbours speak, so that a plain wall takes depth from what frames it; its coarsest
level sees the whole image, as a plain floor is told by the layout of a room. The position
is the expectation around the median candidate, upsampled by weights that the sharp slices
choose (Teed and Deng, ECCV 2020), with the scale of its error beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..classical.multiscale import NOISE_SHARE, QUANTISATION

LEVELS = 3
FILTERS = 4
GUIDES = 20
LAYOUT_DILATIONS = (2, 4)
"""Steps of the convolutions that see a whole image, in cells of 32 x 32 pixels."""
SLICE_DILATIONS = (1, 2, 4, 8)
"""Steps of the convolutions that see what surrounds a cell in its slice, in cells of 8 x 8."""
GREY = (0.114, 0.587, 0.299)
"""Shares of blue, green and red in the grey that the filters see."""


@dataclass(frozen=True, slots=True)
class FocusStreamSettings:
    """`bins` candidate positions; `features` learned per slice; `width` of the U-Net's finest
    level; `votes` per candidate that go into it.
    """

    bins: int = 24
    features: int = 16
    width: int = 96
    votes: int = 4


def filter_bank() -> Tensor:
    """Second differences along x and y, slopes along x and y: 4 x 1 x 3 x 3."""
    bank = torch.zeros(FILTERS, 1, 3, 3)
    second, smooth = torch.tensor([-1.0, 2.0, -1.0]), torch.tensor([0.25, 0.5, 0.25])
    slope = torch.tensor([-1.0, 0.0, 1.0])
    bank[0, 0, 1, :] = second
    bank[1, 0, :, 1] = second
    bank[2, 0] = smooth[:, None] * slope[None, :]
    bank[3, 0] = slope[:, None] * smooth[None, :]
    return bank


def octave_kernel(level: int) -> Tensor:
    """`filter_bank` on the grey of the image shrunk by 2^`level`, as filters of the image itself:
    4 x 3 x k x k, k = 3 x 2^level, for a stride of 2^level.
    """
    shrink = 1 << level
    spread = filter_bank().repeat_interleave(shrink, 2).repeat_interleave(shrink, 3) / shrink**2
    return spread * torch.tensor(GREY).view(1, 3, 1, 1)


def fine_kernel() -> Tensor:
    """The filters of the first two octaves on blocks of 2 x 2 pixels: 20 x 12 x 3 x 3. First those
    of the finest, once for each pixel of a block, then the second octave's.
    """
    parts = []
    for row in range(2):
        for column in range(2):
            embedded = torch.zeros(FILTERS, 3, 6, 6)
            embedded[:, :, row + 1 : row + 4, column + 1 : column + 4] = octave_kernel(0)
            parts.append(embedded)
    return functional.pixel_unshuffle(torch.cat([*parts, octave_kernel(1)]), 2)


def coarse_kernel() -> Tensor:
    """The third octave's filters and the mean of each colour, on blocks of 4 x 4 pixels:
    7 x 48 x 3 x 3.
    """
    mean = torch.zeros(3, 3, 12, 12)
    for colour in range(3):
        mean[colour, colour, 4:8, 4:8] = 1.0 / 16
    return functional.pixel_unshuffle(torch.cat([octave_kernel(2), mean]), 4)


class SliceEncoder(nn.Module):
    """One slice to what is kept of it: N x 3 x H x W (BGR, 0..255; H and W multiples of 32) to
    N x (3 + GUIDES + features) x H/8 x W/8: the measures that the lens's law is matched to, grey
    levels; a guide at 1/4, its 2 x 2 subcells as channels; and learned features.
    """

    def __init__(self, settings: FocusStreamSettings) -> None:
        super().__init__()
        self.register_buffer("fine", fine_kernel(), persistent=False)
        self.register_buffer("coarse", coarse_kernel(), persistent=False)
        self.first = _block(FILTERS * LEVELS + GUIDES, 64)
        self.second = _block(64, 64)
        self.around = nn.Sequential(*(_Wider(64, dilation, 64) for dilation in SLICE_DILATIONS))
        self.last = nn.Conv2d(64, settings.features, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.features(self.contrasts(image))

    def contrasts(self, image: Tensor) -> Tensor:
        """What is fixed: mean contrast per octave and filter, grey levels, then the guide, all at
        1/8: N x (12 + GUIDES) x H/8 x W/8.

        The filters see the image itself, in blocks of pixels as channels: its values are whole
        numbers, which bfloat16 holds exactly, and differences of shrunk images would not be.
        """
        quarters = []
        for step, kernel in ((2, self.fine), (4, self.coarse)):
            padded = functional.pad(image, (step,) * 4, mode="replicate")
            blocks = functional.pixel_unshuffle(padded, step)
            response = functional.conv2d(blocks, kernel).abs()
            quarters.append(functional.avg_pool2d(response, 2) if step == 2 else response)
        each, third = quarters
        first = sum(each[:, i : i + FILTERS] for i in range(0, 4 * FILTERS, FILTERS)) * 0.25
        octaves = [first, each[:, 4 * FILTERS :], third[:, :FILTERS]]
        bands = functional.avg_pool2d(torch.cat(octaves, dim=1), 2)
        guide = [third[:, FILTERS:] * (1 / 255.0) - 0.5]
        guide += [0.3 * torch.log1p(octave[:, :1] + octave[:, 1:2]) for octave in octaves[:2]]
        return torch.cat([bands, functional.pixel_unshuffle(torch.cat(guide, dim=1), 2)], dim=1)

    def features(self, contrasts: Tensor) -> Tensor:
        """From what `contrasts` gives."""
        bands, guide = contrasts[:, :12], contrasts[:, 12:]
        measures = bands[:, 0::FILTERS] + bands[:, 1::FILTERS]
        measures = functional.avg_pool2d(functional.pad(measures, (1, 1, 1, 1), "reflect"), 3, 1)
        seen = torch.cat([0.5 * torch.log1p(bands) - 0.5, guide], dim=1)
        cells = self.around(self.second(self.first(seen.to(self.last.weight.dtype))))
        learned = self.last(cells)
        return torch.cat([measures, guide, learned.to(measures.dtype)], dim=1)


class StreamHead(nn.Module):
    """All slices' encodings to a position per subcell.

    `encodings`: B x S x (23 + features) x h x w, of cells of 8 x 8 pixels; `positions`: B x S,
    ascending from 0 to 1; `templates`: B x 3 x S x bins (`classical.focus_templates`). Gives
    position (0..1) and the logarithm of its error's scale, both B x 1 x 2h x 2w, and the
    candidates' logits, B x bins x h x w.
    """

    def __init__(self, settings: FocusStreamSettings) -> None:
        super().__init__()
        self.settings = settings
        bins, width, votes = settings.bins, settings.width, settings.votes
        self.register_buffer("centres", torch.linspace(0.0, 1.0, bins), persistent=False)
        self.along_1 = nn.Conv2d(settings.features + 6, 16, (5, 1), padding=(2, 0))
        self.along_2 = nn.Conv2d(16, votes, (5, 1), padding=(2, 0))
        self.enter = _block(votes * bins + settings.features + 3, width)
        self.level_1 = _block(width, width)
        self.down_1 = _block(width, 128, stride=2)
        self.level_2 = _block(128, 128)
        self.down_2 = _block(128, 160, stride=2)
        self.level_3 = nn.Sequential(_block(160, 160), _block(160, 160))
        self.layout = nn.Sequential(*(_Wider(160, dilation) for dilation in LAYOUT_DILATIONS))
        self.up_2 = _Up(160, 48, 128)
        self.up_1 = _Up(128, 32, width)
        self.logits = nn.Conv2d(width, bins, 1)
        self.finish = nn.Sequential(_block(width + GUIDES + bins + 2, 64), _block(64, 64))
        self.weights = nn.Conv2d(64, 36 + 4 + 4, 1)

    def forward(
        self, encodings: Tensor, positions: Tensor, templates: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        base, offset, scale, logits = self.placed(encodings, positions, templates)
        position = (base + offset) / (self.settings.bins - 1)
        return functional.pixel_shuffle(position, 2), functional.pixel_shuffle(scale, 2), logits

    def placed(
        self, encodings: Tensor, positions: Tensor, templates: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The median candidate's number (B x 1 x h x w), how far from it each subcell is, in
        candidates, the log scale (B x 4 x h x w both), and the logits. Small offsets from whole
        numbers keep their precision where an engine computes in bfloat16.
        """
        measures = encodings[:, :, :3].detach()
        guide = encodings[:, :, 3 : 3 + GUIDES].detach()
        learned = encodings[:, :, 3 + GUIDES :]
        share = interpolation(positions, self.centres)
        evidence = log_likelihood(measures, templates)
        logits, known = self._judge(learned, evidence, positions, share)
        chance = torch.softmax(logits.float(), dim=1)
        base, offset, spread = local_expectation(chance)
        of_slice = torch.matmul(share.transpose(1, 2), chance.flatten(2))
        of_slice = of_slice.unflatten(2, tuple(logits.shape[2:]))
        sharp = (guide * of_slice[:, :, None]).sum(dim=1)
        steps = 1.0 / (self.settings.bins - 1)
        told = [known, sharp, chance, (base + offset) * steps, spread * steps]
        told = [values.to(known.dtype) for values in told]
        found = self.weights(self.finish(torch.cat(told, dim=1)))
        around = _neighbourhood(base) - base + _neighbourhood(offset)
        shares = torch.softmax(found[:, :36].float().unflatten(1, (4, 9)), dim=2)
        finer = (shares * around[:, None]).sum(dim=2)
        finer = finer + (0.1 / steps) * found[:, 36:40].float()
        return base, finer, found[:, 40:44].float(), logits

    def _judge(
        self, learned: Tensor, evidence: Tensor, positions: Tensor, share: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits of the candidates, and what else is known, per cell."""
        batch, _, channels, rows, columns = learned.shape
        bins = self.settings.bins
        mean = learned.mean(dim=1)
        change = (learned - mean[:, None]).flatten(2)
        volume = torch.matmul(share, change).view(batch, bins, channels, rows * columns)
        near, wide = box_mean(evidence, 7), box_mean(evidence, 31)
        shared = torch.stack([evidence, near, wide], dim=1)
        best = shared.amax(dim=2, keepdim=True)
        contrast = (torch.log1p(shared) - torch.log1p(best)).flatten(3)
        told = torch.cat([volume.transpose(1, 2), contrast], dim=1)
        volume = self._along(told, self._where(positions))
        votes = self.along_2(volume).reshape(batch, -1, rows, columns)
        height = 0.3 * torch.log1p(best[:, :, 0])
        known = torch.cat([votes, mean.to(votes.dtype), height.to(votes.dtype)], dim=1)
        first = self.level_1(self.enter(known))
        second = self.level_2(self.down_1(first))
        third = self.layout(self.level_3(self.down_2(second)))
        first = self.up_1(self.up_2(third, second), first)
        return self.logits(first) + votes[:, :bins], first

    def _along(self, cells: Tensor, places: Tensor) -> Tensor:
        """`along_1` and its ReLU on B x (features + 3) x bins x cells, beside B x 3 x bins x 1 that
        is the same for all cells and so convolved once.
        """
        weight, kind = self.along_1.weight, self.along_1.weight.dtype
        own, common = weight[:, : cells.shape[1]], weight[:, cells.shape[1] :]
        response = functional.conv2d(cells.to(kind), own, self.along_1.bias, padding=(2, 0))
        shared = functional.conv2d(places.to(kind), common, padding=(2, 0))
        return functional.relu(response + shared)

    def _where(self, positions: Tensor) -> Tensor:
        """Per candidate: how far the nearest slice is, the slices' spacing, its own place."""
        away = (self.centres[None, :, None] - positions[:, None, :]).abs().amin(dim=2)
        spacing = (1.0 / positions.shape[1]) * torch.ones_like(away)
        told = torch.stack([8 * away, 8 * spacing, self.centres.expand_as(away)], dim=1)
        return told[..., None]


class _Up(nn.Module):
    """A coarse map joined to one twice as fine, whose number of channels the result has.

    The coarse map is narrowed first: doubled, each of its channels would cost four times as much.
    """

    def __init__(self, coarse: int, narrow: int, fine: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(coarse, narrow, 1, bias=False)
        self.join = _block(narrow + fine, fine)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        joined: Tensor = self.join(torch.cat([_doubled(self.narrow(coarse)), fine], dim=1))
        return joined


class _Wider(nn.Module):
    """Adds to a map what a convolution with gaps and the mean of the whole map tell; nothing
    before it has learned.
    """

    def __init__(self, channels: int, dilation: int, inner: int = 96) -> None:
        super().__init__()
        self.around = nn.Conv2d(channels, inner, 3, 1, dilation, dilation, bias=False)
        self.everywhere = nn.Conv2d(channels, inner, 1)
        self.norm = nn.BatchNorm2d(inner)
        self.mixed = nn.Conv2d(inner, channels, 1)
        nn.init.zeros_(self.mixed.weight)
        nn.init.zeros_(self.mixed.bias)

    def forward(self, values: Tensor) -> Tensor:
        whole = self.everywhere(values.mean(dim=(2, 3), keepdim=True))
        return values + self.mixed(functional.relu(self.norm(self.around(values) + whole)))


class FocusStream(nn.Module):
    """Encoder and head together, for training: `contrasts` of the slices (see `SliceEncoder`),
    B x S x 32 x h x w; positions and templates as in `StreamHead`. `head_only`: the encoder stays
    as it is.
    """

    def __init__(
        self, settings: FocusStreamSettings | None = None, head_only: bool = False
    ) -> None:
        super().__init__()
        self.settings = settings or FocusStreamSettings()
        self.encoder = SliceEncoder(self.settings)
        self.head = StreamHead(self.settings)
        self._head_only = head_only
        self.encoder.requires_grad_(not head_only)

    def train(self, mode: bool = True) -> FocusStream:
        """As of every module; with `head_only` no normalisation leaves its running statistics."""
        super().train(mode and not self._head_only)
        return self

    def forward(
        self, contrasts: Tensor, positions: Tensor, templates: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        encodings = self.encoder.features(contrasts.flatten(0, 1))
        encodings = encodings.unflatten(0, tuple(contrasts.shape[:2]))
        position, scale, logits = self.head(encodings, positions, templates)
        return position, scale, logits


def log_likelihood(measures: Tensor, templates: Tensor, tolerance: float = 0.2) -> Tensor:
    """`classical.log_likelihood` over a batch: B x S x 3 x h x w and B x 3 x S x D to
    B x D x h x w.
    """
    measures = measures.float().transpose(1, 2)
    change = measures - measures.mean(dim=2, keepdim=True)
    energy = change.square().sum(dim=2)
    shares = torch.tensor(NOISE_SHARE[:LEVELS], device=measures.device).view(1, -1, 1, 1)
    noise = (shares * (measures.amin(dim=2) + QUANTISATION)).square()
    scale = (0.5 / (noise + tolerance**2 * energy)).sqrt()
    scaled = (change * scale[:, :, None]).flatten(3)
    match = torch.matmul(templates.transpose(2, 3), scaled).clamp(min=0.0)
    return match.square().sum(dim=1).unflatten(2, tuple(measures.shape[3:]))


def box_mean(values: Tensor, side: int) -> Tensor:
    """Mean over `side` x `side` cells, of those that lie in the image: B x C x h x w."""
    reach = side // 2
    for kernel, padding in (((side, 1), (reach, 0)), ((1, side), (0, reach))):
        values = functional.avg_pool2d(values, kernel, 1, padding, count_include_pad=False)
    return values


def interpolation(positions: Tensor, centres: Tensor) -> Tensor:
    """Weights B x K x S that interpolate values at `positions` (B x S, ascending from 0 to 1)
    linearly at `centres` (K within 0..1).
    """
    gaps = (positions[:, 1:] - positions[:, :-1]).clamp(min=1e-6)
    edge = torch.ones_like(gaps[:, :1])
    before, after = torch.cat([edge, gaps], dim=1), torch.cat([gaps, edge], dim=1)
    offset = centres[None, :, None] - positions[:, None, :]
    rising = 1 + offset / before[:, None, :]
    falling = 1 - offset / after[:, None, :]
    return torch.minimum(rising, falling).clamp(0.0, 1.0)


def local_expectation(chance: Tensor, reach: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """The candidate at the median, the expectation within `reach` of it relative to it, and the
    deviation over all from there, in candidates: B x 1 x h x w each, of `chance` B x K x h x w.

    Two depths in one cell are not averaged to one where nothing is; where a wall could be
    anywhere, a lone likeliest candidate does not win over many that agree.
    """
    numbers = torch.arange(chance.shape[1], device=chance.device, dtype=chance.dtype)
    upto = (numbers[:, None] >= numbers[None, :]).to(chance.dtype)
    below = torch.matmul(upto, chance.flatten(2)).reshape(chance.shape)
    median = (below < 0.5).to(chance.dtype).sum(dim=1, keepdim=True)
    median = median.clamp(max=float(chance.shape[1] - 1))
    away = numbers.view(1, -1, 1, 1) - median
    near = chance * (away.abs() < reach + 0.5).to(chance.dtype)
    offset = (near * away).sum(dim=1, keepdim=True) / near.sum(dim=1, keepdim=True)
    spread = (chance * (away - offset).square()).sum(dim=1, keepdim=True).clamp(min=1e-8).sqrt()
    return median, offset, spread


def _neighbourhood(values: Tensor) -> Tensor:
    """The 3 x 3 values around each of B x 1 x h x w, as nine channels."""
    rows, columns = values.shape[2:]
    padded = functional.pad(values, (1, 1, 1, 1), mode="replicate")
    parts = [padded[:, :, i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return torch.cat(parts, dim=1)


def _doubled(values: Tensor) -> Tensor:
    return functional.interpolate(values, scale_factor=2.0, mode="nearest")


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
