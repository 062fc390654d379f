"""What is left to do once the surface is known: noise, and what its estimate gets wrong.

Exact unmixing multiplies the camera's noise where a surface hardly polarizes, and near grazing
incidence the transmitted layer is a small difference of large values. This network sees both layers
as the surface gives them, and the image they come from, each on the scale of its own brightness.
Its outputs are a correction of each layer, and how much of the other layer is still in it.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from .geometry import WIDTH, Light, enlarged, polarized_part

_WIDTHS = (32, 64, 96)
_SEEN = 6
# Of the mean over the image: below, a layer counts as dark.
_DARK = 3e-3
_LARGEST_LOGARITHM = 4.0


class Refinement(nn.Module):
    """Light, the surface's maps and its features to both layers on the light's scale.

    An encoder-decoder on each channel by itself, at half, a quarter and an eighth of the size; at
    the last it is joined by what the surface's estimate knows. Untrained it changes nothing.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        half, quarter, eighth = _WIDTHS
        self.enter = nn.Conv2d(_SEEN, half, 4, stride=2, padding=1)
        self.at_half = _convolution(half, half)
        self.to_quarter = _convolution(half, quarter, stride=2)
        self.at_quarter = _convolution(quarter, quarter)
        self.to_eighth = _convolution(quarter, eighth, stride=2)
        self.join = nn.Conv2d(width + 3, eighth, 1)
        self.at_eighth = nn.Sequential(_convolution(eighth, eighth), _convolution(eighth, eighth))
        self.up_quarter = nn.Conv2d(eighth, quarter, 1)
        self.back_quarter = _convolution(quarter, quarter)
        self.up_half = nn.Conv2d(quarter, half, 1)
        self.back_half = nn.Sequential(_convolution(half, half), _convolution(half, half))
        self.leave = nn.ConvTranspose2d(half, 4, 4, stride=2, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(
        self, light: Light, surface: Tensor, features: Tensor, reflection: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`reflection`: B x C x H x W as `unmixed` gives it. Returns transmission, reflection."""
        transmission = torch.relu(light.mean - reflection)
        scales = [_scale(layer) for layer in (transmission, reflection)]
        seen, facts = self._seen(light, surface, (transmission, reflection), scales)
        channels = reflection.shape[1]
        known = torch.cat([features, facts], dim=1)
        known = known[:, None].expand(-1, channels, -1, -1, -1).flatten(0, 1)
        found = self._decoded(seen.flatten(0, 1), known)
        found = found.unflatten(0, (-1, channels))
        return tuple(  # type: ignore[return-value]
            torch.relu(mine + found[:, :, 2 * n] * scale + found[:, :, 2 * n + 1] * other)
            for n, (mine, other, scale) in enumerate(
                (
                    (transmission, reflection, scales[0]),
                    (reflection, transmission, scales[1]),
                )
            )
        )

    def _seen(
        self,
        light: Light,
        surface: Tensor,
        layers: tuple[Tensor, Tensor],
        scales: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """B x C x 6 x H x W of the images, and B x 3 x H/8 x W/8 of the surface and the noise."""
        maps = enlarged(surface, light)
        raw = maps[:, 0:1] * light.mean + polarized_part(light, maps)
        gain = torch.sqrt((maps[:, 1:2].square() + maps[:, 2:3].square()).clamp_min(1e-8))
        seen = [
            light.mean / _scale(light.mean),
            layers[0] / scales[0],
            layers[1] / scales[1],
            (light.mean - raw) / scales[0],
            raw / scales[1],
            gain * light.across / torch.minimum(*scales),
        ]
        noise = torch.sqrt((surface[:, 3:4] + surface[:, 4:5]).clamp_min(1e-12))
        logarithms = [torch.log(noise / scale + 1e-6) for scale in scales]
        facts = torch.cat([4 * surface[:, :1], *(0.5 * part for part in logarithms)], dim=1)
        return (
            torch.stack(seen, dim=2).clamp(-30, 30),
            facts.clamp(-_LARGEST_LOGARITHM, _LARGEST_LOGARITHM),
        )

    def _decoded(self, seen: Tensor, known: Tensor) -> Tensor:
        first = self.at_half(torch.relu(self.enter(seen)))
        second = self.at_quarter(self.to_quarter(first))
        third = self.at_eighth(torch.relu(self.to_eighth(second) + self.join(known)))
        second = self.back_quarter(torch.relu(second + _doubled(self.up_quarter(third))))
        first = self.back_half(torch.relu(first + _doubled(self.up_half(second))))
        return cast(Tensor, self.leave(first))


def _convolution(channels: int, filters: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, filters, 3, stride=stride, padding=1), nn.ReLU(inplace=True)
    )


def _doubled(values: Tensor) -> Tensor:
    return F.interpolate(values, scale_factor=2.0, mode="nearest")


def _scale(layer: Tensor) -> Tensor:
    """Root mean square over each sample, B x 1 x 1 x 1."""
    return torch.sqrt(layer.square().mean(dim=(1, 2, 3), keepdim=True) + _DARK**2)
