"""The camera_info of an image that was made smaller or larger."""

from __future__ import annotations

import copy

from sensor_msgs.msg import CameraInfo, RegionOfInterest
from std_msgs.msg import Header

from ..types import InputError


def resized_camera_info(
    info: CameraInfo,
    source: tuple[int, int],
    target: tuple[int, int],
    header: Header,
    used: tuple[int, int] | None = None,
) -> CameraInfo:
    """`info` of images of size `source` (width, height) after these were resampled to `target`.

    The region of interest and the binning of `info` are worked into size, K and P, so that it
    describes the resampled image and nothing else; distortion and R stay. Pixel centres lie at
    integers. `used`: the size of the upper left part that was resampled, where not all was. Where
    nothing changes, `info` with another header. Raises InputError where `info` is
    not of images of size `source`.
    """
    region = info.roi
    full = (int(info.width), int(info.height))
    crop = (int(region.width) or full[0], int(region.height) or full[1])
    binning = (max(int(info.binning_x), 1), max(int(info.binning_y), 1))
    size = (crop[0] // binning[0], crop[1] // binning[1])
    if size != source:
        raise InputError(
            f"camera_info is for images of {size[0]}x{size[1]}, the image is "
            f"{source[0]}x{source[1]}: let the driver publish the camera_info of this image"
        )
    result = copy.copy(info)
    result.header = header
    if source == target:
        return result
    result.width, result.height = target
    result.binning_x = result.binning_y = 0
    result.roi = RegionOfInterest(do_rectify=region.do_rectify)
    cut = (1.0, 1.0) if used is None else (source[0] / used[0], source[1] / used[1])
    scale = (cut[0] * target[0] / crop[0], cut[1] * target[1] / crop[1])
    offset = (int(region.x_offset), int(region.y_offset))
    result.k = _resized([*info.k], 3, scale, offset)
    result.p = _resized([*info.p], 4, scale, offset)
    return result


def _resized(
    values: list[float], columns: int, scale: tuple[float, float], offset: tuple[int, int]
) -> list[float]:
    """K (3 x 3) or P (3 x 4) after a crop at `offset` and a change of scale; zeros stay zeros."""
    if values[0] == 0.0:
        return values
    for row in range(2):
        last = values[2 * columns : 3 * columns]
        start = row * columns
        # The centre of the first pixel moves from 0 to scale / 2 - 1 / 2.
        shift = scale[row] * (0.5 - offset[row]) - 0.5
        values[start : start + columns] = [
            scale[row] * value + shift * below
            for value, below in zip(values[start : start + columns], last, strict=True)
        ]
    return values
