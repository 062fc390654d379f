"""Images seen in another view, without taking their sharpness away.

Depth from focus compares the sharpness of slices, and their noise where there is no texture.
Interpolation lowers both by an amount that depends on where between pixels a sample falls, so that
a slice that lies on the grid of the common view would look sharper than one between its pixels.
Taking the nearest pixel keeps both; half a pixel between slices costs less depth.

Matrices are 3 x 3 and map pixels (x, y, 1) of the view to pixels of the image; pixel centres lie at
integers.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray, FocalStack, ImageArray

Matrix = NDArray[np.float64]

# A matrix that moves the corners against the centre by less than this is a shift.
_SHIFT_PX = 0.05
# The nearest pixel doubles or skips a row or column every 1 / bend pixels. Beyond this bend,
# several of these lines fall within one focus measure; what interpolation does averages out there.
_NEAREST_BEND = 0.03


def on_grid(matrix: Matrix, shape: tuple[int, ...]) -> Matrix:
    """`matrix`, or where it is a shift, the nearest shift by whole pixels."""
    corners = np.array([[0, 0], [shape[1], 0], [0, shape[0]], [shape[1], shape[0]]], np.float64)
    moved = np.hstack([corners, np.ones((4, 1))]) @ matrix.T
    shifts = moved[:, :2] / moved[:, 2:] - corners
    mean = shifts.mean(axis=0)
    if np.abs(shifts - mean).max() > _SHIFT_PX:
        return matrix
    whole = np.eye(3)
    whole[:2, 2] = np.rint(mean)
    return whole


def warp(image: ImageArray, matrix: Matrix) -> ImageArray:
    """`image` seen in the view; what lies outside repeats the border.

    Where nothing moves, the image itself. Each pixel keeps a value of the image, except where the
    matrix turns or magnifies by more than 3 %: there, cubic interpolation.
    """
    if np.array_equal(matrix, np.eye(3)):
        return image
    size = (image.shape[1], image.shape[0])
    options: Any = {
        "flags": _interpolation(matrix) | cv2.WARP_INVERSE_MAP,
        "borderMode": cv2.BORDER_REPLICATE,
    }
    if is_affine(matrix):
        return cast(ImageArray, cv2.warpAffine(image, matrix[:2], size, **options))
    return cast(ImageArray, cv2.warpPerspective(image, matrix, size, **options))


def _interpolation(matrix: Matrix) -> int:
    bend = float(np.abs(matrix[:2, :2] / matrix[2, 2] - np.eye(2)).max())
    return cv2.INTER_NEAREST if bend <= _NEAREST_BEND else cv2.INTER_CUBIC


def is_affine(matrix: Matrix) -> bool:
    """Whether a 3 x 3 homography keeps parallels: its last row is (0, 0, 1)."""
    return bool(np.allclose(matrix[2], (0, 0, 1), atol=1e-12))


def warp_by_flow(image: ImageArray, matrix: Matrix, flow: FloatArray) -> ImageArray:
    """`image` at matrix x (pixel + flow)."""
    source = source_pixels(matrix, flow)
    aligned = cv2.remap(
        image,
        source[..., 0],
        source[..., 1],
        _interpolation(matrix),
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cast(ImageArray, aligned)


def valid_pixels(
    shape: tuple[int, ...], matrix: Matrix, flow: FloatArray | None = None
) -> NDArray[np.bool_]:
    """Which pixels (H x W) of the reference's view lie inside an image of `shape`."""
    if flow is not None:
        return _inside(source_pixels(matrix, flow), shape)
    flags, size = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, (shape[1], shape[0])
    inside = np.full(shape[:2], 255, np.uint8)
    return np.asarray(cv2.warpPerspective(inside, matrix, size, flags=flags) > 0)


def source_pixels(matrix: Matrix, flow: FloatArray) -> FloatArray:
    """Where matrix x (pixel + flow) lies in the other image, H x W x 2 float32."""
    height, width = flow.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + flow[..., 1]
    rows = [row[0] * x + row[1] * y + row[2] for row in matrix]
    return np.stack([rows[0] / rows[2], rows[1] / rows[2]], axis=-1).astype(np.float32)


def _inside(source: FloatArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    # Half a pixel of slack: a resampling that moves nothing loses nothing.
    limits = np.array([shape[1] - 0.5, shape[0] - 0.5])
    return np.asarray(((source >= -0.5) & (source <= limits)).all(axis=-1))


def shrunk_stack(stack: FocalStack, width: int) -> FocalStack:
    """The stack with images at most `width` pixels wide, and its camera to match."""
    rows, columns, *channels = stack.slices[0].shape
    if width >= columns:
        return stack
    size = (width, max(1, round(rows * width / columns)))

    def shrunk(image: ImageArray) -> ImageArray:
        return cast(ImageArray, cv2.resize(image, size, interpolation=cv2.INTER_AREA))

    shape = (size[1], size[0], *channels)
    return FocalStack(
        tuple(item.changed(shrunk, shape=shape) for item in stack.slices),
        None if stack.camera is None else stack.camera.resized(*size),
    )
