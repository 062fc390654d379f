"""How the surface mixes the layers: a sweep over incidences that a small network judges.

Where only one layer has an edge, the edge's polarization names the mixing: its gradients in the
images d (along the axis of polarization) and m (mean) stand as (a - b) / (a + b) where the edge is
reflected, and as -(a - b) / (2 - a - b) where it is transmitted, a and b being the reflected
shares of `layers.py`. For each incidence and each of the two axes along which a surface may
reflect, the layers that it would give are rated by how much their gradients exclude each other, in
patches and in the whole image (the statistic of `patchwise.py`). The network sees these ratings,
histograms of the gradients' ratios, and the noise. It says, per 8 x 8 pixels, how far to trust
which incidence, how the gains differ from that incidence's, how the axis turns, and how much of
the polarization's fine bands is light.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from ...optics.fresnel import pane_reflectances

REDUCTION = 8
WIDTH = 80
_BINS = 24
# Bins are even in atan(4 x): reflections of all incidences fall apart there.
_STEEPNESS = 4.0
_INCIDENCES_DEG = tuple(float(angle) for angle in range(8, 87, 3))
_HYPOTHESES = 2 * len(_INCIDENCES_DEG)
_GLASS = 1.5
# Features of gradients and dependences come at a quarter and at half of the images' size: small
# images have too few edges left at a quarter, noisy ones too much noise at half.
_SCALES = (4, 2)
_FEATURES = (_BINS + 1) + 7 + len(_SCALES) * ((_BINS + 1) + 5 + 2 * _HYPOTHESES)
# Along and across the axis of polarization, and the squares of both.
_PLACES = 4
_EPSILON = 1e-6
# At first, how much less likely an incidence is whose layers depend on each other wholly.
_TRUST = (20.0, 20.0, 20.0, 20.0)
# A vote for an axis decides by this many times its lead, averaged over the cells around: their
# weights fall off as a Gaussian's of this standard deviation, in lengths of the longer side.
_VOTE = 4.0
_VOTERS = 0.18
# Before training hardly any cell is taken for one without glass.
_ABSENCE_BIAS = -5.0
# At run time scores count so much more: between two likely incidences the mean is none of them.
# Chosen on rendered panes of which neither training nor the benchmark shows any.
_SHARPNESS = 2.0
# What is left of the share's and the gain's freedom: a factor of e^0.5 up or down.
_FREEDOM = 0.5
# A logarithm of the noise's power that the network says is within 4 of the measured one's.
_NOISE_FREEDOM = 4.0


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
    # Bounds here and below, no sums: the exporter takes a sum with so small a number for one with
    # nothing, and the file then divides 0 by 0 where an image is plain or saturated.
    cosine = difference / torch.sqrt((difference.square() + twice.square()).clamp_min(1e-24))
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
    numbers = torch.arange(_BINS, dtype=place.dtype, device=place.device).view(1, -1, 1, 1, 1)
    shares = torch.relu(1 - (place[:, None] - numbers).abs()) * weight[:, None]
    counted = F.avg_pool2d(shares.mean(dim=2), reduction)
    total = counted.sum(dim=1, keepdim=True)
    normalised = _BINS * counted / (total + 0.02)
    return torch.cat([0.5 * normalised, torch.log10(total + 1e-3)], dim=1)


def _gradient_features(light: tuple[Tensor, Tensor, Tensor], reduction: int) -> Tensor:
    """Histograms of d's gradients over m's in patches, and the moments of both and e's."""
    gm, gd, ge = (_gradients(part) for part in light)
    power = gm.square() + gd.square()
    strength = torch.sqrt(power.clamp_min(1e-12))
    weight = strength / (strength + 0.5 * torch.sqrt(power.mean(dim=(1, 2, 3), keepdim=True)))
    ratio = gd / (gm + torch.where(gm < 0, -1e-6, 1e-6))
    histogram = _histogram(ratio, weight, reduction)

    def total(x: Tensor, y: Tensor) -> Tensor:
        pooled = F.avg_pool2d((x * y).sum(dim=1, keepdim=True), reduction)
        return blurred(pooled, 1)

    mm, md, dd, de, ee = total(gm, gm), total(gm, gd), total(gd, gd), total(gd, ge), total(ge, ge)
    whole = mm + dd + ee + 1e-7
    polarized = (dd + ee).clamp_min(1e-9)
    moments = [md / whole, torch.sqrt(polarized / whole), de / polarized, ee / polarized]
    return torch.cat([histogram, *moments, 0.25 * torch.log10(whole)], dim=1)


