"""Whether images behind a polarizer can be what their angles say.

Through three angles goes always one curve `(s0 + s1 cos 2φ + s2 sin 2φ) / 2`; through four or more
only if the images belong to their angles. And no light is more polarized than it is bright. Images
that break either rule were given in the wrong order, or show different moments or views.

What cannot be told from the images: any exchange that keeps crossed polarizers crossed (0 with 90,
45 with 135, or both pairs with each other) describes light that is possible, polarized along
another axis. All layouts of a mosaic are such exchanges of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...optics.mosaic import mosaic_layout
from ...types import FloatArray, ImageArray, PolarizedImages
from .coding import seem_coded
from .images import CaptureSettings

_FULL_RANGE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
_ACROSS = 96
# Less than this share of the full range is noise, or what cameras differ in.
_LEAST_MISFIT = 0.012
_LEAST_RATIO = 0.2
_LEAST_EXCESS = 0.02
_IMPOSSIBLE_SHARE = 0.08
_CLIPPED = 0.98
_LEAST_PIXELS = 16
_CELL = 4
# Smaller images are looked at pixel by pixel.
_SMALL = 32
_ROWS = 64
_COLOUR_CONTRAST = 0.06
_MOSAIC_RATIO = 1.15


def complaint(images: PolarizedImages, raw: bool = False) -> str | None:
    """One sentence about images that contradict their angles, None where they may be right.

    Looks at means over `_CELL` x `_CELL` pixels, about 100 x 100 of them, saturated ones left out:
    they hardly see noise, nor that a mosaic's angles lie a pixel apart. `raw`: the images are of a
    mosaic. Costs less than OpenCV's Sobel of a megapixel of each image.
    """
    values = _sampled(images, _CELL if min(images.images[0].shape[:2]) >= _SMALL else 1)
    if values.shape[1] < _LEAST_PIXELS:
        return None
    double = 2.0 * np.deg2rad(np.asarray(images.angles_deg, np.float64))
    curve = np.stack([np.ones_like(double), np.cos(double), np.sin(double)], axis=1) / 2
    stokes, misfit = _fitted(curve, values)
    polarized = np.hypot(stokes[1], stokes[2])
    amplitude = float(np.sqrt(np.mean(np.square(polarized)))) / 2
    # What a mosaic's camera sends is no photograph.
    if not raw and seem_coded(curve, values):
        return (
            "the polarization is bent as where values are coded as photographs are and taken for "
            "linear ones: set response=srgb"
        )
    if misfit > max(_LEAST_MISFIT, _LEAST_RATIO * amplitude):
        return (
            f"the images do not fit their polarizer angles (off by {misfit:.1%} of full range, "
            f"polarized {amplitude:.1%}): check the order of the angles, and that all images "
            "show one moment and one view"
        )
    excess = np.mean(polarized > 1.05 * np.maximum(stokes[0], 0) + _LEAST_EXCESS)
    if excess > _IMPOSSIBLE_SHARE:
        return (
            f"{excess:.0%} of the pixels are more polarized than they are bright: check the order "
            "of the polarizer angles, and that the images are linear (response, black_level)"
        )
    return None


def mosaic_complaint(
    raw: ImageArray, images: PolarizedImages, settings: CaptureSettings
) -> str | None:
    """The same of the raw mosaic that `images` were taken from: also where a camera's raw was
    taken for another's.
    """
    if (unfilled := unfilled_complaint([raw], settings)) is not None:
        return unfilled
    layout = mosaic_layout(settings.layout)
    if layout.bayer is None and colour_contrast(raw) > _COLOUR_CONTRAST:
        return (
            "the raw image repeats every 4 pixels, as that of a colour camera: set "
            f"layout={layout.name}_rggb (or grbg, gbrg, bggr)"
        )
    return complaint(images, raw=True)


def unfilled_complaint(images: Sequence[ImageArray], settings: CaptureSettings) -> str | None:
    """One sentence about images as the camera gives them that seem to hold 12 bits low in 16."""
    if settings.bit_depth or any(image.dtype != np.uint16 for image in images):
        return None
    sampled = [image[:: max(1, image.shape[0] // _ROWS)] for image in images]
    brightest = max(int(rows.max()) for rows in sampled)
    if 0 < brightest < 1 << 12 and any((rows & 15).any() for rows in sampled):
        return "no value is above 4095, as where 12 bits lie low in 16: set bit_depth=12"
    return None


def colour_contrast(raw: ImageArray) -> float:
    """How much the four 2 x 2 cells of a 4 x 4 block differ in their mean brightness, as a share
    of it: filters of a colour camera make them differ, a scene does not.
    """
    height, width = (side - side % 4 for side in raw.shape)
    if not height or not width:
        return 0.0
    step = 4 * max(1, min(height, width) // (4 * _ACROSS))
    means = [
        float(np.mean([raw[r + y : height : step, c + x : width : step].mean()
                       for y in (0, 1) for x in (0, 1)]))
        for r in (0, 2) for c in (0, 2)
    ]  # fmt: skip
    return (max(means) - min(means)) / max(float(np.mean(means)), 1e-9)


def looks_like_a_mosaic(image: ImageArray) -> bool:
    """Whether neighbours of a grey image differ more than pixels two apart, as polarizers before
    every pixel make it, and no lens does.
    """
    values = np.asarray(image, np.float32)
    near = np.abs(np.diff(values, axis=0)).mean() + np.abs(np.diff(values, axis=1)).mean()
    apart = np.abs(values[2:] - values[:-2]).mean() + np.abs(values[:, 2:] - values[:, :-2]).mean()
    return bool(near > _MOSAIC_RATIO * apart + 1e-6)


def _fitted(curve: NDArray[np.float64], values: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """The Stokes vectors of pixels (N, P) by least squares, and what is left, as a mean error."""
    stokes = np.linalg.pinv(curve) @ values
    return stokes, float(np.sqrt(np.mean(np.square(values - curve @ stokes))))


def _sampled(images: PolarizedImages, cell: int) -> FloatArray:
    """Some pixels of each image, or means over cells of them, N x P, 0..1 of full range, without
    those that are clipped.
    """
    first = images.images[0]
    height, width = (side - side % cell for side in first.shape[:2])
    step = cell * max(1, max(height, width) // (cell * _ACROSS))
    scale = np.float32(1.0 / _FULL_RANGE[first.dtype.name])
    offsets = [(row, column) for row in range(cell) for column in range(cell)]
    rows, brightest = [], np.zeros(1, np.float32)
    for image in images.images:
        parts = [
            np.asarray(image[row:height:step, column:width:step], np.float32).ravel()
            for row, column in offsets
        ]
        brightest = np.maximum(brightest, np.max(parts, axis=0))
        rows.append(np.mean(parts, axis=0))
    values = np.stack(rows) * scale
    return np.asarray(values[:, brightest * scale < _CLIPPED], np.float32)
