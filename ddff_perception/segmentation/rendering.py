"""Labels as pictures for people."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..simulation.classes import UNLABELLED
from ..types import FloatArray
from .palette import label_colours
from .types import Labelling, RgbdFrame

_FARTHEST_M = 6.0


def overlay(frame: RgbdFrame, found: Labelling) -> NDArray[np.uint8]:
    """The classes' colours over the image, or over a grey picture of the depth without one.

    H x W x 3 BGR of the frame's size; what is unlabelled stays as it is.
    """
    image = _image(frame)
    labels = resized_labels(found.labels, frame.size)
    mixed = cv2.addWeighted(image, 0.45, label_colours(labels), 0.55, 0.0)
    mixed[labels == UNLABELLED] = image[labels == UNLABELLED]
    return np.asarray(mixed, np.uint8)


def resized_labels(labels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Labels at height and width `size`: no label lies between two."""
    if labels.shape == size:
        return labels
    large = cv2.resize(labels, (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)


def resized_confidence(confidence: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Confidence at height and width `size`."""
    if confidence.shape == size:
        return confidence
    large = cv2.resize(confidence, (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.float32)


def _image(frame: RgbdFrame) -> NDArray[np.uint8]:
    if frame.colour is not None:
        return frame.colour
    assert frame.depth is not None
    near = 1 - np.nan_to_num(frame.depth, nan=_FARTHEST_M) / _FARTHEST_M
    grey = (255 * near).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
