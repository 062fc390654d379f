"""Colour and depth of one instant as a frame on one grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...capture.depth_filling import filled_depth
from ...capture.depth_registration import DepthRegistration
from ...optics.rigid_transform import RigidTransform
from ...parameters import Settings, parameter
from ...types import CameraModel, FloatArray, InputError
from ..types import RgbdFrame
from .depth import DepthSettings, metres

# Less of it says nothing about the view.
_LEAST_MEASURED = 0.005
NOT_MEASURED = (
    "the depth image has no measured pixel between depth.minimum_m and depth.maximum_m: check "
    "range and lens of the camera, and depth.unit_m"
)
NOT_CALIBRATED = "depth came without a camera's calibration: publish camera_info"


@dataclass(frozen=True, slots=True)
class RawRgbd:
    """What came of one instant, as it came; each is None where it did not.

    `colour`: H x W x 3 BGR or H x W grey, uint8 or uint16. `depth`: uint16 or float32, H x W.
    `camera`, `depth_camera`: of these images, rectified. `stand`: points of the depth camera's
    frame in the colour camera's; None where both are one. `gravity`: what points down, in the
    optical frame of the colour camera (of the depth camera without colour). `aligned`: depth lies
    on the pixels of colour, whatever the cameras say.
    """

    colour: NDArray[Any] | None = None
    depth: NDArray[Any] | None = None
    camera: CameraModel | None = None
    depth_camera: CameraModel | None = None
    stand: RigidTransform | None = None
    gravity: FloatArray | None = None
    aligned: bool = False


@dataclass(frozen=True)
class FrameSettings(Settings):
    """How frames are made."""

    width_px: int = parameter(
        320,
        "images are worked on at this width; larger ones are shrunk, the labels grown again",
        "px",
        (64, 4096),
    )
    fill: bool = parameter(True, "fill holes of the depth image from around, along colour's edges")


class FrameCapture:
    """Makes frames; what belongs to the cameras is kept while these stay."""

    def __init__(self, frames: FrameSettings, depth: DepthSettings) -> None:
        self.frames, self.depth = frames, depth
        self._registration: DepthRegistration | None = None
        self.counters = dict.fromkeys(
            ("without_depth", "without_colour", "registered", "not_measured", "not_calibrated"), 0
        )

    def frame(self, raw: RawRgbd) -> RgbdFrame:
        """What came, in metres, registered, shrunk and filled.

        Raises InputError where it cannot be used: no pixels of depth and no colour, a wrong unit,
        sizes that do not fit.
        """
        _check_size("colour", raw.colour, raw.camera)
        _check_size("depth", raw.depth, raw.depth_camera)
        colour = None if raw.colour is None else _small(_bgr(raw.colour), self.frames.width_px)
        depth = None if raw.depth is None else metres(raw.depth, self.depth)
        lacks = ""
        if depth is not None and np.mean(np.isfinite(depth)) < _LEAST_MEASURED:
            if colour is None:
                raise InputError(NOT_MEASURED)
            depth, lacks = None, NOT_MEASURED
            self.counters["not_measured"] += 1
        self.counters["without_depth"] += depth is None
        self.counters["without_colour"] += colour is None
        if colour is None:
            assert depth is not None
            depth = _small_depth(depth, self._size(depth))
            camera = None if raw.depth_camera is None else _resized(raw.depth_camera, depth)
        else:
            known = raw.camera or (raw.depth_camera if _on_one_grid(raw) else None)
            camera = None if known is None else _resized(known, colour)
            if depth is not None:
                depth = self._registered(depth, raw, colour, camera)
        if depth is not None and camera is None:
            lacks = NOT_CALIBRATED
            self.counters["not_calibrated"] += 1
        filled = None
        if depth is not None and self.frames.fill:
            depth, filled = filled_depth(depth, colour)
        return RgbdFrame(colour, depth, filled, camera, raw.gravity, lacks)

    def _registered(
        self,
        depth: FloatArray,
        raw: RawRgbd,
        colour: NDArray[np.uint8],
        camera: CameraModel | None,
    ) -> FloatArray:
        if _on_one_grid(raw):
            return _small_depth(depth, colour.shape[:2])
        if camera is None or raw.depth_camera is None:
            raise InputError(
                "depth does not lie on the pixels of colour: the camera_info of both is needed to "
                "register it (color/camera_info, depth/camera_info), or subscribe to the driver's "
                "registered depth"
            )
        # Points that would lie on one pixel of colour need not all be drawn.
        finer = max(1, int(raw.depth_camera.fx / camera.fx))
        depth = _small_depth(depth, (depth.shape[0] // finer, depth.shape[1] // finer))
        depth_camera = _resized(raw.depth_camera, depth)
        stand = raw.stand or RigidTransform.identity()
        key = (depth_camera, camera, tuple(stand.rotation.flat), tuple(stand.translation))
        if self._registration is None or self._registration.key != key:
            self._registration = DepthRegistration(depth_camera, camera, stand)
        self.counters["registered"] += 1
        found = self._registration(depth)
        if not np.isfinite(found).any():
            raise InputError(
                "no point of depth lies in the colour image: check depth.extrinsics or TF, and "
                "both camera_info"
            )
        return found

    def _size(self, image: NDArray[Any]) -> tuple[int, int]:
        return _size(image, self.frames.width_px)


def _on_one_grid(raw: RawRgbd) -> bool:
    """Whether depth lies on the pixels of colour. Raises InputError where it is said to, and is of
    another shape.
    """
    if raw.colour is None or raw.depth is None:
        return False
    (rows, columns), (height, width) = raw.depth.shape, raw.colour.shape[:2]
    if raw.aligned:
        if abs(rows * width - columns * height) > 2 * max(width, columns):
            raise InputError(
                f"depth of {columns}x{rows} does not lie on the pixels of colour of "
                f"{width}x{height}: set registration to auto"
            )
        return True
    cameras = {raw.camera, raw.depth_camera} - {None}
    return raw.stand is None and (rows, columns) == (height, width) and len(cameras) < 2


def _check_size(part: str, image: NDArray[Any] | None, camera: CameraModel | None) -> None:
    if image is None or camera is None or image.shape[:2] == (camera.height, camera.width):
        return
    raise InputError(
        f"the {part} image is {image.shape[1]}x{image.shape[0]}, its camera {camera.width}x"
        f"{camera.height}: publish the camera_info of this image"
    )


def _size(image: NDArray[Any], width_px: int) -> tuple[int, int]:
    height, width = image.shape[:2]
    factor = min(1.0, width_px / width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _resized(camera: CameraModel, image: NDArray[Any]) -> CameraModel:
    return camera.resized(image.shape[1], image.shape[0])


def _bgr(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype == np.float32:
        raise InputError("the colour image holds floats: it is a depth image on a colour topic")
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return np.asarray(image, np.uint8)


def _small(image: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    height, width = _size(image, width_px)
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _small_depth(depth: FloatArray, size: tuple[int, int]) -> FloatArray:
    """One measured depth for each pixel: no mean of near and far."""
    if depth.shape == size:
        return depth
    (height, width), (rows, columns) = size, depth.shape
    found = np.full(size, np.nan, np.float32)
    # The middle of what a pixel covers first, then its quarters.
    for down, right in ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25)):
        y = np.minimum(((np.arange(height) + down) * rows / height).astype(int), rows - 1)
        x = np.minimum(((np.arange(width) + right) * columns / width).astype(int), columns - 1)
        missing = np.isnan(found)
        if not missing.any():
            break
        found = np.where(missing, depth[np.ix_(y, x)], found)
    return found
