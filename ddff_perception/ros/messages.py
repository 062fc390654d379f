"""Messages to arrays and back. No other module touches the `data` of a message.

Message to array is a view where byte and colour order allow it; array to message copies once.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

from ..depth_encoding import depth_to_millimetres
from ..image_payload import encode_image, message_pixels, mosaic_encoding
from ..msg import FocalStack as FocalStackMessage
from ..msg import FocusState
from ..types import CameraModel, FloatArray, FocalStack, FocusSlice, ImageArray, InputError

SECOND_NS = 1_000_000_000

BufferReader = Callable[[Any], Any]
"""From a message's non-CPU data to an object with the buffer protocol; see `image_array`."""


def stamp_ns(stamp: Time) -> int:
    """A message's stamp in nanoseconds."""
    return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)


def stamp_message(stamp_in_ns: int) -> Time:
    """Nanoseconds as a message's stamp; raises InputError outside of what the message holds."""
    seconds, nanoseconds = divmod(stamp_in_ns, SECOND_NS)
    if not -(2**31) <= seconds < 2**31:
        raise InputError(f"the stamp {stamp_in_ns} ns does not fit into a message")
    return Time(sec=seconds, nanosec=nanoseconds)


def header_at(stamp_in_ns: int, frame_id: str) -> Header:
    """A header of a stamp in nanoseconds."""
    return Header(stamp=stamp_message(stamp_in_ns), frame_id=frame_id)


def image_array(message: Image, read_buffer: BufferReader | None = None) -> NDArray[Any]:
    """The pixels of an image message: H x W, or H x W x 3 BGR, uint8, uint16 or float32.

    A read-only view of the message's memory for mono8, mono16, 16UC1, 32FC1 and bgr8 in the
    machine's byte order, else one converted copy. `read_buffer` turns memory that the CPU cannot
    read (a `rosidl::Buffer` on a GPU) into memory that it can; without it such a message is
    refused. Raises InputError on an unknown encoding or sizes that contradict each other.
    """
    data = message.data
    if read_buffer is not None and not isinstance(data, bytes | bytearray | memoryview):
        try:
            memoryview(data)
        except TypeError:
            data = read_buffer(data)
    return message_pixels(message, data=data)


def slice_image(message: Image) -> ImageArray:
    """The pixels of a camera image; raises InputError where they are a depth image's floats."""
    image = image_array(message)
    if image.dtype == np.float32:
        raise InputError(
            f"images in encoding {message.encoding} hold no brightness: "
            "subscribe to the camera's colour or grey image"
        )
    return image


def mosaic_image(message: Image) -> ImageArray:
    """The raw pixels of a camera with a filter before each pixel, H x W uint8 or uint16.

    Raises InputError where the encoding is not that of a raw image.
    """
    image: ImageArray = message_pixels(message, mosaic_encoding(message.encoding))
    return image


def image_message(array: NDArray[Any], header: Header, encoding: str | None = None) -> Image:
    """`array` as an image message; see `image_payload.encode_image` for what fits."""
    payload = encode_image(array, encoding)
    message = Image(
        header=header,
        height=payload.height,
        width=payload.width,
        encoding=payload.encoding,
        step=payload.step,
        is_bigendian=0,
    )
    # The one copy; assigning an array or bytes to the field is two to four times slower.
    message.data.frombytes(payload.data)
    return message


def depth_message(depth: FloatArray, header: Header, encoding: str = "32FC1") -> tuple[Image, int]:
    """A depth image message, and how many distances were too long for it.

    `depth`: H x W float32 metres. 32FC1 carries them as they are (REP-118: NaN unknown, +inf too
    far), 16UC1 as `depth_encoding.depth_to_millimetres` makes them.
    """
    if encoding == "32FC1":
        return image_message(depth, header, encoding), 0
    if encoding != "16UC1":
        raise InputError(f"depth cannot be sent as {encoding}: use 32FC1 or 16UC1")
    millimetres, too_far = depth_to_millimetres(depth)
    return image_message(millimetres, header, encoding), too_far


