"""FocusStream's inputs, batched in torch on any device; on a processor the contrasts by OpenCV.

None of it is learned, so no gradient passes.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ....types import FloatArray
from ...classical.multiscale import FALL_EXPONENT, HALF_RESPONSE_RADIUS, TRIAL_CANDIDATES
from ...networks.focus_stream import (
    FILTERS,
    GREY,
    GUIDES,
    LEVELS,
    FocusStreamSettings,
    SliceEncoder,
    filter_bank,
    log_likelihood,
)

_CELLS = 100
# Discs at full sweep that are tried, px: powers of the root of 2, as `classical` tries them.
_TRIALS = tuple(2.0 ** (number / 2) for number in range(2, 14))


class NetworkInputs:
    """Makes `contrasts`, `positions` and `templates` of images and their focus positions."""

    def __init__(self, bins: int, device: torch.device | None = None) -> None:
        self._bins = bins
        self._contrasts = (
            Contrasts()
            if device is None or device.type == "cpu"
            else SliceEncoder(FocusStreamSettings(bins=bins)).to(device).contrasts
        )

    def __call__(self, images: Tensor, dioptres: Tensor) -> dict[str, Tensor]:
        """`images`: B x S x 3 x H x W uint8; `dioptres`: B x S ascending."""
        contrasts = self._contrasts(images.flatten(0, 1).float())
        contrasts = contrasts.unflatten(0, tuple(images.shape[:2]))
        span = dioptres[:, -1:] - dioptres[:, :1]
        positions = (dioptres - dioptres[:, :1]) / span
        scale = estimated_blur_scale(contrasts, positions)
        return {
            "contrasts": contrasts,
            "positions": positions,
            "templates": templates(positions, scale, self._bins),
        }


class Contrasts:
    """`SliceEncoder.contrasts` on a processor, ten times as fast: N x 3 x H x W float32 (BGR,
    0..255) to N x 32 x H/8 x W/8.
    """

    def __init__(self) -> None:
        self._bank = [np.ascontiguousarray(kernel[0].numpy()) for kernel in filter_bank()]
        self._grey = np.asarray(GREY, np.float32)[None, :]

    def __call__(self, images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        shape = (count, FILTERS * LEVELS + GUIDES, height // 8, width // 8)
        result = np.empty(shape, np.float32)
        for target, image in zip(result, images.numpy(), strict=True):
            self._one(cv2.merge(list(image)), target)
        return torch.from_numpy(result)

    def _one(self, image: FloatArray, target: FloatArray) -> None:
        rows, columns = target.shape[1:]
        eighth, quarter = (columns, rows), (2 * columns, 2 * rows)
        grey = cv2.transform(image, self._grey)
        small = cv2.resize(image, quarter, interpolation=cv2.INTER_AREA)
        guide = [small.transpose(2, 0, 1) / np.float32(255.0) - np.float32(0.5)]
        for level in range(LEVELS):
            step = 1 << level
            shrunk = cv2.copyMakeBorder(grey, step, step, step, step, cv2.BORDER_REPLICATE)
            if level:
                part = (shrunk.shape[1] // step, shrunk.shape[0] // step)
                shrunk = cv2.resize(shrunk, part, interpolation=cv2.INTER_AREA)
            responses = []
            for kernel in self._bank:
                response = np.abs(cv2.filter2D(shrunk, cv2.CV_32F, kernel)[1:-1, 1:-1])
                if level < 2:
                    response = cv2.resize(response, quarter, interpolation=cv2.INTER_AREA)
                responses.append(response)
            for number, response in enumerate(responses):
                cell = cv2.resize(response, eighth, interpolation=cv2.INTER_AREA)
                target[FILTERS * level + number] = cell
            if level < 2:
                guide.append(0.3 * np.log1p(responses[0] + responses[1])[None])
        cells = np.concatenate(guide).reshape(GUIDES // 4, rows, 2, columns, 2)
        target[FILTERS * LEVELS :] = cells.transpose(0, 2, 4, 1, 3).reshape(GUIDES, rows, columns)


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
