"""Depth maps as scores need them: which pixels are known, in which quantity, from which file.

In a depth map NaN, zero and negative values are unknown; +inf is a point at infinity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files.images import read_array, read_image
from ...types import CameraModel, FloatArray, InputError

Domain = Literal["depth", "disparity", "dioptres"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
UNITS: Mapping[Domain, str] = {"depth": "m", "disparity": "px", "dioptres": "1/m"}

_PNG_METRES = 0.001


def known(depth: FloatArray, domain: Domain = "dioptres") -> NDArray[np.bool_]:
    """Where `depth` (H x W, metres) has a value on `domain`, H x W.

    Infinity has one on dioptres (0) only.
    """
    positive = depth > 0
    return positive if domain == "dioptres" else positive & np.isfinite(depth)


def convert(depth: FloatArray, domain: Domain, baseline_focal: float = 1.0) -> NDArray[np.float64]:
    """Metres (any shape, positive) to the domain's unit, float64; +inf becomes 0 dioptres."""
    values = depth.astype(np.float64)
    if domain == "depth":
        return values
    numerator = baseline_focal if domain == "disparity" else 1.0
    return np.asarray(np.divide(numerator, values, out=values))


def best_constant(truth: FloatArray) -> float:
    """Depth of the constant map with the least mean absolute error in dioptres, metres.

    It is the median dioptre of the truth: what one scores without looking at the images.
    +inf where more than half of the truth is at infinity; NaN where none is known.
    """
    inverse = convert(truth[known(truth)], "dioptres")
    if not inverse.size:
        return math.nan
    median = float(np.median(inverse))
    return 1.0 / median if median > 0 else math.inf


def fill_to_full_coverage(depth: FloatArray) -> FloatArray:
    """`depth` with each unknown pixel set to the nearest known one; all unknown stays so.

    A map that leaves out what is hard can be compared with others only after filling.
    """
    mask = known(depth)
    if mask.all() or not mask.any():
        return depth
    _, labels = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    depth_of_label = np.zeros(int(labels.max()) + 1, dtype=np.float32)
    depth_of_label[labels[mask]] = depth[mask]
    return np.asarray(depth_of_label[labels], dtype=np.float32)


def aperture_baseline_focal(camera: CameraModel) -> float:
    """Aperture diameter times fx (m px): disparity is then that between the aperture's rims.

    Raises InputError where the camera does not know its aperture.
    """
    if camera.aperture_diameter_m is None:
        raise InputError(
            "the camera has no aperture_diameter_m, which disparity needs: "
            "add it to the camera or set baseline_focal"
        )
    return camera.aperture_diameter_m * camera.fx


def check_same_size(
    estimate: NDArray[np.float32], truth: NDArray[np.float32], what: str = "the estimate"
) -> None:
    """Raise InputError unless both are H x W of one size."""
    if estimate.ndim != 2 or estimate.shape != truth.shape:
        raise InputError(
            f"{what} is {_size(estimate)}, the truth {_size(truth)}: "
            "both must be single maps of one size"
        )


def read_depth(path: Path, *, zero_is_known: bool = False) -> FloatArray:
    """A depth map, H x W float32 metres, unknown as NaN; 0 is known in relative depth.

    `.npy` holds metres (any real type), `.png` 16-bit millimetres (0 unknown), `.pfm` metres.
    A folder stands for its `depth.npy`. Raises InputError where it cannot be read.
    """
    path = path / "depth.npy" if path.is_dir() else path
    depth = _read_map(path)
    if path.suffix.lower() == ".png":
        if depth.dtype != np.uint16:
            raise InputError(f"{path} has 8 bits: a depth PNG must be 16-bit millimetres")
        depth = depth.astype(np.float32) * np.float32(_PNG_METRES)
    depth = depth.astype(np.float32)
    mask = depth >= 0 if zero_is_known else depth > 0
    return np.where(mask, depth, np.float32(np.nan))


def read_confidence(path: Path) -> FloatArray:
    """A confidence map, H x W float32 in 0..1.

    `.npy` and `.pfm` hold 0..1, `.png` 0..255 or 0..65535. Raises InputError where it cannot be
    read or leaves 0..1.
    """
    confidence = _read_map(path)
    scale = np.iinfo(confidence.dtype).max if path.suffix.lower() == ".png" else 1
    confidence = confidence.astype(np.float32) / np.float32(scale)
    if np.any((confidence < 0) | (confidence > 1)):
        raise InputError(f"{path} leaves 0..1: a confidence is a probability")
    return confidence


def _read_map(path: Path) -> NDArray[Any]:
    readers = {".npy": read_array, ".png": read_image, ".pfm": _read_pfm}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path} is none of {', '.join(readers)}: convert it to one of them")
    values: NDArray[Any] = reader(path)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fiu":
        raise InputError(
            f"{path} is {_size(values)} {values.dtype}: it must be one map of real numbers"
        )
    return values


def _read_pfm(path: Path) -> NDArray[np.float32]:
    """Portable float map: `Pf`, width height, scale (its sign is the byte order), rows upwards."""
    try:
        data = path.read_bytes()
        header = re.match(rb"Pf\s+(\d{1,6})\s+(\d{1,6})\s+(\S{1,32})\s", data)
        if header is None:
            raise ValueError("it is no grey PFM")
        width, height = int(header[1]), int(header[2])
        kind = "<f4" if float(header[3]) < 0 else ">f4"
        values = np.frombuffer(data, kind, width * height, header.end()).reshape(height, width)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the map {path}: {error}") from error
    return np.flipud(values).astype(np.float32)


def _size(array: NDArray[Any]) -> str:
    return "x".join(str(n) for n in array.shape[1::-1] + array.shape[2:]) or "a number"
