"""The classes that pixels carry: NYU's 40, and the 13 that they are put together in.

N. Silberman et al., "Indoor segmentation and support inference from RGBD images", ECCV 2012;
S. Gupta et al., CVPR 2013 (40 classes); C. Couprie et al., ICLR 2013 (13 classes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UNLABELLED = 255

NYU13 = (
    "bed",
    "books",
    "ceiling",
    "chair",
    "floor",
    "furniture",
    "objects",
    "picture",
    "sofa",
    "table",
    "tv",
    "wall",
    "window",
)

_TO_13 = {
    "wall": "wall",
    "floor": "floor",
    "cabinet": "furniture",
    "bed": "bed",
    "chair": "chair",
    "sofa": "sofa",
    "table": "table",
    "door": "wall",
    "window": "window",
    "bookshelf": "furniture",
    "picture": "picture",
    "counter": "furniture",
    "blinds": "window",
    "desk": "table",
    "shelves": "furniture",
    "curtain": "window",
    "dresser": "furniture",
    "pillow": "objects",
    "mirror": "objects",
    "floor mat": "floor",
    "clothes": "objects",
    "ceiling": "ceiling",
    "books": "books",
    "refrigerator": "furniture",
    "television": "tv",
    "paper": "objects",
    "towel": "objects",
    "shower curtain": "objects",
    "box": "objects",
    "whiteboard": "objects",
    "person": "objects",
    "night stand": "furniture",
    "toilet": "objects",
    "sink": "objects",
    "lamp": "objects",
    "bathtub": "objects",
    "bag": "objects",
    "otherstructure": "objects",
    "otherfurniture": "furniture",
    "otherprop": "objects",
}

NYU40 = tuple(_TO_13)
"""In the order of their numbers in the data set, which count from 1: wall is number 1 there, and
has the index 0 here."""


def to_13(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Indices into NYU40 as indices into NYU13; UNLABELLED and what is out of range stay so."""
    table = np.full(256, UNLABELLED, np.uint8)
    table[: len(NYU40)] = [NYU13.index(name) for name in _TO_13.values()]
    return np.asarray(table[classes], np.uint8)
