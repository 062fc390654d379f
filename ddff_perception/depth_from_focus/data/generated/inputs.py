"""FocusStream's inputs, batched in torch on any device: what `data_contrasts.py` does by OpenCV."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...classical.multiscale import FALL_EXPONENT, HALF_RESPONSE_RADIUS, TRIAL_CANDIDATES
from ...networks.focus_stream import (
    FILTERS,
    LEVELS,
    FocusStreamSettings,
    SliceEncoder,
    log_likelihood,
)

_CELLS = 100
# Discs at full sweep that are tried, px: powers of the root of 2, as `classical` tries them.
_TRIALS = tuple(2.0 ** (number / 2) for number in range(2, 14))


class NetworkInputs:
    """Makes `contrasts`, `positions` and `templates` of images and their focus positions."""

    def __init__(self, bins: int, device: torch.device) -> None:
        self._bins = bins
        self._encoder = SliceEncoder(FocusStreamSettings(bins=bins)).to(device)

    def __call__(self, images: Tensor, dioptres: Tensor) -> dict[str, Tensor]:
        """`images`: B x S x 3 x H x W in whole 0..255; `dioptres`: B x S ascending."""
        contrasts = self._encoder.contrasts(images.flatten(0, 1))
        contrasts = contrasts.unflatten(0, tuple(images.shape[:2]))
        span = dioptres[:, -1:] - dioptres[:, :1]
        positions = (dioptres - dioptres[:, :1]) / span
        scale = estimated_blur_scale(contrasts, positions)
        return {
            "contrasts": contrasts,
            "positions": positions,
            "templates": templates(positions, scale, self._bins),
        }


def templates(positions: Tensor, blur_scale: Tensor, bins: int) -> Tensor:
    """`classical.focus_templates` of B stacks: B x LEVELS x S x bins.

    `positions`: B x S ascending from 0 to 1, S over 2; `blur_scale`: (B,) disc diameter in px over
    the whole sweep.
    """
    centres = torch.linspace(0.0, 1.0, bins, device=positions.device)
    away = (centres[None, None, :] - positions[:, :, None]).abs()
    radius = 0.5 * blur_scale[:, None, None] * away
    curves = []
    for level in range(LEVELS):
        half = HALF_RESPONSE_RADIUS * 2**level
        curve = 1.0 / (1.0 + (radius / half) ** FALL_EXPONENT)
        curve = curve - curve.mean(dim=1, keepdim=True)
        norm = torch.linalg.vector_norm(curve, dim=1, keepdim=True)
        curves.append(curve / norm.clamp(min=1e-9))
    return torch.stack(curves, dim=1)


def estimated_blur_scale(contrasts: Tensor, positions: Tensor) -> Tensor:
    """`classical.estimate_blur_scale` of B stacks: (B,) disc diameter in px over the sweep.

    `contrasts`: B x S x C x h x w, `positions`: B x S.
    """
    bands = contrasts[:, :, : FILTERS * LEVELS]
    measures = bands[:, :, 0::FILTERS] + bands[:, :, 1::FILTERS]
    batch, slices, _, rows, columns = measures.shape
    padded = functional.pad(measures.flatten(0, 1), (1, 1, 1, 1), "reflect")
    measures = functional.avg_pool2d(padded, 3, 1).unflatten(0, (batch, slices))
    every = max(1, round((rows * columns / _CELLS) ** 0.5))
    sample = measures[..., every // 2 :: every, every // 2 :: every]
    best = []
    for disc in _TRIALS:
        scale = torch.full((batch,), disc, device=positions.device)
        likelihood = log_likelihood(sample, templates(positions, scale, TRIAL_CANDIDATES))
        best.append(likelihood.amax(dim=1).sum(dim=(1, 2)))
    chosen = torch.stack(best, dim=1).argmax(dim=1)
    return torch.tensor(_TRIALS, device=positions.device)[chosen]
