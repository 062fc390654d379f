"""An image as planes of brightness and colour, and back."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np

from ..types import FloatArray, ImageArray

# Of B, G and R: brightness with green twice, and two differences; orthogonal enough that the noise
# of one says little of another's, and undone exactly.
_FORTH = np.array([[0.25, 0.5, 0.25], [0.5, 0.0, -0.5], [-0.25, 0.5, -0.25]], np.float32)
GAINS = tuple(float(gain) for gain in np.linalg.norm(_FORTH, axis=1))
"""How strong the noise of each plane is, of channels with independent noise of 1."""
_BACK = np.linalg.inv(_FORTH).astype(np.float32)


def to_planes(image: ImageArray) -> list[FloatArray]:
    """Brightness in 0..1 and, of colour, two differences; each H x W float32."""
    scale = np.float32(1.0 / np.iinfo(image.dtype).max)
    if image.ndim == 2:
        return [np.multiply(image, scale, dtype=np.float32)]
    values = cv2.transform(np.asarray(image, np.float32), _FORTH * scale)
    return [np.asarray(plane, np.float32) for plane in cv2.split(values)]


def to_image(planes: list[FloatArray], like: ImageArray) -> ImageArray:
    """The planes as an image of the type of `like`."""
    top = np.iinfo(like.dtype).max
    values: Any
    if len(planes) == 1:
        values = planes[0] * np.float32(top)
    else:
        values = cv2.transform(cv2.merge(planes), _BACK * np.float32(top))
    return cast(ImageArray, np.rint(values).clip(0, top).astype(like.dtype))
