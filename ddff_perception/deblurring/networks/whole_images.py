"""The thesis' networks on images of any size and colour, as it shows them."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import torch
from torch.nn import functional

from ...optics.histograms import with_histogram_of
from ...optics.tiling import OVERLAP, in_tiles
from ...types import FloatArray, ImageArray
from ..burst import Burst
from ..classical.fourier_accumulation import AccumulationSettings, fba
from .fourier_net import STRIDE, FourierNet, deblurred
from .rdn import SIZE_MULTIPLE, Rdn, multi_scale


def rdn_deblurred(
    network: Rdn, burst: Burst, tile: int = 512, scales: int = 1, match: bool = True
) -> ImageArray:
    """The newest frame of a burst by RDN (section 6.3), in tiles of at most `tile` pixels, a
    multiple of 8, that fade into each other. `match`: with the histogram of the frame as it came,
    against colours that a network washes out (appendix A).
    """
    frames = _planes(burst)

    def turn(rows: slice, columns: slice) -> FloatArray:
        part = frames[..., rows, columns]
        height, width = part.shape[-2:]
        extra = [-n % SIZE_MULTIPLE for n in (width, height)]
        padded = functional.pad(part, (0, extra[0], 0, extra[1]), mode="replicate")
        with torch.no_grad():
            found = multi_scale(network, padded[None], scales)[0]
        return np.asarray(found[:, :height, :width].numpy(), np.float32)

    size = (int(frames.shape[-2]), int(frames.shape[-1]))
    found = in_tiles(turn, size, tile, min(OVERLAP, tile // 2)).transpose(1, 2, 0)
    if match:
        came = np.multiply(_colour(burst.newest), 1 / _top(burst.newest), dtype=np.float32)
        found = with_histogram_of(np.ascontiguousarray(found), came)
    return _like(found, burst.newest)


def fourier_deblurred(network: FourierNet, burst: Burst, stride: int = STRIDE) -> ImageArray:
    """The newest frame of an aligned burst by FourierNet (section 6.2), channel by channel; the
    colours, a and b of CIE Lab, are those of Fourier burst accumulation.
    """
    frames = _planes(burst)
    with torch.no_grad():
        planes = [deblurred(network, frames[:, c], stride) for c in range(3)]
    found = torch.stack(planes, dim=-1).clamp(0, 1).numpy()
    if burst.newest.ndim == 2:
        return _like(found, burst.newest)
    lab = cv2.cvtColor(found, cv2.COLOR_BGR2Lab)
    accumulated = fba(burst, AccumulationSettings()).image
    colours = np.multiply(accumulated, 1 / _top(accumulated), dtype=np.float32)
    lab[..., 1:] = cv2.cvtColor(colours, cv2.COLOR_BGR2Lab)[..., 1:]
    return _like(np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), np.float32), burst.newest)


def _planes(burst: Burst) -> torch.Tensor:
    """N x 3 x H x W in 0..1, the newest first."""
    frames = np.stack([_colour(image) for image in burst.images])
    return torch.from_numpy(frames.transpose(0, 3, 1, 2).astype(np.float32) / _top(burst.newest))


def _colour(image: ImageArray) -> ImageArray:
    return image if image.ndim == 3 else cast(ImageArray, np.repeat(image[..., None], 3, axis=2))


def _top(image: ImageArray) -> float:
    return float(np.iinfo(image.dtype).max)


def _like(found: FloatArray, image: ImageArray) -> ImageArray:
    """H x W x 3 in 0..1 as an image of the same kind."""
    planes = found.mean(axis=2) if image.ndim == 2 else found
    levels = np.rint(np.clip(planes, 0, 1) * _top(image))
    return cast(ImageArray, levels.astype(image.dtype))
