"""How the surface mixes the layers, estimated by a small network from gradients and intensities.

Where only one layer has an edge, the edge's polarization names the mixing: its gradients in the
images d (along the axis of polarization) and m (mean) stand as (a - b) / (a + b) where the edge is
reflected, and as -(a - b) / (2 - a - b) where it is transmitted, a and b being the reflected
shares of `layers.py`. The network sees histograms of these ratios in patches of two scales, the
noise, and the whole image's summary, and says per 8 x 8 pixels: the share R̄, the gain h towards d
as a vector (its direction is φ⊥ from the common axis, its sign which of the two axes), and how much
of d's fine bands is light.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

REDUCTION = 8
_BINS = 24
# Bins are even in atan(4 x): reflections of all incidences fall apart there.
_STEEPNESS = 4.0
_FEATURES = 3 * (_BINS + 1) + 2 * 5 + 7
_EPSILON = 1e-6
_GAIN = 3.0


@dataclass
class Light:
    """m, d, e: B x 3 x H x W mean, polarization along and across `axis` (B x 2: cos and sin of
    its double angle), divided by `scale` (B x 1 x 1 x 1).
    """

    mean: Tensor
    along: Tensor
    across: Tensor
    axis: Tensor
    scale: Tensor


def polarized_light(stokes: Tensor) -> Light:
    """From half Stokes parameters 3 x B x 3 x H x W: the axis of most gradient, m, d and e."""
    mean, p, q = stokes[0], stokes[1], stokes[2]
    scale = 3.0 * mean.mean(dim=(1, 2, 3), keepdim=True) + _EPSILON
    mean, p, q = mean / scale, p / scale, q / scale
    gradients = [_gradients(F.avg_pool2d(part, 4)) for part in (p, q)]
    pp = gradients[0].square().mean(dim=(1, 2, 3))
    qq = gradients[1].square().mean(dim=(1, 2, 3))
    pq = (gradients[0] * gradients[1]).mean(dim=(1, 2, 3))
    difference, twice = pp - qq, 2 * pq
    cosine = difference / (torch.sqrt(difference.square() + twice.square()) + 1e-12)
    c = torch.sqrt((0.5 * (1 + cosine)).clamp(min=0))
    s = torch.sqrt((0.5 * (1 - cosine)).clamp(min=0))
    s = torch.where(twice < 0, -s, s)
    cc, ss = c.view(-1, 1, 1, 1), s.view(-1, 1, 1, 1)
    return Light(mean, p * cc + q * ss, q * cc - p * ss, torch.stack([c, s], dim=1), scale)


def _gradients(image: Tensor) -> Tensor:
    """Differences to the right and lower neighbour, of the channels one after the other."""
    right = image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    down = image[:, :, 1:, :-1] - image[:, :, :-1, :-1]
    return F.pad(torch.cat([right, down], dim=1), (0, 1, 0, 1))


def _histogram(ratio: Tensor, weight: Tensor, reduction: int) -> Tensor:
    """Weighted histograms of `ratio` over the channels and patches of `reduction` pixels: B x
    (bins + 1) maps, the last one the logarithm of the weight that a patch has.
    """
    place = (torch.atan(_STEEPNESS * ratio) / torch.pi + 0.5) * (_BINS - 1)
    bins = []
    for number in range(_BINS):
        share = torch.relu(1 - (place - number).abs()) * weight
        bins.append(F.avg_pool2d(share.mean(dim=1, keepdim=True), reduction))
    counted = torch.cat(bins, dim=1)
    total = counted.sum(dim=1, keepdim=True)
    normalised = _BINS * counted / (total + 0.02)
    return torch.cat([0.5 * normalised, torch.log10(total + 1e-3)], dim=1)


def _gradient_features(light: tuple[Tensor, Tensor, Tensor], reduction: int) -> Tensor:
    """Histograms of d's gradients over m's in patches, and the moments of both and e's."""
    gm, gd, ge = (_gradients(part) for part in light)
    power = gm.square() + gd.square()
    strength = torch.sqrt(power + 1e-12)
    weight = strength / (strength + 0.5 * torch.sqrt(power.mean(dim=(1, 2, 3), keepdim=True)))
    ratio = gd / (gm + torch.where(gm < 0, -1e-6, 1e-6))
    histogram = _histogram(ratio, weight, reduction)

    def total(x: Tensor, y: Tensor) -> Tensor:
        pooled = F.avg_pool2d((x * y).sum(dim=1, keepdim=True), reduction)
        return blurred(pooled, 1)

    mm, md, dd, de, ee = total(gm, gm), total(gm, gd), total(gd, gd), total(gd, ge), total(ge, ge)
    whole = mm + dd + ee + 1e-7
    polarized = dd + ee + 1e-9
    moments = [md / whole, torch.sqrt(polarized / whole), de / polarized, ee / polarized]
    return torch.cat([histogram, *moments, 0.25 * torch.log10(whole)], dim=1)


