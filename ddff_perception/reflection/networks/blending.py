"""From polarizer images to layers: the projection, and what each network makes of its outputs.

All networks take half Stokes parameters, 3 x B x C x H x W float32: `half_stokes` projects any
three or more polarizer images onto them, so one network serves every number of angles.

* `PaperNetwork`: P. Wieschollek, "Multi-frame, data-driven image and video methods", appendix B:
  each layer is a gate's blend of a direct estimate and a canonical image.
* `DirectNetwork`: its ablation, which estimates both layers from the polarizer images alone.
* `SurfaceNetwork`: estimates how the surface mixes, inverts that mixing, and takes out the noise
  and what is left of the other layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .encoder_decoder import EncoderDecoder
from .geometry import WIDTH, SurfaceEstimator, polarized_light, unmixed
from .refinement import Refinement

# Biases of the paper's tanh estimates: an untrained network leaves little to them.
_TRANSMISSION_BIAS = 2.0
_REFLECTION_BIAS = 5.0
_IMAGES = 9
_DEGREE = torch.pi / 180


def half_stokes(images: Tensor, angles_deg: Tensor) -> Tensor:
    """N x C x H x W behind a polarizer at N angles to 3 x 1 x C x H x W, by least squares.

    The 3 x 3 normal equations are solved in closed form: ONNX has no inverse.
    """
    double = 2 * _DEGREE * angles_deg
    curve = torch.stack([torch.ones_like(double), torch.cos(double), torch.sin(double)])
    first, second, third = (curve @ curve.t()).unbind()
    columns = torch.stack(
        [_cross(second, third), _cross(third, first), _cross(first, second)], dim=1
    )
    inverse = columns / (first * columns[:, 0]).sum()
    weights = inverse @ curve
    return (weights[:, :, None, None, None] * images[None]).sum(dim=1)[:, None]


def _cross(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack(
        [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]]
    )


def canonical_images(stokes: Tensor) -> tuple[Tensor, Tensor]:
    """(I_perp, I_par) of half Stokes parameters, each channel of each pixel with its own angle."""
    mean, s1, s2 = stokes[0], stokes[1], stokes[2]
    length = torch.sqrt((s1.square() + s2.square()).clamp_min(1e-12))
    difference = torch.where(s1 < 0, -length, length)
    return mean + difference, mean - difference


def polarizer_images(stokes: Tensor) -> Tensor:
    """B x 3 C x H x W: the images at 0, 45 and 90 degrees."""
    mean, s1, s2 = stokes[0], stokes[1], stokes[2]
    return torch.cat([mean + s1, mean + s2, mean - s1], dim=1)


class PaperNetwork(nn.Module):
    """Half Stokes parameters in colour to (transmission, reflection), each B x 3 x H x W."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = EncoderDecoder()

    def forward(self, stokes: Tensor) -> tuple[Tensor, Tensor]:
        across, along = canonical_images(stokes)
        observed = torch.cat([across, along, polarizer_images(stokes)], dim=1)
        raw = self.trunk(2 * observed - 1).float()
        transmission, reflection = _direct(raw)
        reflects, transmits = torch.sigmoid(raw[:, 6:7]), torch.sigmoid(raw[:, 7:8])
        return (
            transmits * transmission + (1 - transmits) * along,
            reflects * reflection + (1 - reflects) * across,
        )


class DirectNetwork(nn.Module):
    """The same without canonical images, neither as input nor to blend with."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = EncoderDecoder(_IMAGES)

    def forward(self, stokes: Tensor) -> tuple[Tensor, Tensor]:
        return _direct(self.trunk(2 * polarizer_images(stokes) - 1).float())


def _direct(raw: Tensor) -> tuple[Tensor, Tensor]:
    transmission = (torch.tanh(raw[:, 0:3] - _TRANSMISSION_BIAS) + 1) / 2
    return transmission, (torch.tanh(raw[:, 3:6] - _REFLECTION_BIAS) + 1) / 2


@dataclass
class SurfaceLayers:
    """`transmission`, `reflection`: the layers. `unmixed`: the reflection as the surface alone
    gives it. `share`: of the light that is reflected, at an eighth of their size.
    """

    transmission: Tensor
    reflection: Tensor
    unmixed: Tensor
    share: Tensor


class SurfaceNetwork(nn.Module):
    """Half Stokes parameters, grey or colour, to (transmission, reflection), which add up to the
    mean over all polarizer angles but for its noise.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.surface = SurfaceEstimator(width)
        self.refinement = Refinement(width)

    def forward(self, stokes: Tensor) -> tuple[Tensor, Tensor]:
        found = self.stages(stokes)
        return found.transmission, found.reflection

    def stages(self, stokes: Tensor) -> SurfaceLayers:
        """The layers and what they come from."""
        light = polarized_light(stokes)
        maps, features = self.surface(light)
        first = unmixed(light, maps)
        transmission, reflection = self.refinement(light, maps, features, first)
        return SurfaceLayers(
            transmission * light.scale, reflection * light.scale, first * light.scale, maps[:, :1]
        )


class Separation(nn.Module):
    """What is exported: images N x C x H x W and angles N to both layers, 1 x C x H x W."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, angles_deg: Tensor) -> tuple[Tensor, Tensor]:
        transmission, reflection = self.network(half_stokes(images, angles_deg))
        return transmission.float(), reflection.float()
