"""What the tests of cv_bridge share: encodings, images, and what the ROS package lacks."""

import importlib
from pathlib import Path

import cv_bridge
import numpy as np
import pytest

IS_STAND_IN = "pip_ros" in Path(cv_bridge.__file__).parts


def _lacks_helper():
    if IS_STAND_IN:
        return False
    try:
        importlib.import_module("cv_bridge.boost.cv_bridge_boost")
    except ImportError:
        return True
    return False


uses_helper = pytest.mark.skipif(
    _lacks_helper(), reason="cv_bridge's compiled helper cv_bridge_boost is not installed"
)
uses_byte_swap = pytest.mark.skipif(
    not IS_STAND_IN and np.lib.NumpyVersion(np.__version__) >= "2.0.0",
    reason="cv_bridge swaps bytes by a call that NumPy 2 removed",
)
COLOURS = {"mono": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
LAYOUTS = [
    *[(f"{name}8", np.uint8, channels) for name, channels in COLOURS.items()],
    *[(f"{name}16", np.uint16, channels) for name, channels in COLOURS.items()],
    *[(f"bayer_{pattern}8", np.uint8, 1) for pattern in ("rggb", "bggr", "gbrg", "grbg")],
    *[(f"bayer_{pattern}16", np.uint16, 1) for pattern in ("rggb", "bggr", "gbrg", "grbg")],
    ("yuv422", np.uint8, 2),
    ("yuv422_yuy2", np.uint8, 2),
    ("8UC1", np.uint8, 1),
    ("8SC3", np.int8, 3),
    ("16UC1", np.uint16, 1),
    ("16SC2", np.int16, 2),
    ("32SC1", np.int32, 1),
    ("32FC1", np.float32, 1),
    ("32FC4", np.float32, 4),
    ("64FC3", np.float64, 3),
    ("16U", np.uint16, 1),
    ("8UC7", np.uint8, 7),
]
# More are read but not written under a name.
UP_TO_FOUR_CHANNELS = [layout for layout in LAYOUTS if layout[2] <= 4]


def random_image(dtype, channels, height=5, width=7):
    shape = (height, width) if channels == 1 else (height, width, channels)
    noise = np.random.default_rng(0)
    if np.issubdtype(dtype, np.floating):
        return noise.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return noise.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