def _grey(image: Tensor) -> Tensor:
    return image.mean(dim=1, keepdim=True)


def _fine_power(image: Tensor) -> list[Tensor]:
    """Logarithm of the power in the two finest bands."""
    smooth = blurred(image, 1)
    bands = (image - smooth, smooth - blurred(image, 2))
    powers = (F.avg_pool2d(_grey(band.square()), REDUCTION) for band in bands)
    return [torch.log10(power + 1e-8) * 0.25 + 1.0 for power in powers]


def blurred(image: Tensor, level: int) -> Tensor:
    """A box filter of 3 x 3 pixels, and for level 2 of 7 x 7 after it."""
    result = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    if level == 1:
        return result
    return F.avg_pool2d(F.pad(result, (3, 3, 3, 3), mode="replicate"), 7, stride=1)


class SurfaceEstimator(nn.Module):
    """Light to five maps at an eighth of its size: share, gain vector (2), shares of d's finest
    and second band that are kept.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.patch = nn.Sequential(
            nn.Conv2d(_FEATURES, 2 * width, 1), nn.ReLU(), nn.Conv2d(2 * width, width, 1), nn.ReLU()
        )
        self.encoder = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
        )
        self.summary = nn.Sequential(
            nn.Linear(_FEATURES + 4 * width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, width),
        )
        self.decoder = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=4, dilation=4),
            nn.ReLU(),
            nn.Conv2d(width, 5, 1),
        )

    def forward(self, light: Light) -> Tensor:
        with torch.no_grad():
            seen = _features(light)
        patches = self.patch(seen)
        features = self.encoder(patches)
        facts = [seen.mean(dim=(2, 3)), patches.mean(dim=(2, 3)), patches.amax(dim=(2, 3))]
        facts += [features.mean(dim=(2, 3)), features.amax(dim=(2, 3))]
        summary = self.summary(torch.cat(facts, dim=1))
        raw = self.decoder(features + summary[:, :, None, None])
        share = torch.sigmoid(raw[:, :1] - 1.8)
        kept = torch.sigmoid(raw[:, 3:] + 1.0)
        return torch.cat([share, _GAIN * raw[:, 1:3], kept], dim=1)


def _features(light: Light) -> Tensor:
    """B x features x H/8 x W/8."""
    whole = (light.mean, light.along, light.across)
    halves = tuple(F.avg_pool2d(part, 2) for part in whole)
    quarters = tuple(F.avg_pool2d(part, 2) for part in halves)
    mean = quarters[0] + 0.01
    degree = _histogram(quarters[1] / mean, torch.ones_like(mean), 2)
    noise = [power for part in whole for power in _fine_power(part)]
    level = torch.sqrt(F.avg_pool2d(_grey(mean).clamp(min=0), 2) + 1e-6)
    return torch.cat(
        [
            _gradient_features(halves, 4),  # type: ignore[arg-type]
            _gradient_features(quarters, 2),  # type: ignore[arg-type]
            degree,
            *noise,
            level,
        ],
        dim=1,
    )


def unmixed(light: Light, surface: Tensor) -> Tensor:
    """The reflected layer B x 3 x H x W that the maps of `SurfaceEstimator` give, on the light's
    scale, within 0..m.
    """
    size = light.mean.shape[2:]
    maps = F.interpolate(surface, size=size, mode="bilinear", align_corners=False)
    share, h_along, h_across = maps[:, 0:1], maps[:, 1:2], maps[:, 2:3]
    polarized = h_along * light.along + h_across * light.across
    smooth, smoother = blurred(polarized, 1), blurred(polarized, 2)
    kept = smoother + maps[:, 4:5] * (smooth - smoother) + maps[:, 3:4] * (polarized - smooth)
    reflection = share * light.mean + kept
    return torch.relu(torch.minimum(reflection, light.mean))
