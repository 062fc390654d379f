"""How one image lies over another, by corners that are followed: a few milliseconds a frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import ImageArray
from .registration import RegistrationError, scaling
from .resampling import Matrix

_CORNERS, _LEAST_CORNERS, _QUALITY = 300, 12, 0.005
_WINDOW, _LEVELS = (21, 21), 3
_INSIDE_PX = 2.0
# The motion that is looked for has to explain so much of what could be followed.
_LEAST_SHARE = 0.35


def tracking_image(image: ImageArray, longest: int) -> NDArray[np.uint8]:
    """`image` as 8-bit grey, shrunken (never enlarged) to `longest` pixels."""
    scale = min(1.0, longest / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else image
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small
    return np.asarray(grey if grey.dtype == np.uint8 else grey // 257, np.uint8)


def tracked_motion(
    reference: NDArray[np.uint8],
    image: NDArray[np.uint8],
    shape: tuple[int, ...],
    shift: tuple[float, float] = (0.0, 0.0),
) -> tuple[Matrix, float]:
    """The homography from pixels of the reference to those of the image (both of `shape`, given as
    `tracking_image`), and the share 0..1 of the corners that move by it.

    Corners of the reference are looked for from `shift` (x, y pixels of the full image) on: Shi and
    Tomasi, "Good features to track", CVPR 1994; MAGSAC by OpenCV. Two images that are blurred
    differently are laid over each other by the middles of their blur.
    Raises RegistrationError where too little can be followed.
    """
    finder: Any = cv2.goodFeaturesToTrack
    corners = finder(reference, _CORNERS, _QUALITY, max(reference.shape) / 50)
    if corners is None or len(corners) < _LEAST_CORNERS:
        raise RegistrationError("there are too few corners")
    scale = scaling(shape, reference.shape)
    start = np.array([shift[0] * scale[0, 0], shift[1] * scale[1, 1]], np.float32)
    follow: Any = cv2.calcOpticalFlowPyrLK
    found, status, _ = follow(
        reference, image, corners, corners + start, winSize=_WINDOW, maxLevel=_LEVELS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    good = status.ravel() == 1
    if int(good.sum()) < _LEAST_CORNERS:
        raise RegistrationError("too few corners can be followed")
    cv2.setRNGSeed(0)
    matrix, used = cv2.findHomography(corners[good], found[good], cv2.USAC_MAGSAC, _INSIDE_PX)
    share = 0.0 if matrix is None else float(used.sum()) / len(corners)
    if matrix is None or int(used.sum()) < _LEAST_CORNERS or share < _LEAST_SHARE:
        raise RegistrationError("the corners do not move together")
    full = np.linalg.inv(scale) @ matrix @ scale
    full = full / full[2, 2]
    if not 0.5 < float(np.linalg.det(full[:2, :2])) < 2.0:
        raise RegistrationError("the alignment folds the image")
    return np.asarray(full, np.float64), share
