"""Refocusing light fields: shift the sub-apertures and sum them.

After C. Hazirbas et al., Deep Depth From Focus, sections 3.1 and 3.2 (equations 3.1 to 3.6). Two
errata are followed: the baseline of a Lytro camera is K2 / max(Fx, Fy) in millimetres, where a
table prints K1 / F'; and the phase of a Fourier shift holds the frequency, which (3.4) leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ..types import (
    CameraModel,
    FloatArray,
    FocalStack,
    FocusSlice,
    ImageArray,
    InputError,
    LightField,
    LightFieldCalibration,
)

INTERPOLATIONS = ("fourier", "bicubic", "bilinear")
PATTERNS = ("all", "disc", "cross", "row", "column", "diagonals")
View = tuple[int, int]
# Free parameter of the cubic convolution kernel (R. Keys, 1981) that reproduces parabolas.
_KEYS = -0.5


def lytro_calibration(
    k2: float,
    focal_px: tuple[float, float],
    principal_point_px: tuple[float, float],
    microlens_radius_px: float,
    size: tuple[int, int],
) -> LightFieldCalibration:
    """Calibration of a Lytro camera from what the toolbox of Bok et al. finds (3.5, erratum E1).

    `k2` in mm; focal lengths and principal point in pixels of the raw sensor; `size`: width and
    height of a sub-aperture image in pixels. As printed in (3.5), Fx serves both rows.
    """
    scale = 2.0 * microlens_radius_px
    focal = focal_px[0] / scale
    cx, cy = (value / scale for value in principal_point_px)
    camera = CameraModel(size[0], size[1], focal, focal, cx, cy)
    return LightFieldCalibration(k2 / max(focal_px) * 1e-3, camera)


# The camera of the DDFF 12-Scene data set (table 3.1), and what its stacks are refocused to.
LYTRO_ILLUM = lytro_calibration(1982.0, (7299.7, 7317.0), (3991.6, 2629.6), 7.0, (552, 383))
DDFF_NEAR_PX, DDFF_FAR_PX = 0.28, 0.02


def select_views(light_field: LightField, pattern: str, count: int = 0) -> list[View]:
    """Rows and columns of sub-apertures in a pattern, `count` of them evenly picked (0: all).

    `disc`: within the largest circle; `cross`: the centre's row, then its column; `diagonals`
    alike. Raises InputError on an unknown pattern or too large a count.
    """
    rows, columns = light_field.views.shape[:2]
    centre_row, centre_column = (rows - 1) / 2, (columns - 1) / 2
    middle = light_field.centre
    row = [(middle[0], u) for u in range(columns)]
    column = [(v, middle[1]) for v in range(rows)]
    short = min(rows, columns)
    top, left = (rows - short) // 2, (columns - short) // 2
    falling = [(top + i, left + i) for i in range(short)]
    rising = [(top + short - 1 - i, left + i) for i in range(short)]
    every = [(v, u) for v in range(rows) for u in range(columns)]
    radius = (short - 1) / 2 + 1e-6
    patterns = {
        "all": every,
        "disc": [p for p in every if math.dist(p, (centre_row, centre_column)) <= radius],
        "row": row,
        "column": column,
        "cross": list(dict.fromkeys(row + column)),
        "diagonals": list(dict.fromkeys(falling + rising)),
    }
    if pattern not in patterns:
        raise InputError(f"there is no pattern {pattern!r} of views: {', '.join(PATTERNS)}")
    found = patterns[pattern]
    if count > len(found):
        raise InputError(f"the pattern {pattern} has {len(found)} views, not {count}")
    picked = np.linspace(0, len(found) - 1, count or len(found)).round().astype(int)
    return [found[i] for i in picked]


def refocus(
    light_field: LightField,
    disparities_px: Sequence[float],
    interpolation: str = "fourier",
    views: Sequence[View] | None = None,
) -> list[ImageArray]:
    """One image per disparity, in which what has this disparity is sharp (3.2, 3.3).

    `views`: the sub-apertures to use, all by default; shifts are relative to the grid's centre.
    Each image has the size and type of a view; the borders are mirrored. A Fourier shift is exact
    for band-limited views; the views are transformed once for all disparities. Raises InputError
    on an unknown interpolation or a shift beyond half a view.
    """
    if interpolation not in INTERPOLATIONS:
        raise InputError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}")
    rows, columns, height, width = light_field.views.shape[:4]
    used = list(views) if views is not None else select_views(light_field, "all")
    if not used:
        raise InputError("refocusing needs at least one view")
    offsets = np.array([((rows - 1) / 2 - v, (columns - 1) / 2 - u) for v, u in used])
    reach = math.ceil(float(np.abs(offsets).max() * np.abs(disparities_px).max()))
    if reach > min(height, width) // 2:
        raise InputError(
            f"a disparity of {np.abs(disparities_px).max():g} px shifts the outer views by "
            f"{reach} px, more than half their size: choose smaller disparities"
        )
    channels = light_field.views.shape[4] if light_field.views.ndim == 5 else 1
    shape = (height, width, channels)
    images = [np.empty(shape, np.float32) for _ in disparities_px]
    shift_and_sum = _fourier_means if interpolation == "fourier" else _spatial_means
    for channel in range(channels):
        planes = [light_field.view(v, u).reshape(shape)[..., channel] for v, u in used]
        means = shift_and_sum(planes, offsets, disparities_px, reach + 3, interpolation)
        for image, mean in zip(images, means, strict=True):
            image[..., channel] = mean
    return [_as_pixels(image, light_field) for image in images]


def focal_stack(
    light_field: LightField,
    disparities_px: Sequence[float],
    interpolation: str = "fourier",
    views: Sequence[View] | None = None,
) -> FocalStack:
    """The light field refocused to `disparities_px`, as a sweep of a camera.

    Focus distances follow from the calibration and are NaN without one. The camera's aperture is
    that of a disc with the area of the used grid cells. Raises InputError where a disparity lies
    beyond infinity.
    """
    calibration = light_field.calibration
    distances = np.full(len(disparities_px), np.nan)
    camera = None
    if calibration is not None:
        distances = calibration.distance_m(np.asarray(disparities_px))
        if np.isnan(distances).any():
            infinity = float(calibration.disparity_px(np.inf))
            raise InputError(f"disparities below {infinity:.4g} px lie beyond infinity")
        camera = _with_aperture(light_field, calibration, views)
    images = refocus(light_field, disparities_px, interpolation, views)
    slices = (FocusSlice(i, float(d)) for i, d in zip(images, distances, strict=True))
    return FocalStack(tuple(slices), camera)


def even_disparities(near_px: float, far_px: float, count: int) -> list[float]:
    """`count` disparities in equal steps, so that focus steps are equal in dioptres."""
    if count < 2 or not np.isfinite([near_px, far_px]).all() or near_px == far_px:
        raise InputError("a stack needs two or more slices between two different disparities")
    return [float(value) for value in np.linspace(near_px, far_px, count)]


def _with_aperture(
    light_field: LightField, calibration: LightFieldCalibration, views: Sequence[View] | None
) -> CameraModel:
    count = len(views) if views is not None else math.prod(light_field.views.shape[:2])
    diameter = 2.0 * calibration.baseline_m * math.sqrt(count / math.pi)
    return replace(calibration.camera, aperture_diameter_m=diameter)


def _fourier_means(
    planes: Sequence[ImageArray],
    offsets: NDArray[np.float64],
    disparities: Sequence[float],
    margin: int,
    _: str,
) -> list[FloatArray]:
    """Means of views shifted by phase: f(x + s) is F(k) exp(2 pi i s k) (3.4, erratum E2)."""
    height, width = planes[0].shape
    # Mirrored borders, so that nothing comes in from the other side.
    size = [fft.next_fast_len(length + 2 * margin, real=True) for length in (height, width)]
    bottom, right = size[0] - height - margin, size[1] - width - margin
    border = (margin, bottom, margin, right)
    spectra = [
        fft.rfft2(cv2.copyMakeBorder(np.float32(plane), *border, cv2.BORDER_REFLECT_101))  # type: ignore[call-overload]
        for plane in planes
    ]
    ky, kx = fft.fftfreq(size[0])[:, None], fft.rfftfreq(size[1])[None]
    means = []
    for disparity in disparities:
        total = np.zeros_like(spectra[0])
        for spectrum, (down, right_) in zip(spectra, offsets * disparity, strict=True):
            phase_y = np.exp(2j * np.pi * down * ky).astype(np.complex64)
            phase_x = np.exp(2j * np.pi * right_ * kx).astype(np.complex64)
            total += spectrum * phase_y * phase_x
        mean = fft.irfft2(total, s=size) / len(planes)
        means.append(mean[margin : margin + height, margin : margin + width])
    return means


def _spatial_means(
    planes: Sequence[ImageArray],
    offsets: NDArray[np.float64],
    disparities: Sequence[float],
    margin: int,
    interpolation: str,
) -> list[FloatArray]:
    """Means of views shifted by interpolation, exact to the fraction (OpenCV's warps are not)."""
    means: list[FloatArray] = []
    for disparity in disparities:
        total = np.zeros(planes[0].shape, np.float32)
        for plane, (down, right) in zip(planes, offsets * disparity, strict=True):
            kernels = (_shift_kernel(s, margin, interpolation) for s in (right, down))
            total += cv2.sepFilter2D(
                np.float32(plane),  # type: ignore[call-overload]
                cv2.CV_32F,
                *kernels,
                borderType=cv2.BORDER_REFLECT_101,
            )
        means.append(total / np.float32(len(planes)))
    return means


def _shift_kernel(shift: float, margin: int, interpolation: str) -> NDArray[np.float64]:
    """Weights at -margin .. margin that give f(x + shift)."""
    distance = np.abs(np.arange(-margin, margin + 1) - shift)
    if interpolation == "bilinear":
        return np.asarray(np.clip(1.0 - distance, 0.0, 1.0))
    near = (_KEYS + 2) * distance**3 - (_KEYS + 3) * distance**2 + 1
    far = _KEYS * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return np.select([distance <= 1, distance < 2], [near, far], 0.0)


def _as_pixels(image: FloatArray, light_field: LightField) -> ImageArray:
    kind = light_field.views.dtype
    levels = np.clip(np.rint(image), 0, np.iinfo(kind).max)
    levels = levels if light_field.views.ndim == 5 else levels[..., 0]
    return levels.astype(np.uint8) if kind == np.uint8 else levels.astype(np.uint16)
