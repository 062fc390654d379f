"""From what the cameras gave to a triple: registration, exposure, holes, cropping, units."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ...capture.depth_filling import filled_depth
from ...files.images import read_image
from ...optics.registration import shrunk
from ...optics.resampling import valid_pixels, warp
from ...optics.srgb import srgb_bytes, srgb_decode
from ...parameters import Settings, parameter
from ...types import CameraModel, FloatArray, ImageArray, InputError
from .folder import Triple
from .raw_folder import DEPTH_COLOUR, Capture
from .registration import depth_as_it_lies, depth_by_cameras, depth_by_colour, wide_over_narrow

_BLACK, _WHITE = 0.02, 0.85
_MOST_GAIN = 4.0


@dataclass(frozen=True)
class PreparationSettings(Settings):
    """What becomes of the images."""

    width: int = parameter(960, "larger photographs are shrunk to it", "px", (64, 8192))
    least_measured: float = parameter(
        0.3, "share of the pixels that must have depth", limits=(0.0, 1.0)
    )
    reach: float = parameter(
        0.06, "in-painting reaches as far from what was measured, of the width", limits=(0.0, 1.0)
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A triple and what was done: by what depth was registered, the shift of the wide image (px),
    how much brighter it was, the share of depth that was measured and that of the view that stayed.
    """

    triple: Triple
    registered_by: str
    moved_px: float
    gain: float
    measured: float
    kept: float


def prepared(capture: Capture, scene: str, focus_m: float, own: PreparationSettings) -> Prepared:
    """The triple of a scene; raises InputError, one sentence, where its images do not serve."""
    files = capture.files(scene)
    lacking = capture.missing(scene)
    if lacking:
        raise InputError(f"it has no {' and no '.join(lacking)} image")
    whole, seen = (_colour(files[part]) for part in ("narrow", "wide"))
    narrow, wide = (shrunk_to(image, own.width) for image in (whole, seen))
    height, width = narrow.shape[:2]
    camera = (capture.camera or _camera_of(capture, whole)).resized(width, height)
    matrix = wide_over_narrow(narrow, wide)
    measured, by = _registered(capture, files, narrow, camera)
    lens = capture.lens
    with np.errstate(invalid="ignore"):
        measured[(measured < lens.nearest_m) | (measured > lens.farthest_m)] = np.nan
    known = ~np.isnan(measured)
    if known.mean() < own.least_measured:
        raise InputError(
            f"depth is known of {known.mean():.0%} of it only, between {lens.nearest_m:g} and "
            f"{lens.farthest_m:g} m"
        )
    filled, _ = filled_depth(measured, np.asarray(narrow, np.uint8))
    image = warp(wide, matrix)
    sharp, gain = exposed_like(narrow, image)
    near = distance_transform_edt(~known) <= own.reach * width
    x, y, w, h = inside(valid_pixels(narrow.shape, matrix) & np.asarray(near, np.bool_))
    crop = (slice(y, y + h), slice(x, x + w))
    triple = Triple(
        scene, image[crop], sharp[crop], filled[crop], measured[crop], focus_m,
        lens.aperture_m * camera.fx, camera.cropped(x, y, w, h),
    )  # fmt: skip
    middle = np.array([width / 2, height / 2, 1.0])
    moved = float(np.linalg.norm((matrix @ middle - middle)[:2]))
    return Prepared(triple, by, moved, gain, float(known[crop].mean()), w * h / (width * height))


def shrunk_to(image: ImageArray, width: int) -> ImageArray:
    """`image` at most `width` pixels wide."""
    return shrunk(image, round(max(1.0, image.shape[0] / image.shape[1]) * width))


def exposed_like(sharp: ImageArray, image: ImageArray) -> tuple[ImageArray, float]:
    """`sharp` as bright as `image` in each colour, and how much brighter that is (mean gain).

    Shutter times make up for an aperture to a third of a stop only. Compared where neither is
    black or burnt out, after a blur that leaves nothing of their difference in focus.
    """
    light = [np.asarray(srgb_decode(i / np.float32(255.0)), np.float32) for i in (sharp, image)]
    sigma = 0.02 * max(sharp.shape[:2])
    broad = [np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma)) for plane in light]
    both = np.stack(broad)
    fair = ((both > _BLACK) & (both < _WHITE)).all(axis=(0, 3))
    if not fair.any():
        raise InputError("both photographs are black or burnt out nearly everywhere")
    gains = np.median(broad[1][fair] / broad[0][fair], axis=0).astype(np.float32)
    if gains.max() > _MOST_GAIN or gains.min() < 1.0 / _MOST_GAIN:
        raise InputError(
            f"one photograph is {max(gains.max(), 1 / gains.min()):.1f} times as bright as the "
            "other: make up for the aperture by the shutter time"
        )
    return srgb_bytes(light[0] * gains), float(gains.mean())


def inside(good: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The rectangle x, y, width, height of H x W that holds good pixels alone, but for 1 % of each
    side: sides give way one by one, the worst first. Raises InputError where little is left.
    """
    top, left, bottom, right = 0, 0, *good.shape
    while bottom - top > good.shape[0] // 3 and right - left > good.shape[1] // 3:
        part = good[top:bottom, left:right]
        shares = part[0].mean(), part[:, 0].mean(), part[-1].mean(), part[:, -1].mean()
        worst = int(np.argmin(shares))
        if shares[worst] >= 0.99:
            return left, top, right - left, bottom - top
        top, left = top + (worst == 0), left + (worst == 1)
        bottom, right = bottom - (worst == 2), right - (worst == 3)
    raise InputError("less than a third of its view is seen by both cameras")


def _registered(
    capture: Capture, files: dict[str, Path], narrow: ImageArray, camera: CameraModel
) -> tuple[FloatArray, str]:
    image = read_image(files["depth"])
    if image.ndim != 2 or image.dtype != np.uint16:
        raise InputError(f"{files['depth']} is no depth image: one number of 16 bits per pixel")
    metres = image.astype(np.float32) * np.float32(capture.depth_unit_m)
    depth = np.where(image > 0, metres, np.float32(np.nan))
    if capture.depth_camera is not None and capture.stand is not None:
        own = capture.depth_camera
        return depth_by_cameras(depth, own, camera, capture.stand), "the calibrated cameras"
    if DEPTH_COLOUR in files:
        return depth_by_colour(depth, _colour(files[DEPTH_COLOUR]), narrow), "a homography"
    return depth_as_it_lies(depth, narrow), "its own pixels"


def _camera_of(capture: Capture, image: ImageArray) -> CameraModel:
    return CameraModel.centred(image.shape[1], image.shape[0], capture.lens.focal_px)


def _colour(file: Path) -> ImageArray:
    """H x W x 3 of 8 bits, which are what networks see."""
    image = read_image(file)
    small = (image // 257).astype(np.uint8) if image.dtype == np.uint16 else image
    colour = np.repeat(small[..., None], 3, axis=2) if small.ndim == 2 else small
    return np.asarray(colour, np.uint8)
