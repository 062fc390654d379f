"""Fields of recorded messages to arrays and nouns, and messages to record.

Works on `rosbags` message objects; the pixels go through the same function as live messages.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image_payload import encode_image, message_pixels, mosaic_encoding
from ..types import CameraModel, FocalStack, FocusSlice, InputError
from .bags_types import (
    CAMERA_INFO,
    DIAGNOSTICS,
    FOCAL_STACK,
    FOCUS_STATE,
    IMAGE,
    JOINT_STATE,
    ROUTE_MATCH,
)
from .images import compressed_pixels

SECOND_NS = 1_000_000_000


def stamp_of(message: Any) -> int:
    """The header's stamp in nanoseconds."""
    return nanoseconds(message.header.stamp)


def nanoseconds(stamp: Any) -> int:
    """A `builtin_interfaces/Time` in nanoseconds."""
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def header_stamp(data: bytes) -> int | None:
    """The stamp [ns] of a serialized message that begins with a header, without parsing it."""
    if len(data) < 12 or data[0] != 0 or data[1] not in (0, 1):
        return None
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] else ">iI", data, 4)
    return int(seconds) * SECOND_NS + int(nanoseconds)


def shift_stamp(data: bytes, shift_ns: int) -> bytes:
    """A serialized message with its header's stamp shifted; unchanged if that leaves its range."""
    stamp_ns = header_stamp(data)
    if stamp_ns is None:
        return data
    seconds, nanoseconds = divmod(stamp_ns + shift_ns, SECOND_NS)
    if not -(2**31) <= seconds < 2**31:
        return data
    stamp = struct.pack("<iI" if data[1] else ">iI", seconds, nanoseconds)
    return data[:4] + stamp + data[12:]


def image_of(message: Any) -> NDArray[Any]:
    """The pixels of an Image message (see `decode_image`) or a CompressedImage (see
    `compressed_pixels`).

    Raises InputError if it has none.
    """
    if hasattr(message, "format"):
        return compressed_pixels(bytes(message.data), message.format)
    return message_pixels(message)


def mosaic_image_of(message: Any) -> NDArray[Any]:
    """The raw pixels of a camera with a filter before each pixel, H x W uint8 or uint16."""
    if hasattr(message, "format"):
        return image_of(message)
    return message_pixels(message, mosaic_encoding(message.encoding))


def depth_of(message: Any) -> NDArray[np.float32]:
    """A depth image in float32 metres: 32FC1 as it is, 16UC1 millimetres with 0 as NaN."""
    image = image_of(message)
    if image.dtype == np.float32 and image.ndim == 2:
        return image
    if image.dtype == np.uint16 and image.ndim == 2:
        return np.where(image == 0, np.float32(np.nan), image.astype(np.float32) * np.float32(1e-3))
    kind = message.format if hasattr(message, "format") else message.encoding
    raise InputError(f"images in {kind[:40]} are no depth: use 32FC1 metres or 16UC1 mm")


