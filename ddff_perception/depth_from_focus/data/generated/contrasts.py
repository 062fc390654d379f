"""What FocusStream's encoder computes first, and its templates, by OpenCV: for training alone.

Neither is learned, so no gradient passes, and OpenCV is ten times faster at it than torch is.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....types import FloatArray
from ...classical.multiscale import estimate_blur_scale, focus_templates
from ...networks.focus_stream import FILTERS, GUIDES, LEVELS, filter_bank, grey_weights

_TOLERANCE = 0.2


class Contrasts:
    """Makes N x 32 x H/8 x W/8 of N x H x W x 3 uint8 BGR: `SliceEncoder.contrasts`."""

    def __init__(self) -> None:
        self._bank = [np.ascontiguousarray(kernel[0].numpy()) for kernel in filter_bank()]
        self._grey = np.asarray(grey_weights(), np.float32)[None, :]

    def __call__(self, images: NDArray[np.uint8]) -> FloatArray:
        count, height, width = images.shape[:3]
        shape = (count, FILTERS * LEVELS + GUIDES, height // 8, width // 8)
        result = np.empty(shape, np.float32)
        for target, image in zip(result, images, strict=True):
            self._one(image, target)
        return result

    def _one(self, image: NDArray[np.uint8], target: FloatArray) -> None:
        rows, columns = target.shape[1:]
        eighth, quarter = (columns, rows), (2 * columns, 2 * rows)
        as_float = image.astype(np.float32)
        grey = cv2.transform(as_float, self._grey)
        small = cv2.resize(as_float, quarter, interpolation=cv2.INTER_AREA)
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


def sweep_templates(contrasts: FloatArray, positions: FloatArray, bins: int) -> FloatArray:
    """`classical.focus_templates` at the blur scale that explains the slices best, 3 x S x bins.

    `contrasts`: S x 32 x h x w, `positions`: (S,) ascending from 0 to 1.
    """
    measures = contrasts[:, 0 : FILTERS * LEVELS : FILTERS]
    measures = measures + contrasts[:, 1 : FILTERS * LEVELS : FILTERS]
    kept = [np.stack([cv2.blur(band, (3, 3)) for band in item]) for item in measures]
    places = positions.astype(np.float64)
    blur_scale = estimate_blur_scale(kept, places, _TOLERANCE)
    return focus_templates(tuple(places.tolist()), bins, blur_scale, LEVELS)


def network_inputs(
    images: NDArray[np.uint8], dioptres: FloatArray, maker: Contrasts, bins: int
) -> dict[str, Tensor]:
    """`contrasts`, `positions`, `templates` of B x S x H x W x 3 images at B x S dioptres."""
    flat = maker(images.reshape(-1, *images.shape[2:]))
    contrasts = flat.reshape(*images.shape[:2], *flat.shape[1:])
    span = dioptres[:, -1:] - dioptres[:, :1]
    positions = ((dioptres - dioptres[:, :1]) / span).astype(np.float32)
    templates = np.stack(
        [sweep_templates(c, p, bins) for c, p in zip(contrasts, positions, strict=True)]
    )
    return {
        "contrasts": torch.from_numpy(contrasts),
        "positions": torch.from_numpy(positions),
        "templates": torch.from_numpy(templates),
    }