def _grey(image: Tensor) -> Tensor:
    return image.mean(dim=1, keepdim=True)


def _fine_power(image: Tensor) -> list[Tensor]:
    """Logarithm of the power in the two finest bands."""
    powers = (F.avg_pool2d(_grey(band.square()), REDUCTION) for band in bands(image)[:2])
    return [torch.log10(power.clamp_min(1e-8)) * 0.25 + 1.0 for power in powers]


def blurred(image: Tensor, level: int) -> Tensor:
    """A box filter of 3 x 3 pixels, and for level 2 of 7 x 7 after it."""
    result = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    if level == 1:
        return result
    return F.avg_pool2d(F.pad(result, (3, 3, 3, 3), mode="replicate"), 7, stride=1)


def bands(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The finest band, the next one, and the smooth rest; they add up to `image`."""
    smooth, smoother = blurred(image, 1), blurred(image, 2)
    return image - smooth, smooth - smoother, smoother


class SurfaceEstimator(nn.Module):
    """Light to five maps at an eighth of its size: share, gain vector (2), and the power of the
    noise in the two finest bands of the polarized part.
    """

    hypotheses: Tensor

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.register_buffer("hypotheses", _hypotheses(), persistent=False)
        self.trust = nn.Parameter(torch.log(torch.tensor(_TRUST)))
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
        self.slope = nn.Sequential(
            nn.Linear(_FEATURES + (4 + 2 * _PLACES) * width, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, _PLACES * width),
        )
        nn.init.zeros_(self.slope[2].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.slope[2].bias)  # type: ignore[arg-type]
        self.decoder = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=4, dilation=4),
            nn.ReLU(),
        )
        self.head = nn.Conv2d(width, _HYPOTHESES + 5, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]
        self.absence = nn.Conv2d(width, 1, 1)
        nn.init.zeros_(self.absence.weight)
        nn.init.constant_(self.absence.bias, _ABSENCE_BIAS)  # type: ignore[arg-type]

    def forward(self, light: Light) -> tuple[Tensor, Tensor]:
        """The maps, and the features (B x width) that they come from."""
        with torch.no_grad():
            seen, dependences = _features(light, self.hypotheses)
        patches = self.patch(seen)
        features = self.encoder(patches)
        facts = [seen.mean(dim=(2, 3)), patches.mean(dim=(2, 3)), patches.amax(dim=(2, 3))]
        facts += [features.mean(dim=(2, 3)), features.amax(dim=(2, 3))]
        summary = self.summary(torch.cat(facts, dim=1))
        places = cell_places(light.axis, seen)
        facts += [_moments(values, places) for values in (patches, features)]
        slopes = self.slope(torch.cat(facts, dim=1)).unflatten(1, (_PLACES, -1))
        sloping = (slopes[..., None, None] * places[:, :, None]).sum(dim=1)
        decoded = self.decoder(features + summary[:, :, None, None] + sloping)
        raw = self.head(decoded)
        score = raw[:, :_HYPOTHESES]
        for trust, dependence in zip(torch.exp(self.trust), dependences, strict=True):
            score = score - trust * dependence
        noise = [F.avg_pool2d(_grey(b.square()), REDUCTION) for b in bands(light.across)[:2]]
        power = blurred(torch.cat(noise, dim=1), 1)
        if not self.training:
            score = _SHARPNESS * score
        # Past the border of the glass nothing is reflected.
        weights = hypothesis_weights(score) * torch.sigmoid(-self.absence(decoded))
        return self._maps(weights, raw[:, _HYPOTHESES:], power), decoded

    def _maps(self, weight: Tensor, raw: Tensor, power: Tensor) -> Tensor:
        shares, gains = self.hypotheses.view(2, -1, 1, 1).unbind()
        share = (weight * shares).sum(dim=1, keepdim=True)
        gain = (weight * gains).sum(dim=1, keepdim=True)
        share = share * torch.exp(_FREEDOM * torch.tanh(raw[:, :1]))
        gain = gain * torch.exp(_FREEDOM * torch.tanh(raw[:, 1:2]))
        turn = torch.tanh(raw[:, 2:3])
        # What is polarized across the axis is hardly anything but noise.
        noise = gain.square() * power * torch.exp(_NOISE_FREEDOM * torch.tanh(raw[:, 3:]))
        return torch.cat([share, gain * torch.cos(turn), gain * torch.sin(turn), noise], dim=1)


def hypothesis_weights(score: Tensor) -> Tensor:
    """Of the hypotheses, from their scores B x hypotheses x h x w: in each cell those of either
    axis among each other, and the axis that the cells around vote for. Glass hardly turns by 90
    degrees within a view; cells that decided for themselves gave layers that swap places.
    """
    halves = score.chunk(2, dim=1)
    votes = [torch.logsumexp(half, dim=1) for half in halves]
    first = torch.sigmoid(_VOTE * _around(votes[0] - votes[1]))[:, None]
    along, across = (torch.softmax(half, dim=1) for half in halves)
    return torch.cat([first * along, (1 - first) * across], dim=1)


def _around(values: Tensor) -> Tensor:
    """Means of `values` (B x h x w) around each cell. Products with matrices take any size in an
    exported model, windows do not.
    """
    ones = torch.ones_like(values)
    y, x = torch.cumsum(ones, dim=1)[:, :, 0], torch.cumsum(ones, dim=2)[:, 0]
    deviation = _VOTERS * torch.maximum(y[:, -1:], x[:, -1:])[..., None]
    near = [
        torch.softmax(-0.5 * ((p[:, :, None] - p[:, None]) / deviation).square(), dim=2)
        for p in (y, x)
    ]
    return near[0] @ values @ near[1].transpose(1, 2)


def cell_places(axis: Tensor, like: Tensor) -> Tensor:
    """B x 4 x h x w: where each cell of `like` (B x ... x h x w) lies along and across the axis of
    polarization, -1..1 over the longer side, and the squares of both less their mean.
    """
    ones = torch.ones_like(like[:, 0])
    rows, columns = torch.cumsum(ones, dim=1), torch.cumsum(ones, dim=2)
    y, x = 2 * rows - rows[:, -1:] - 1, 2 * columns - columns[:, :, -1:] - 1
    most = torch.maximum(rows[:, -1:, -1:], columns[:, -1:, -1:])
    # `axis` is a double angle within 90 degrees of 0.
    cosine = torch.sqrt((1 + axis[:, 0]) / 2)
    sine = axis[:, 1] / (2 * cosine)
    c, s = cosine[:, None, None], sine[:, None, None]
    along, across = (x * c + y * s) / most, (y * c - x * s) / most
    flat = torch.stack([along, across], dim=1)
    squares = flat.square()
    return torch.cat([flat, squares - squares.mean(dim=(2, 3), keepdim=True)], dim=1)


def _moments(values: Tensor, places: Tensor) -> Tensor:
    """Means of the products of all `values` (B x C x h x w) and all `places`: B x 4 C."""
    means = [(values * places[:, n : n + 1]).mean(dim=(2, 3)) for n in range(_PLACES)]
    return torch.cat(means, dim=1)


def _hypotheses() -> Tensor:
    """Share and signed gain (2 x hypotheses) of a pane of glass at all incidences, first those that
    reflect along the axis, then those across it.
    """
    a, b = pane_reflectances(np.array(_INCIDENCES_DEG), _GLASS)
    share = (a + b) / 2
    gain = share * (1 - share) * 2 / (a - b)
    both = np.stack([np.tile(share, 2), np.concatenate([gain, -gain])])
    return torch.from_numpy(both.astype(np.float32))


def _dependences(
    light: tuple[Tensor, Tensor], hypotheses: Tensor, reduction: int
) -> tuple[Tensor, Tensor]:
    """How far the layers of each hypothesis depend on each other, 0..1: in patches and as a whole.

    The sum of |grad T grad R| over the root of the sums of both squares: B x hypotheses x h x w,
    and B x hypotheses x 1 x 1.
    """
    gm, gd = (_gradients(part) for part in light)
    batch, channels, height, width = gm.shape
    products = torch.stack([gm * gm, gm * gd, gd * gd], dim=2)
    share, gain = hypotheses.unbind()
    # With R = share m + gain d and T = m - R, from the products m m, m d, d d of the gradients:
    both = torch.stack([share * (1 - share), gain * (1 - 2 * share), -gain * gain], dim=1)
    reflected = torch.stack([share * share, 2 * share * gain, gain * gain], dim=1)
    left = 1 - share
    transmitted = torch.stack([left * left, -2 * left * gain, gain * gain], dim=1)
    flat = products.reshape(batch * channels, 3, height, width)
    shared = F.avg_pool2d(F.conv2d(flat, both[:, :, None, None]).abs(), reduction)
    shared = shared.reshape(batch, channels, -1, *shared.shape[2:]).mean(dim=1)
    moments = F.avg_pool2d(products.mean(dim=1), reduction)
    means = [values.mean(dim=(2, 3), keepdim=True) for values in (shared, moments)]
    near = [
        blurred(values, 2) + 0.1 * mean
        for values, mean in zip((shared, moments), means, strict=True)
    ]
    patch, whole = (
        of_both
        / torch.sqrt(
            (
                F.conv2d(powers, reflected[:, :, None, None]).clamp(min=0)
                * F.conv2d(powers, transmitted[:, :, None, None]).clamp(min=0)
            ).clamp_min(1e-14)
        )
        for of_both, powers in (near, means)
    )
    return patch, whole


def _features(light: Light, hypotheses: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What the network sees, B x features x H/8 x W/8, and the dependences among it: of patches and
    of the whole image, for each of _SCALES.
    """
    whole = (light.mean, light.along, light.across)
    features, dependences = [], []
    for scale in _SCALES:
        reduced = tuple(F.avg_pool2d(part, scale) for part in whole)
        left = REDUCTION // scale
        patch, image = _dependences((reduced[0], reduced[1]), hypotheses, left)
        spread = image.expand(-1, -1, *patch.shape[2:])
        gradients = _gradient_features(reduced, left)  # type: ignore[arg-type]
        features += [gradients, 4 * patch, 4 * spread]
        dependences += [patch, image]
    mean, along = (F.avg_pool2d(part, 4) for part in (light.mean + 0.01, light.along))
    degree = _histogram(along / mean, torch.ones_like(mean), 2)
    noise = [power for part in whole for power in _fine_power(part)]
    level = torch.sqrt(F.avg_pool2d(_grey(mean).clamp(min=0), 2) + 1e-6)
    return torch.cat([*features, degree, *noise, level], dim=1), dependences


def enlarged(maps: Tensor, light: Light) -> Tensor:
    """Maps at an eighth of the light's size, at its size."""
    return F.interpolate(maps, size=light.mean.shape[2:], mode="bilinear", align_corners=False)


def unmixed(light: Light, surface: Tensor) -> Tensor:
    """The reflected layer B x 3 x H x W that the maps of `SurfaceEstimator` give, on the light's
    scale, within 0..m.
    """
    maps = enlarged(surface, light)
    fine, coarse, smooth = bands(polarized_part(light, maps))
    kept = smooth + _denoised(coarse, maps[:, 4:5]) + _denoised(fine, maps[:, 3:4])
    return torch.relu(torch.minimum(maps[:, 0:1] * light.mean + kept, light.mean))


def polarized_part(light: Light, maps: Tensor) -> Tensor:
    """What the polarization says of the reflected layer beyond its share of the mean."""
    return maps[:, 1:2] * light.along + maps[:, 2:3] * light.across


def _denoised(band: Tensor, noise: Tensor) -> Tensor:
    """Wiener's filter: each pixel keeps the share of the power around it that is not noise."""
    power = blurred(blurred(_grey(band.square()), 1), 1)
    return band * torch.relu(power - noise) / power.clamp_min(1e-9)
