"""The colour of each class in pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Red, green, blue by class, in the order of the classes; neighbours in rooms differ most.
_RGB = {
    "bed": (230, 25, 75),
    "books": (240, 50, 230),
    "ceiling": (170, 215, 255),
    "chair": (245, 130, 48),
    "floor": (128, 128, 0),
    "furniture": (154, 99, 36),
    "objects": (60, 180, 75),
    "picture": (145, 30, 180),
    "sofa": (250, 190, 212),
    "table": (255, 225, 25),
    "tv": (0, 0, 117),
    "wall": (169, 169, 169),
    "window": (66, 212, 244),
}
PALETTE: NDArray[np.uint8] = np.zeros((256, 3), np.uint8)
"""256 x 3 blue, green, red; black where no class is."""
PALETTE[: len(_RGB)] = np.array(list(_RGB.values()), np.uint8)[:, ::-1]


def label_colours(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """H x W labels as H x W x 3 BGR."""
    return np.asarray(PALETTE[labels], np.uint8)
