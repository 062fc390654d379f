"""Frames of real cameras with labels, as views to learn from."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.rgbd_folder import RgbdFolder
from ...optics.rigid_transform import RigidTransform
from ...types import FloatArray, InputError
from ..capture.depth import DepthSettings
from ..capture.frames import FrameCapture, FrameSettings, RawRgbd
from ..geometry.hha import hha
from ..types import RgbdFrame
from .colour import light_of_picture
from .views import VARIANTS, LabelledView

# All views of one set have one size.
SIZE = (240, 320)


def real_view(frame: RgbdFrame, labels: NDArray[np.uint8]) -> LabelledView:
    """A frame with its labels (of its size) as a view of 240 x 320; what is missing is black.

    Every variant shows the one depth image that there is.
    """
    height, width = SIZE
    image = np.zeros((height, width, 3), np.uint8)
    if frame.depth is not None and frame.camera is not None:
        depth = _depth(frame.depth)
        camera = frame.camera.resized(width, height)
        image = hha(depth, camera, frame.gravity).network_image()
    colour = np.zeros((height, width, 3), np.uint8)
    if frame.colour is not None:
        colour = _resized(frame.colour, cv2.INTER_AREA)
    return LabelledView(
        light_of_picture(colour),
        _resized(labels, cv2.INTER_NEAREST),
        np.repeat(image[None], VARIANTS, axis=0),
    )


def folder_views(folder: RgbdFolder) -> Iterator[LabelledView]:
    """The labelled frames of an RGB-D folder, captured as the node captures them.

    Raises InputError on a frame without labels, and where one cannot be used.
    """
    capture = FrameCapture(FrameSettings(), DepthSettings(unit_m=folder.depth_unit_m))
    stand = RigidTransform.of_numbers(folder.extrinsics) if folder.extrinsics else None
    for number in range(len(folder)):
        images = folder[number]
        if images.labels is None:
            raise InputError(f"{folder.file}: frame {number} has no labels to learn from")
        down = None if images.gravity is None else np.asarray(images.gravity, np.float32)
        camera = folder.camera
        raw = RawRgbd(
            images.color, images.depth, camera, folder.depth_camera or camera, stand, down
        )
        frame = capture.frame(raw)
        yield real_view(frame, _fitted(images.labels, frame.size))


def _fitted(labels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    large = cv2.resize(labels, (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)


def _resized(image: NDArray[np.uint8], kind: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, (SIZE[1], SIZE[0]), interpolation=kind), np.uint8)


def _depth(depth: FloatArray) -> FloatArray:
    small = cv2.resize(depth, (SIZE[1], SIZE[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, np.float32)
