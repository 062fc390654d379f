"""A contact sheet of a data set: each view beside its classes and its depth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.srgb import srgb_bytes
from ...types import FloatArray
from ..classes import UNLABELLED
from .reader import WorldDataset, WorldView

_COLUMNS = 4
_WIDTH_PX = 160


def dataset_sheet(dataset: WorldDataset, views: int) -> NDArray[np.uint8]:
    """`views` views, spread over all of the set, as one picture, BGR uint8."""
    chosen = np.linspace(0, len(dataset) - 1, min(views, len(dataset))).round().astype(int)
    tiles = [view_tile(dataset[int(number)]) for number in chosen]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[i : i + _COLUMNS]) for i in range(0, len(tiles), _COLUMNS)]
    return np.vstack(rows)


def view_tile(view: WorldView) -> NDArray[np.uint8]:
    """Image, classes and nearness side by side, BGR uint8."""
    image = srgb_bytes(view.middle[..., ::-1])
    parts = [image, _palette()[view.classes], _nearness(view.depth)]
    height = round(_WIDTH_PX * image.shape[0] / image.shape[1])
    small = [
        cv2.resize(part, (_WIDTH_PX, height), interpolation=method)
        for part, method in zip(
            parts, (cv2.INTER_AREA, cv2.INTER_NEAREST, cv2.INTER_AREA), strict=True
        )
    ]
    tile = np.asarray(np.hstack(small), np.uint8)
    place, font = (3, 11), cv2.FONT_HERSHEY_PLAIN
    text = f"{view.facts['view']} {view.facts['kind']}"
    cv2.putText(tile, text, place, font, 0.8, (0, 0, 255), 1, cv2.LINE_AA)
    return tile


def _palette() -> NDArray[np.uint8]:
    colours = np.random.default_rng(4).integers(50, 256, (256, 3)).astype(np.uint8)
    colours[UNLABELLED] = 0
    return colours


def _nearness(depth: FloatArray) -> NDArray[np.uint8]:
    near = 1 / depth
    low, high = np.percentile(near, [1, 99])
    scaled = np.clip((near - low) / max(float(high - low), 1e-9) * 255, 0, 255)
    return np.asarray(cv2.applyColorMap(scaled.astype(np.uint8), cv2.COLORMAP_TURBO), np.uint8)
