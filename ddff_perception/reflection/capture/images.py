"""From a camera's images to `PolarizedImages`: raw mosaics, or one image per polarizer angle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.mosaic import (
    ANGLES_DEG,
    LAYOUTS,
    cell_images,
    cropped_to_cells,
    demosaic,
    layout_name,
    mosaic_layout,
)
from ...optics.polarization import brightest_channel
from ...optics.srgb import srgb_decode, srgb_encode
from ...parameters import Settings, parameter
from ...types import AnyImage, FloatArray, ImageArray, InputError, PolarizedImages

RESPONSES = ("linear", "gamma", "srgb")


@dataclass(frozen=True)
class ResponseSettings(Settings):
    """How pixel values follow the light; what makes them linear."""

    response: str = parameter(
        "linear",
        "How pixel values follow the light: linear (raw images), gamma (a power law) or srgb "
        "(photographs); polarization needs it undone",
        choices=RESPONSES,
    )
    gamma: float = parameter(2.2, "Exponent of response=gamma", limits=(1.0, 4.0))
    bit_depth: int = parameter(
        0,
        "Bits that the camera fills of each value, counted from the lowest (12 in a 16-bit "
        "image); 0 is all bits of the type",
        "bit",
        (0, 16),
    )
    black_level: float = parameter(
        0.0,
        "Value of a pixel without light: as a share of the full range below 1, from 1 on in counts",
        limits=(0.0, 32767.0),
    )


@dataclass(frozen=True)
class MosaicSettings(Settings):
    """How images are taken from a mosaic, and which are refused."""

    layout: str = parameter(
        "90_45_135_0",
        "Polarizer angles of the mosaic's top left 2x2 pixels row by row, then the Bayer "
        "pattern of a colour camera",
        choices=tuple(LAYOUTS),
        spelled=layout_name,
    )
    resolution: str = parameter(
        "half",
        "Images of a mosaic: half (one pixel per 2x2 cell, all angles as seen from its middle) or "
        "full (bilinear)",
        choices=("half", "full"),
    )
    offset_known: bool = parameter(
        True,
        "Whether polarizer angle 0 is the image's horizontal axis; otherwise only the "
        "differences between the angles count",
    )
    saturation_level: float = parameter(
        0.99,
        "Share of the full range from which a value counts as saturated, and its confidence is 0",
        limits=(0.5, 1.0),
    )
    max_saturated_share: float = parameter(
        0.9, "Share of saturated pixels above which the images are refused", limits=(0.0, 1.0)
    )


# A dataclass has the fields of its last base first.
@dataclass(frozen=True)
class CaptureSettings(ResponseSettings, MosaicSettings):
    """How images become `PolarizedImages`."""


def images_from_mosaic(raw: ImageArray, settings: CaptureSettings | None = None) -> PolarizedImages:
    """The images at 0, 45, 90 and 135 degrees of a raw mosaic, H x W uint8 or uint16.

    The last rows and columns are left out where they make no whole cell of the layout. At half
    resolution the four pixels of a cell are registered (`optics.mosaic.cell_images`). What is
    interpolated from a saturated pixel counts as saturated. Raises InputError where the mosaic does
    not fit its layout, or is saturated.
    """
    settings = settings or CaptureSettings()
    split = cell_images if settings.resolution == "half" else demosaic
    layout = mosaic_layout(settings.layout)
    raw = cropped_to_cells(raw, layout)
    images = split(raw, layout)
    clipped = _clipped(raw, layout.bayer is not None, settings)
    return images_from_angles(images, ANGLES_DEG, settings, clipped)


def _clipped(raw: ImageArray, colour: bool, settings: CaptureSettings) -> NDArray[np.bool_]:
    """Where images of the mosaic are made of saturated pixels, at their resolution."""
    mask: Any = saturated_pixels([raw], settings).astype(np.uint8)
    half = settings.resolution == "half"
    if half:
        mask = np.maximum.reduce([mask[y::2, x::2] for y in (0, 1) for x in (0, 1)])
    # Colours are interpolated between neighbouring cells, full resolution between pixels beside.
    reach = colour * (1 if half else 2) + (not half)
    side = 2 * reach + 1
    return np.asarray(cv2.dilate(mask, np.ones((side, side), np.uint8)) > 0)


def images_from_angles(
    images: Sequence[ImageArray],
    angles_deg: Sequence[float],
    settings: CaptureSettings | None = None,
    clipped: NDArray[np.bool_] | None = None,
) -> PolarizedImages:
    """One image per polarizer angle, checked and made linear.

    `images`: H x W or H x W x 3 BGR, uint8 or uint16, all of one size and type; `angles_deg` of
    the polarizer's transmission axis. Images that are linear and fill their type stay as they
    are, others become float32. `clipped`: H x W, what is saturated, if more than `images` say.
    Raises InputError on sizes, types or numbers that differ, fewer
    than three angles, an angle that comes twice (modulo 180 degrees), values above `bit_depth`,
    and images that are saturated in more than `max_saturated_share` of their pixels.
    """
    settings = settings or CaptureSettings()
    known = settings.offset_known
    checked = PolarizedImages(tuple(images), tuple(float(a) for a in angles_deg), known)
    refuse_repeated(checked.angles_deg)
    clipped = saturated_pixels(images, settings) if clipped is None else clipped
    share = float(clipped.mean())
    if share > settings.max_saturated_share:
        raise InputError(
            f"{share:.0%} of the pixels are saturated, where polarization cannot be measured: "
            "shorten the exposure"
        )
    linear = tuple(linearized(image, settings) for image in images)
    return PolarizedImages(linear, checked.angles_deg, known, clipped)


def saturated_pixels(images: Sequence[ImageArray], settings: CaptureSettings) -> NDArray[np.bool_]:
    """H x W: where any channel of any image is at `saturation_level` of what the camera fills."""
    level = settings.saturation_level * _top_value(images[0], settings.bit_depth)
    brightest = images[0]
    for image in images[1:]:
        brightest = np.maximum(brightest, image)
    return np.asarray(brightest_channel(brightest) >= math.ceil(level))


def linearized(image: ImageArray, settings: ResponseSettings) -> AnyImage:
    """`image` linear in the light's intensity: itself if it is, else float32 with 1 as full range.

    Raises InputError on values above `bit_depth`.
    """
    bits, black = settings.bit_depth, settings.black_level
    top = _top_value(image, bits)
    if black >= 1.0:
        black /= top
    if black > _MOST_BLACK:
        raise InputError(
            f"black_level {settings.black_level:g} is {black:.0%} of the full range: at most "
            f"{_MOST_BLACK:.0%} are taken"
        )
    if settings.response == "linear" and black == 0.0 and top == np.iinfo(image.dtype).max:
        return image
    if int(image.max()) > top:
        raise InputError(f"pixel values reach {image.max()}, which {bits} bits do not hold")
    table = _table(int(np.iinfo(image.dtype).max), top, settings.response, settings.gamma, black)
    if image.dtype == np.uint8:
        return cv2.LUT(np.ascontiguousarray(image), table)  # type: ignore[return-value]
    return table[image]


def displayed(image: FloatArray, settings: ResponseSettings) -> FloatArray:
    """A linear image 0..1 through the camera's response again: the inverse of `linearized`.

    Clipped to 0..1; black level and bit depth are not put back.
    """
    clipped = np.clip(image, 0.0, 1.0)
    if settings.response == "linear":
        return clipped
    if settings.response == "gamma":
        return np.power(clipped, np.float32(1.0 / settings.gamma))
    return srgb_encode(clipped)


_MOST_BLACK = 0.5


@lru_cache(maxsize=8)
def _table(size_max: int, top: int, response: str, gamma: float, black: float) -> FloatArray:
    """Linear intensity per pixel value 0..`size_max`."""
    coded = np.arange(size_max + 1, dtype=np.float64) / top
    coded = np.clip((coded - black) / (1.0 - black), 0.0, 1.0)
    if response == "gamma":
        coded = coded**gamma
    elif response == "srgb":
        return srgb_decode(coded).astype(np.float32)
    return coded.astype(np.float32)


def _top_value(image: ImageArray, bits: int) -> int:
    most = image.dtype.itemsize * 8
    if bits > most:
        raise InputError(f"bit_depth {bits} is more than the {most} bits of the images")
    return (1 << (bits or most)) - 1


def refuse_repeated(angles_deg: Sequence[float]) -> None:
    """Raises InputError where two angles are one modulo 180 degrees: one image is misnamed."""
    for number, angle in enumerate(angles_deg):
        for other in angles_deg[:number]:
            if same_angle(angle, other):
                raise InputError(
                    f"polarizer angles {other:g} and {angle:g} are one (modulo 180 degrees): "
                    "give each image its own angle"
                )


def same_angle(one_deg: float, other_deg: float) -> bool:
    """Whether polarizers at these angles are one: equal modulo 180 degrees."""
    return abs((one_deg - other_deg + 90.0) % 180.0 - 90.0) < _SAME_ANGLE_DEG


_SAME_ANGLE_DEG = 0.5