def camera_of(message: Any) -> CameraModel | None:
    """The rectified image's pinhole camera of a CameraInfo message, None if uncalibrated.

    Projection matrix P (K where P is empty), after binning and region of interest.
    """
    k, p = np.asarray(message.k, np.float64), np.asarray(message.p, np.float64)
    if k[0] == 0.0 or message.width == 0 or message.height == 0:
        return None
    fx, fy, cx, cy = (p[0], p[5], p[2], p[6]) if p[0] > 0.0 else (k[0], k[4], k[2], k[5])
    camera = CameraModel(int(message.width), int(message.height), *map(float, (fx, fy, cx, cy)))
    roi = message.roi
    if roi.width and roi.height:
        camera = camera.cropped(roi.x_offset, roi.y_offset, roi.width, roi.height)
    columns, rows = max(message.binning_x, 1), max(message.binning_y, 1)
    if (columns, rows) == (1, 1):
        return camera
    return camera.resized(max(camera.width // columns, 1), max(camera.height // rows, 1))


def stack_of(message: Any) -> FocalStack:
    """A FocalStack message; raises InputError where its fields do not fit together."""
    if len(message.images) != len(message.focus_distances):
        raise InputError(
            f"a focal stack has {len(message.images)} images and "
            f"{len(message.focus_distances)} focus distances: they must be as many"
        )
    slices = tuple(
        FocusSlice(image_of(image), float(distance), stamp_of(image))
        for image, distance in zip(message.images, message.focus_distances, strict=True)
    )
    return FocalStack(slices, camera_of(message.camera_info))


class MessageFactory:
    """Makes messages to record from arrays and nouns, all in one optical frame."""

    def __init__(self, store: Any, frame_id: str) -> None:
        self._types = store.types
        self._frame_id = frame_id

    def image(self, stamp_ns: int, image: NDArray[Any], encoding: str | None = None) -> Any:
        """An Image message (see `encode_image`)."""
        payload = encode_image(image, encoding)
        return self._types[IMAGE](
            header=self._header(stamp_ns),
            height=payload.height,
            width=payload.width,
            encoding=payload.encoding,
            is_bigendian=0,
            step=payload.step,
            data=np.frombuffer(payload.data, np.uint8),
        )

    def camera_info(self, stamp_ns: int, camera: CameraModel) -> Any:
        """The CameraInfo of a rectified pinhole camera."""
        fx, fy, cx, cy = camera.fx, camera.fy, camera.cx, camera.cy
        region = self._types["sensor_msgs/msg/RegionOfInterest"](
            x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        return self._types[CAMERA_INFO](
            header=self._header(stamp_ns),
            height=camera.height,
            width=camera.width,
            distortion_model="plumb_bob",
            d=np.zeros(5),
            k=np.array([fx, 0, cx, 0, fy, cy, 0, 0, 1], np.float64),
            r=np.eye(3).reshape(-1),
            p=np.array([fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0], np.float64),
            binning_x=0,
            binning_y=0,
            roi=region,
        )

    def focus_state(
        self,
        stamp_ns: int,
        focus_distance_m: float,
        *,
        lens_position: float = math.nan,
        lens_position_unit: int = 0,
        settled: bool = True,
    ) -> Any:
        """A FocusState message; units as `msg/FocusState.msg` numbers them."""
        return self._types[FOCUS_STATE](
            header=self._header(stamp_ns),
            focus_distance=focus_distance_m,
            lens_position=lens_position,
            lens_position_unit=lens_position_unit,
            settled=settled,
        )

    def focal_stack(self, stack: FocalStack) -> Any:
        """A FocalStack message, stamped as its newest slice."""
        stamps = [item.stamp_ns for item in stack.slices]
        camera = stack.camera or CameraModel(1, 1, 1.0, 1.0, 0.0, 0.0)
        info = self.camera_info(max(stamps), camera)
        if stack.camera is None:
            info.k[:], info.p[:] = 0.0, 0.0
        return self._types[FOCAL_STACK](
            header=self._header(max(stamps)),
            first_stamp=self._time(min(stamps)),
            last_stamp=self._time(max(stamps)),
            images=[self.image(item.stamp_ns, item.image) for item in stack.slices],
            focus_distances=stack.focus_distances_m,
            camera_info=info,
        )

    def joint_state(self, stamp_ns: int, name: str, position_rad: float) -> Any:
        """A JointState message of one joint."""
        return self._types[JOINT_STATE](
            header=self._header(stamp_ns),
            name=[name],
            position=np.array([position_rad], np.float64),
            velocity=np.empty(0),
            effort=np.empty(0),
        )

    def route_match(self, stamp_ns: int, reference_ns: int, number: int) -> Any:
        """A RouteMatch message that is sure of itself; lost where `number` is negative."""
        lost = number < 0
        return self._types[ROUTE_MATCH](
            header=self._header(stamp_ns),
            lost=lost,
            reference_stamp=self._time(0 if lost else reference_ns),
            frame=number,
            confidence=0.0 if lost else 1.0,
            rate=0.0,
        )

    def diagnostics(self, stamp_ns: int, name: str, values: dict[str, str]) -> Any:
        """A DiagnosticArray with one status, level OK."""
        pairs = [
            self._types["diagnostic_msgs/msg/KeyValue"](key=key, value=value)
            for key, value in values.items()
        ]
        status = self._types["diagnostic_msgs/msg/DiagnosticStatus"](
            level=0, name=name, message="", hardware_id="", values=pairs
        )
        return self._types[DIAGNOSTICS](header=self._header(stamp_ns), status=[status])

    def _header(self, stamp_ns: int) -> Any:
        return self._types["std_msgs/msg/Header"](
            stamp=self._time(stamp_ns), frame_id=self._frame_id
        )

    def _time(self, stamp_ns: int) -> Any:
        seconds, rest = divmod(stamp_ns, SECOND_NS)
        return self._types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=rest)
