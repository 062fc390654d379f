"""What depth cameras make of a true depth image: noise, steps, shadows, and what they do not see.

Structured light and stereo measure a disparity, time of flight a distance. Magnitudes after
K. Khoshelham, S. Elberink, Sensors 2012 (Kinect v1); O. Wasenmueller, D. Stricker, ACCV workshops
2016 (Kinect v2); L. Keselman et al., CVPR workshops 2017 (RealSense).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import FloatArray

SENSORS = ("structured_light", "time_of_flight", "stereo")
# Sensors are described for images of this width, whatever the size of those that are given.
_WIDTH = 640
# Subpixel steps of Kinect v1, and millimetres of everything that is published as 16 bits.
_STEP_PX, _STEP_M = 1 / 8, 0.001


@dataclass(frozen=True, slots=True)
class Surfaces:
    """What a sensor looks at, all H x W: true `depth` float32 metres (+inf nothing), `facing`
    float32 0..1 (cosine between normal and view), `albedo` float32 0..1, `texture` float32 (local
    contrast of the picture), `glass`, `mirror` bool; `focal_px` of these images.
    """

    depth: FloatArray
    facing: FloatArray
    albedo: FloatArray
    texture: FloatArray
    glass: NDArray[np.bool_]
    mirror: NDArray[np.bool_]
    focal_px: float


def sensed_depth(surfaces: Surfaces, sensor: str, rng: np.random.Generator) -> FloatArray:
    """Depth as `sensor` of SENSORS measures it: H x W float32 metres, NaN where it sees nothing."""
    ideal = np.where(np.isfinite(surfaces.depth), surfaces.depth, np.float32(100.0))
    measure = {
        "structured_light": _structured_light,
        "time_of_flight": _time_of_flight,
        "stereo": _stereo,
    }[sensor]
    depth, lost = measure(surfaces, ideal.astype(np.float32), rng)
    lost |= _not_seen(surfaces, rng)
    depth = np.rint(depth / np.float32(_STEP_M)) * np.float32(_STEP_M)
    depth[lost | (depth <= 0)] = np.nan
    return np.asarray(depth, np.float32)


def _structured_light(
    surfaces: Surfaces, depth: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.bool_]]:
    scale = _WIDTH / depth.shape[1]
    factor = surfaces.focal_px * scale * rng.uniform(0.06, 0.09)
    disparity = factor / depth
    lost = _shadow(disparity / scale, int(rng.choice((-1, 1))))
    noise = _smooth_noise(depth.shape, rng, 1.0) * rng.uniform(0.08, 0.25)
    disparity = np.rint((disparity + noise) / _STEP_PX) * _STEP_PX
    found = (factor / np.maximum(disparity, 0.5)).astype(np.float32)
    faint = surfaces.albedo * surfaces.facing < rng.uniform(0.02, 0.06)
    lost |= faint | (depth < rng.uniform(0.3, 0.6)) | (depth > rng.uniform(4.5, 10.0))
    return found, lost | _ragged_edges(depth, rng, 1.5)


def _time_of_flight(
    surfaces: Surfaces, depth: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.bool_]]:
    bright = np.maximum(surfaces.albedo * surfaces.facing, 0.02)
    spread = rng.uniform(0.001, 0.003) + rng.uniform(0.0003, 0.0015) * depth**2
    found = depth + rng.standard_normal(depth.shape, np.float32) * spread * (0.3 / bright) ** 0.5
    # Light that came by other ways makes corners deeper and rounder.
    found *= 1 + rng.uniform(0, 0.02) * np.abs(_smooth_noise(depth.shape, rng, 20.0))
    # A pixel on an edge gets light from both sides.
    blurred = cv2.blur(depth, (3, 3))
    edge = np.abs(blurred - depth) > 0.03 * depth
    mixed = edge & (rng.random(depth.shape) < 0.6)
    found = np.where(mixed, blurred, found).astype(np.float32)
    lost = (bright / depth**2 < rng.uniform(0.0003, 0.0015)) | (depth > rng.uniform(4.0, 9.0))
    lost |= depth < rng.uniform(0.15, 0.45)
    if rng.random() < 0.5:
        lost |= edge
    return found, lost


def _stereo(
    surfaces: Surfaces, depth: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, NDArray[np.bool_]]:
    scale = _WIDTH / depth.shape[1]
    reach = 2 * int(rng.integers(0, 3)) + 1
    # Windows of a matcher make what is near fatter.
    fat = cv2.erode(depth, np.ones((reach, reach), np.uint8))
    factor = surfaces.focal_px * scale * rng.uniform(0.05, 0.12)
    plain = surfaces.texture < rng.uniform(0.0, 0.02)
    noise = _smooth_noise(depth.shape, rng, rng.uniform(1.5, 4.0)) * rng.uniform(0.05, 0.3)
    disparity = factor / fat
    found = factor / np.maximum(disparity + noise * np.where(plain, 2.0, 1.0), 0.3)
    lost = _shadow(disparity / scale, -1)
    lost[:, : int(rng.integers(0, 20) / scale)] = True
    blobs = _smooth_noise(depth.shape, rng, 5.0)
    lost |= plain & (blobs > rng.uniform(-0.5, 2.5))
    lost |= (depth > rng.uniform(5.0, 12.0)) | (depth < rng.uniform(0.2, 0.5))
    return found.astype(np.float32), lost


def _not_seen(surfaces: Surfaces, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Glass, mirrors, and what is nearly edge on, in blobs."""
    blobs = _smooth_noise(surfaces.depth.shape, rng, 6.0)
    lost = ~np.isfinite(surfaces.depth)
    lost |= surfaces.glass & (blobs > rng.uniform(-3.0, 1.0))
    lost |= surfaces.mirror & (blobs > rng.uniform(-2.0, 1.0))
    lost |= surfaces.facing < rng.uniform(0.03, 0.15)
    return np.asarray(lost)


def _shadow(disparity: FloatArray, side: int) -> NDArray[np.bool_]:
    """What the other end of the baseline (right of the camera for 1) does not see: where something
    beside it lands at or past the pixel's own place there.
    """
    columns = np.arange(disparity.shape[1], dtype=np.float32)
    if side > 0:
        place = columns - disparity
        nearest = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(nearest < place - 1.0)
    place = columns + disparity
    furthest = np.maximum.accumulate(place, axis=1)
    return np.asarray(furthest > place + 1.0)


def _ragged_edges(
    depth: FloatArray, rng: np.random.Generator, reach_px: float
) -> NDArray[np.bool_]:
    """Pixels beside an edge in depth, some of them."""
    size = 2 * round(reach_px) + 1
    kernel = np.ones((size, size), np.uint8)
    jump = cv2.dilate(depth, kernel) - cv2.erode(depth, kernel)
    return np.asarray((jump > 0.1 * depth) & (rng.random(depth.shape) < rng.uniform(0.1, 0.6)))


def _smooth_noise(shape: tuple[int, ...], rng: np.random.Generator, sigma_px: float) -> FloatArray:
    """Normal noise of deviation 1 that varies over `sigma_px`."""
    coarse = max(1, int(sigma_px / 1.5))
    height, width = (-(-side // coarse) + 2 for side in shape)
    noise = rng.standard_normal((height, width), np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma_px / coarse), np.float32)
    noise /= max(float(noise.std()), 1e-6)
    grown = cv2.resize(noise, (width * coarse, height * coarse), interpolation=cv2.INTER_LINEAR)
    top, left = rng.integers(0, coarse, 2)
    return np.asarray(grown[top : top + shape[0], left : left + shape[1]], np.float32)
