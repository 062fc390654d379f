"""FourierNet: a burst of aligned patches to one sharp patch, in the Fourier domain.

P. Wieschollek, B. Schoelkopf, H. Lensch, M. Hirsch, "End-to-end learning for image burst
deblurring", ACCV 2016 (thesis, section 6.2): band analysis after Chakrabarti, 1 x 1 exchange
across the burst, a predicted filter, and a Fourier burst accumulation that is learned.

Not given there, and ours: real and imaginary parts are channels of their own; the exchange has two
layers of twice the burst's channels; bands are compressed by the factor of their merging; there are
two layers between encoding and filter coefficients. The transforms are products with constant
matrices, so that every engine has them.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

PATCH, SHARP = 65, 33
"""Sides of the patches that go in and come out."""
BURST = 14
"""Frames that the paper trains with; shorter bursts repeat theirs."""
BANDS = (17, 33, 65)
LOW = 4
"""The fourth band: what the third has up to this frequency, 9 x 9."""
ENCODING = 4096
STRIDE = 5


class Fourier(nn.Module):
    """The discrete Fourier transform of real S x S patches by two products, and back.

    Spectra are ... x 2 x S x S, real and imaginary part; frequency 0 lies in the middle.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        places = np.arange(size)
        phase = -2 * np.pi * np.outer(places - size // 2, places) / size
        self.register_buffer("cosine", torch.tensor(np.cos(phase), dtype=torch.float32))
        self.register_buffer("sine", torch.tensor(np.sin(phase), dtype=torch.float32))

    def forward(self, patches: Tensor) -> Tensor:
        c, s = cast(Tensor, self.cosine), cast(Tensor, self.sine)
        real, imaginary = c @ patches, s @ patches
        ct, st = c.transpose(0, 1), s.transpose(0, 1)
        whole = (real @ ct - imaginary @ st, real @ st + imaginary @ ct)
        return torch.stack(whole, dim=-3) / c.shape[0]

    def inverse(self, spectra: Tensor) -> Tensor:
        """The real part of the patches."""
        c, s = cast(Tensor, self.cosine), cast(Tensor, self.sine)
        real, imaginary = spectra.unbind(dim=-3)
        ct, st = c.transpose(0, 1), s.transpose(0, 1)
        # The conjugate's transform, conjugated: rows, then columns.
        rows_real, rows_imaginary = ct @ real + st @ imaginary, ct @ imaginary - st @ real
        return (rows_real @ c + rows_imaginary @ s) / c.shape[0]


class Exchange(nn.Module):
    """1 x 1 convolutions over what the burst has at each frequency: B x N x 2 x S x S."""

    def __init__(self, burst: int) -> None:
        super().__init__()
        wide = 4 * burst
        self.layers = nn.Sequential(
            nn.Conv2d(2 * burst, wide, 1), nn.ReLU(), nn.Conv2d(wide, 2 * burst, 1)
        )

    def forward(self, spectra: Tensor) -> Tensor:
        found: Tensor = self.layers(spectra.flatten(1, 2))
        return spectra + found.unflatten(1, (-1, 2))


class FourierNet(nn.Module):
    """B x N x 65 x 65 in 0..1 (one channel of N aligned frames) to B x 33 x 33.

    `burst`: N. `encoding`: 4096 in the paper; its reduced width is trained here.
    """

    def __init__(self, burst: int = BURST, encoding: int = ENCODING) -> None:
        super().__init__()
        self.burst = burst
        self.transforms = nn.ModuleList(Fourier(size) for size in BANDS)
        self.exchanges = nn.ModuleList(Exchange(burst) for _ in range(4))
        sizes = [2 * n * n for n in (2 * LOW + 1, *BANDS)]
        half, quarter = encoding // 2, encoding // 4
        # Neighbouring bands are merged pairwise, these again.
        self.singles = nn.ModuleList(nn.Linear(size, quarter) for size in sizes)
        self.pairs = nn.ModuleList(nn.Linear(2 * quarter, half) for _ in range(2))
        self.encode = nn.Linear(2 * half, encoding)
        self.hidden = nn.Linear(encoding, encoding)
        self.coefficients = nn.Linear(encoding, PATCH * PATCH)
        self.weigh = nn.Sequential(
            nn.Conv2d(2 * burst, 4 * burst, 1), nn.ReLU(), nn.Conv2d(4 * burst, burst, 1)
        )
        self.small = Fourier(SHARP)
        # At first the filter changes nothing and the accumulation is the mean.
        nn.init.zeros_(self.coefficients.weight)
        nn.init.zeros_(self.coefficients.bias)
        for exchange in self.exchanges:
            nn.init.zeros_(cast(Exchange, exchange).layers[2].weight)
        nn.init.zeros_(cast(nn.Conv2d, self.weigh[2]).weight)
        nn.init.constant_(cast(Tensor, cast(nn.Conv2d, self.weigh[2]).bias), 0.0)

    def forward(self, patches: Tensor) -> Tensor:
        bands = self.bands(patches)
        merged = [exchange(band) for exchange, band in zip(self.exchanges, bands, strict=True)]
        filters = hermitian(self.filter_coefficients(merged))
        spectra = self.transforms[2](patches)
        real = (
            spectra[:, :, 0] * (1 + filters[..., 0, :, :])
            - spectra[:, :, 1] * filters[..., 1, :, :]
        )
        imaginary = (
            spectra[:, :, 1] * (1 + filters[..., 0, :, :])
            + spectra[:, :, 0] * filters[..., 1, :, :]
        )
        sharp = cast(Fourier, self.transforms[2]).inverse(torch.stack([real, imaginary], dim=2))
        return self.accumulate(_middle(sharp, SHARP))

    def bands(self, patches: Tensor) -> list[Tensor]:
        """Spectra of each frame at four scales: the low part of the finest, 17, 33 and 65."""
        found = [
            transform(_middle(patches, size))
            for transform, size in zip(self.transforms, BANDS, strict=True)
        ]
        return [_middle(found[2], 2 * LOW + 1), *found]

    def filter_coefficients(self, bands: list[Tensor]) -> Tensor:
        """4225 real numbers per frame: a spectrum of 65 x 65 of a real patch has as many."""
        singles = [
            functional.relu(layer(band.flatten(2)))
            for layer, band in zip(self.singles, bands, strict=True)
        ]
        pairs = [
            functional.relu(layer(torch.cat(singles[2 * n : 2 * n + 2], dim=-1)))
            for n, layer in enumerate(self.pairs)
        ]
        code = functional.relu(self.encode(torch.cat(pairs, dim=-1)))
        found: Tensor = self.coefficients(functional.relu(self.hidden(code)))
        return found

    def accumulate(self, sharp: Tensor) -> Tensor:
        """Fourier burst accumulation with weights that two 1 x 1 convolutions give."""
        spectra = self.small(sharp)
        weights = self.weigh(spectra.flatten(1, 2)).softmax(dim=1)[:, :, None]
        found: Tensor = self.small.inverse((spectra * weights).sum(dim=1))
        return found


def hermitian(coefficients: Tensor) -> Tensor:
    """... x S*S real numbers as the spectrum (... x 2 x S x S, frequency 0 in the middle) of a real
    S x S patch: the first half of the numbers are real parts, the rest imaginary ones.
    """
    count = int(coefficients.shape[-1])
    size = round(count**0.5)
    half = count // 2
    real_half, middle, imaginary_half = coefficients.split([half, 1, half], dim=-1)
    real = torch.cat([real_half, middle, real_half.flip(-1)], dim=-1)
    nothing = torch.zeros_like(middle)
    imaginary = torch.cat([imaginary_half, nothing, -imaginary_half.flip(-1)], dim=-1)
    return torch.stack([real, imaginary], dim=-2).unflatten(-1, (size, size))


def _middle(planes: Tensor, size: int) -> Tensor:
    start = (planes.shape[-1] - size) // 2
    return planes[..., start : start + size, start : start + size]


def repeated(burst: Tensor, count: int = BURST) -> Tensor:
    """N x ... frames as `count`: the first ones again where there are fewer."""
    return burst[torch.arange(count) % burst.shape[0]]


def deblurred(network: FourierNet, burst: Tensor, stride: int = STRIDE, batch: int = 64) -> Tensor:
    """Aligned frames N x H x W of one channel to one sharp H x W: patches every `stride` pixels,
    blended by a Hann window; the border is mirrored.
    """
    frames = repeated(burst, network.burst)
    margin = PATCH // 2
    height, width = frames.shape[-2:]
    padded = functional.pad(frames[None], (margin,) * 4, mode="reflect")[0]
    tops = sorted({*range(0, max(height - 1, 1), stride), height - 1})
    lefts = sorted({*range(0, max(width - 1, 1), stride), width - 1})
    window = torch.hann_window(SHARP + 2, periodic=False)[1:-1]
    window = torch.outer(window, window)
    half = SHARP // 2
    total = torch.zeros(height + 2 * half, width + 2 * half)
    weight = torch.zeros_like(total)
    places = [(top, left) for top in tops for left in lefts]
    for begin in range(0, len(places), batch):
        part = places[begin : begin + batch]
        patches = torch.stack([padded[:, t : t + PATCH, x : x + PATCH] for t, x in part])
        for (top, left), patch in zip(part, network(patches), strict=True):
            total[top : top + SHARP, left : left + SHARP] += window * patch
            weight[top : top + SHARP, left : left + SHARP] += window
    inside = slice(half, half + height), slice(half, half + width)
    return total[inside] / weight[inside]
