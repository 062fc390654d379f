"""How the surface mixes the layers, estimated by a small network from gradients and intensities.

Where only one layer has an edge, the edge's polarization names the mixing: its gradients in the
images d (along the axis of polarization) and m (mean) stand as (a - b) / (a + b) where the edge is
reflected, and as -(a - b) / (2 - a - b) where it is transmitted, a and b being the reflected
shares of `layers.py`. The network sees such ratios at two scales, the noise, and the whole image's
summary, and says per 8 x 8 pixels: the share R̄, the gain h towards d as a vector (its direction is
φ⊥ from the common axis, its sign which of the two axes), and how much of d's fine bands is noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

_FEATURES = 22
_EPSILON = 1e-6
_GAIN = 3.0
_FINEST = 2
REDUCTION = 8


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


def _ratios(m: Tensor, d: Tensor, e: Tensor) -> Tensor:
    """Six maps of how the gradients of d and e stand to m's."""
    gm, gd, ge = _gradients(m), _gradients(d), _gradients(e)

    def total(x: Tensor, y: Tensor) -> Tensor:
        return (x * y).sum(dim=1, keepdim=True)

    mm, dd, ee = total(gm, gm), total(gd, gd), total(ge, ge)
    md, me, de = total(gm, gd), total(gm, ge), total(gd, ge)
    power = mm + dd + ee
    whole = power + 0.05 * power.mean(dim=(2, 3), keepdim=True) + 1e-7
    return torch.cat(
        [
            mm / whole,
            md / whole,
            me / whole,
            torch.sqrt(dd / whole + 1e-8),
            torch.sqrt(ee / whole + 1e-8),
            de / whole,
        ],
        dim=1,
    )


def _grey(image: Tensor) -> Tensor:
    return image.mean(dim=1, keepdim=True)


def _fine_power(image: Tensor) -> tuple[Tensor, Tensor]:
    """Logarithm of the power in the two finest bands, at half size."""
    fine = image - blurred(image, 1)
    coarse = blurred(image, 1) - blurred(image, 2)
    powers = (_grey(F.avg_pool2d(band.square(), 2)) for band in (fine, coarse))
    first, second = (torch.log10(power + 1e-8) * 0.25 + 1.0 for power in powers)
    return first, second


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

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(_FEATURES, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
        )
        self.summary = nn.Sequential(
            nn.Linear(6 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, 2 * width)
        )
        self.decoder = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=4, dilation=4),
            nn.ReLU(),
            nn.Conv2d(2 * width, 5, 1),
        )

    def forward(self, light: Light) -> Tensor:
        features = self.encoder(_features(light))
        mean = features.mean(dim=(2, 3))
        deviation = torch.sqrt((features - mean[:, :, None, None]).square().mean((2, 3)) + 1e-6)
        most = features.amax(dim=(2, 3))
        summary = self.summary(torch.cat([mean, deviation, most], dim=1))
        raw = self.decoder(features + summary[:, :, None, None])
        share = torch.sigmoid(raw[:, :1] - 1.8)
        kept = torch.sigmoid(raw[:, 3:] + 1.0)
        return torch.cat([share, _GAIN * raw[:, 1:3], kept], dim=1)


def _features(light: Light) -> Tensor:
    """B x 22 x H/2 x W/2."""
    halves = [F.avg_pool2d(part, 2) for part in (light.mean, light.along, light.across)]
    quarters = [F.avg_pool2d(part, 2) for part in halves]
    coarse = F.interpolate(_ratios(*quarters), scale_factor=2.0, mode="nearest")
    mean = _grey(halves[0]) + 0.01
    degrees = [_grey(part) / mean for part in halves[1:]]
    largest = light.along.abs().amax(dim=1, keepdim=True)
    degrees.append(F.avg_pool2d(largest, 2) / mean)
    noise = [*_fine_power(light.along), *_fine_power(light.across), *_fine_power(light.mean)]
    return torch.cat([_ratios(*halves), coarse, *degrees, torch.sqrt(mean), *noise], dim=1)


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
    return torch.minimum(torch.relu(reflection), light.mean)
