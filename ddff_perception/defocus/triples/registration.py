"""The three images of a scene on the pixels of one: that of the narrow aperture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ...capture.depth_registration import DepthRegistration
from ...optics.registration import (
    RegistrationError,
    feature_start,
    pyramid,
    register,
    scaling,
    shrunk,
)
from ...optics.resampling import Matrix
from ...optics.rigid_transform import RigidTransform
from ...types import CameraModel, FloatArray, ImageArray, InputError

_LONGEST = 640
# Of one scene at two apertures; other scenes stay below 0.5.
_LEAST_CORRELATION = 0.75
# Depth sensors' colour cameras see other colours, and from a few centimetres aside.
_LEAST_CORRELATION_ASIDE = 0.5
_SAME_SHAPE = 0.02


def wide_over_narrow(narrow: ImageArray, wide: ImageArray) -> Matrix:
    """The matrix from pixels of `narrow` to those of `wide`, two apertures from one tripod.

    Pressing a ring turns and shifts a camera a little, and breathing magnifies: affine. Raises
    InputError where they show different things.
    """
    if narrow.shape[:2] != wide.shape[:2]:
        raise InputError(
            f"the wide image is {wide.shape[1]}x{wide.shape[0]}, the narrow one "
            f"{narrow.shape[1]}x{narrow.shape[0]}: take both with one camera and one format"
        )
    levels = [pyramid(image, _LONGEST) for image in (narrow, wide)]
    try:
        matrix, correlation = register(levels[0], levels[1], narrow.shape, np.eye(3))
    except RegistrationError as error:
        raise InputError(f"wide and narrow cannot be laid over each other: {error}") from error
    if correlation < _LEAST_CORRELATION:
        raise InputError(
            f"wide and narrow show different views (correlation {correlation:.2f}): something "
            "moved between them"
        )
    return matrix


def depth_by_cameras(
    depth: FloatArray, depth_camera: CameraModel, camera: CameraModel, stand: RigidTransform
) -> FloatArray:
    """Depth of a calibrated sensor on the pixels of `camera`, NaN where no point is."""
    return DepthRegistration(depth_camera, camera, stand)(depth)


def depth_by_colour(depth: FloatArray, colour: ImageArray, narrow: ImageArray) -> FloatArray:
    """Depth on the pixels of `narrow`, by a homography from the colour that lies on depth's pixels.

    Right where the scene is far against the distance between both cameras; what is near is off by
    the parallax that calibrated cameras would not leave. Raises InputError where they have too
    little in common.
    """
    if colour.shape[:2] != depth.shape:
        raise InputError(
            f"depth_color is {colour.shape[1]}x{colour.shape[0]}, depth "
            f"{depth.shape[1]}x{depth.shape[0]}: it must lie on depth's pixels"
        )
    small = shrunk(narrow, _LONGEST)
    size = (small.shape[1], small.shape[0])
    # Both of one size, as registration wants it.
    seen: Any = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    levels = [pyramid(image, _LONGEST) for image in (small, seen)]
    try:
        start = feature_start(levels[0], levels[1], small.shape)
        matrix, correlation = register(levels[0], levels[1], small.shape, start, "homography")
    except RegistrationError as error:
        raise InputError(f"narrow and depth_color cannot be laid together: {error}") from error
    if correlation < _LEAST_CORRELATION_ASIDE:
        raise InputError(f"narrow and depth_color do not correlate ({correlation:.2f})")
    to_small = scaling(narrow.shape, small.shape)
    to_depth = scaling(small.shape, depth.shape)
    return _nearest(depth, to_depth @ matrix @ to_small, narrow.shape)


def depth_as_it_lies(depth: FloatArray, narrow: ImageArray) -> FloatArray:
    """Depth that is on the pixels of the narrow image already, perhaps at another size.

    Raises InputError where its shape is another one.
    """
    sides = depth.shape[1] / depth.shape[0], narrow.shape[1] / narrow.shape[0]
    if abs(sides[0] / sides[1] - 1) > _SAME_SHAPE:
        raise InputError(
            f"depth ({depth.shape[1]}x{depth.shape[0]}) has another shape than the photographs "
            f"({narrow.shape[1]}x{narrow.shape[0]}): put the sensor's own colour images into "
            "depth_color/, or name both cameras and extrinsics in cameras.json"
        )
    return _nearest(depth, scaling(narrow.shape, depth.shape), narrow.shape)


def _nearest(depth: FloatArray, matrix: Matrix, shape: tuple[int, ...]) -> FloatArray:
    """Depth of the nearest pixel: a mean of two surfaces would be none of them."""
    options: Any = {
        "flags": cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        "borderMode": cv2.BORDER_CONSTANT,
        "borderValue": float("nan"),
    }
    moved = cv2.warpPerspective(depth, matrix, (shape[1], shape[0]), **options)
    return np.asarray(moved, np.float32)
