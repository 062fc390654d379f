"""Stand-in for the ROS 2 package `cv_bridge` where pip is the only package source.

Calls and results are those of cv_bridge 4.1 (Jazzy), as far as `ddff_perception` makes them: pixels
that are no plain view become 8 or 16 bit BGR. Colour conversion, which the ROS package leaves to a
compiled helper, is done here with OpenCV's Python module.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["CvBridge", "CvBridgeError"]

_PACKED_YUV = {"yuv422": cv2.COLOR_YUV2BGR_UYVY, "yuv422_yuy2": cv2.COLOR_YUV2BGR_YUY2}
# OpenCV names a mosaic by the second row's second and third pixel, ROS by the first four pixels.
_MOSAICS = {
    "rggb": cv2.COLOR_BayerBG2BGR,
    "bggr": cv2.COLOR_BayerRG2BGR,
    "gbrg": cv2.COLOR_BayerGR2BGR,
    "grbg": cv2.COLOR_BayerGB2BGR,
}
_ORDERS = {"rgb": cv2.COLOR_RGB2BGR, "rgba": cv2.COLOR_RGBA2BGR, "bgra": cv2.COLOR_BGRA2BGR}
# (from, to): type, channels and OpenCV's conversion
_CONVERSIONS: dict[tuple[str, str], tuple[str, int, int]] = {
    **{(name, "bgr8"): ("u1", 2, code) for name, code in _PACKED_YUV.items()},
    **{(f"bayer_{name}8", "bgr8"): ("u1", 1, code) for name, code in _MOSAICS.items()},
    **{(f"bayer_{name}16", "bgr16"): ("u2", 1, code) for name, code in _MOSAICS.items()},
    **{(f"{name}16", "bgr16"): ("u2", len(name), code) for name, code in _ORDERS.items()},
}


class CvBridgeError(TypeError):
    """A conversion that cannot be made."""


class CvBridge:
    """Converts between ROS image messages and OpenCV images (NumPy arrays)."""

    def imgmsg_to_cv2(self, img_msg: Any, desired_encoding: str) -> npt.NDArray[Any]:
        """The pixels of a sensor_msgs/Image, rows unpadded and in this machine's byte order.

        H x W x 3, uint8 or uint16. Raises CvBridgeError for what the package does not ask for.
        """
        conversion = _CONVERSIONS.get((img_msg.encoding, desired_encoding))
        if conversion is None:
            raise CvBridgeError(f"no conversion from {img_msg.encoding} to {desired_encoding}")
        kind, channels, code = conversion
        shape = (img_msg.height, img_msg.width, channels)[: 2 + (channels > 1)]
        try:
            image: npt.NDArray[Any] = np.ndarray(shape, kind, buffer=img_msg.data)
            return np.asarray(cv2.cvtColor(image, code))
        except (TypeError, ValueError, cv2.error) as error:
            raise CvBridgeError(str(error)) from error