def camera_model(info: CameraInfo, width: int, height: int) -> CameraModel | None:
    """The pinhole camera of a rectified image of `width` x `height` pixels.

    The rectified image's projection P counts (K where a driver left P empty and there is no
    distortion), cropped to the region of interest and binned. None where K[0] is 0: the camera
    is not calibrated. Raises InputError where the image has another size than the camera_info
    says, or numbers that no camera has.
    """
    if info.k[0] == 0.0:
        return None
    region = info.roi
    full = (int(info.width), int(info.height))
    crop = (int(region.width) or full[0], int(region.height) or full[1])
    binning = (max(int(info.binning_x), 1), max(int(info.binning_y), 1))
    size = (crop[0] // binning[0], crop[1] // binning[1])
    if size != (width, height):
        raise InputError(
            f"camera_info is for images of {size[0]}x{size[1]}, the image is {width}x{height}: "
            "let the driver publish the camera_info of this image"
        )
    fx, fy, cx, cy = _intrinsics(info)
    model = CameraModel(full[0], full[1], fx, fy, cx, cy)
    model = model.cropped(int(region.x_offset), int(region.y_offset), *crop)
    return model.resized(width, height)


def _intrinsics(info: CameraInfo) -> tuple[float, float, float, float]:
    if info.p[0] != 0.0:
        return float(info.p[0]), float(info.p[5]), float(info.p[2]), float(info.p[6])
    if any(info.d):
        raise InputError(
            "camera_info has distortion but no projection P: put image_proc's rectify node "
            "between camera and us"
        )
    return float(info.k[0]), float(info.k[4]), float(info.k[2]), float(info.k[5])


def camera_info_message(
    model: CameraModel | None, header: Header, size: Sequence[int]
) -> CameraInfo:
    """The camera_info of a rectified image; `size` = (width, height). K is zero without `model`."""
    message = CameraInfo(
        header=header, width=int(size[0]), height=int(size[1]), distortion_model="plumb_bob"
    )
    message.d = [0.0] * 5
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    if model is not None:
        fx, fy, cx, cy = model.fx, model.fy, model.cx, model.cy
        message.k = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
        message.p = [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def with_header(message: Any, header: Header) -> Any:
    """A shallow copy of `message` with another header."""
    result = copy.copy(message)
    result.header = header
    return result


_FIELDS = {name: PointField.FLOAT32 for name in ("x", "y", "z", "rgb")}


class CloudBuffer:
    """An organised cloud message of one size that is filled in place, without a copy.

    `points` is a writable H x W x 4 float32 view of the message's data: x, y, z in metres (NaN
    where there is no point) and packed colour (`optics.camera_geometry.pack_colours`); what `more`
    names follows, each of a type of PointField with 4 bytes, whose bits count. Publish `message`
    before filling it again.
    """

    def __init__(self, shape: tuple[int, int], more: Mapping[str, int] | None = None) -> None:
        height, width = self.shape = shape
        kinds = _FIELDS | dict(more or {})
        fields = [
            PointField(name=name, offset=4 * number, datatype=PointField.FLOAT32, count=1)
            for number, name in enumerate(kinds)
        ]
        nothing = np.zeros((height * width, len(kinds)), np.float32)
        # One row first: releases differ in which axis of an array they take for the width.
        self.message = point_cloud2.create_cloud(Header(), fields, nothing)
        # A plain array is of one type: what its bits mean is told afterwards.
        for field, kind in zip(self.message.fields, kinds.values(), strict=True):
            field.datatype = kind
        self.message.height, self.message.width = shape
        self.message.row_step = self.message.point_step * width
        flat = np.frombuffer(self.message.data, np.float32)
        self.points: FloatArray = flat.reshape(height, width, len(kinds))


def focus_state_message(
    header: Header,
    focus_distance_m: float,
    *,
    lens_position: float = math.nan,
    unit: int = FocusState.UNIT_UNKNOWN,
    settled: bool = True,
) -> FocusState:
    """What the lens did at the header's stamp; distance in metres, NaN unknown, +inf infinity."""
    return FocusState(
        header=header,
        focus_distance=float(focus_distance_m),
        lens_position=float(lens_position),
        lens_position_unit=unit,
        settled=settled,
    )


def focal_stack_message(
    stack: FocalStack, frame_id: str, camera_info: CameraInfo | None = None
) -> FocalStackMessage:
    """A stack as a message; `camera_info` wins over the stack's camera model."""
    stamps = [item.stamp_ns for item in stack.slices]
    newest = header_at(max(stamps), frame_id)
    height, width = stack.slices[0].image.shape[:2]
    if camera_info is None:
        camera_info = camera_info_message(stack.camera, newest, (width, height))
    else:
        camera_info = with_header(camera_info, newest)
    return FocalStackMessage(
        header=newest,
        first_stamp=stamp_message(min(stamps)),
        last_stamp=stamp_message(max(stamps)),
        images=[
            image_message(item.image, header_at(item.stamp_ns, frame_id)) for item in stack.slices
        ],
        focus_distances=[item.focus_distance_m for item in stack.slices],
        camera_info=camera_info,
    )


def focal_stack(message: FocalStackMessage) -> FocalStack:
    """The stack that a message holds; raises InputError where it contradicts itself."""
    distances = list(message.focus_distances)
    if len(distances) != len(message.images):
        raise InputError(
            f"the focal stack has {len(message.images)} images but {len(distances)} focus "
            "distances: send one for each"
        )
    bad = [distance for distance in distances if distance <= 0.0]
    if bad:
        raise InputError(f"a focus distance is {bad[0]:g} m: it must be positive, inf or NaN")
    slices = tuple(
        FocusSlice(slice_image(image), float(distance), stamp_ns(image.header.stamp))
        for image, distance in zip(message.images, distances)  # noqa: B905
    )
    stack = FocalStack(slices)
    height, width = slices[0].image.shape[:2]
    if message.camera_info.width == 0:
        return stack
    return FocalStack(slices, camera_model(message.camera_info, width, height))
