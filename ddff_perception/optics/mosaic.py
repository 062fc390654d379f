"""The raw image of a division-of-focal-plane camera: a polarizer before every pixel.

The polarizers repeat every 2 x 2 pixels. A colour camera's filters lie over these: all four pixels
of a 2 x 2 cell have one colour, and the cells repeat as a Bayer pattern, every 4 x 4 pixels.
A layout's name is its angles row by row, then the Bayer pattern of a colour camera:
`90_45_135_0` is Sony's IMX250MZR, `90_45_135_0_rggb` the IMX250MYR. The raw image of another crop
of the sensor, or of a camera that mirrors its image, has another layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..types import AnyImage, ImageArray, InputError

# OpenCV names a pattern by the second row's second and third pixel.
_BAYER_TO_BGR = {
    "rggb": cv2.COLOR_BayerBG2BGR,
    "grbg": cv2.COLOR_BayerGB2BGR,
    "gbrg": cv2.COLOR_BayerGR2BGR,
    "bggr": cv2.COLOR_BayerRG2BGR,
}
_ROWS = ((90, 45, 135, 0), (45, 90, 0, 135), (135, 0, 90, 45), (0, 135, 45, 90),
         (0, 45, 135, 90), (45, 0, 90, 135), (135, 90, 0, 45), (90, 135, 45, 0))  # fmt: skip
ANGLES_DEG = (0.0, 45.0, 90.0, 135.0)
# Keys' cubic interpolation a quarter of a pixel ahead, of the pixels -2 .. 2.
_QUARTER_AHEAD = np.array([0, -9, 111, 29, -3], np.float32) / 128
# Sony's Polarsens by the letters after the number: M is monochrome, Y is colour.
_SENSORS = ("imx250", "imx253", "imx264")
_SENSOR_LAYOUTS = {"mzr": "90_45_135_0", "myr": "90_45_135_0_rggb"}


@dataclass(frozen=True, slots=True)
class MosaicLayout:
    """Where which polarizer and colour lies.

    `angles_deg`: of the pixels (0, 0), (0, 1), (1, 0), (1, 1) as row, column; `bayer`: the colours
    of the 2 x 2 cells, None for a monochrome camera.
    """

    angles_deg: tuple[int, int, int, int]
    bayer: str | None = None

    @property
    def name(self) -> str:
        colours = () if self.bayer is None else (self.bayer,)
        return "_".join([*map(str, self.angles_deg), *colours])

    @property
    def period(self) -> int:
        """After how many pixels it repeats, along rows and columns."""
        return 2 if self.bayer is None else 4

    def position(self, angle_deg: float) -> tuple[int, int]:
        """Row and column of the pixel with that polarizer in each 2 x 2 cell."""
        return divmod(self.angles_deg.index(round(angle_deg)), 2)


LAYOUTS: dict[str, MosaicLayout] = {
    layout.name: layout
    for layout in (MosaicLayout(row, b) for b in (None, *_BAYER_TO_BGR) for row in _ROWS)
}


def layout_name(text: str) -> str:
    """The name of the layout that `text` spells: `90,45,135,0,RGGB`, `IMX250MYR`, ...

    What spells none is returned as it is.
    """
    name = "_".join(re.findall("[a-z]+[0-9]+[a-z]*|[a-z]+|[0-9]+", text.lower()))
    for sensor in _SENSORS:
        if name.startswith(sensor):
            name = _SENSOR_LAYOUTS.get(name[len(sensor) :][:3], name)
    return name if name in LAYOUTS else text


def cropped_to_cells(raw: ImageArray, layout: MosaicLayout) -> ImageArray:
    """`raw` (H, W) without the last rows and columns that make no whole cell: a view."""
    period = layout.period
    height, width = (side - side % period for side in raw.shape[:2])
    return raw[:height, :width]


def mosaic_layout(name: str) -> MosaicLayout:
    """The layout of that name; raises InputError where there is none."""
    try:
        return LAYOUTS[layout_name(name)]
    except KeyError:
        raise InputError(
            f"there is no mosaic layout {name!r}: give the angles of the top left 2x2 pixels row "
            "by row as in 90_45_135_0, and _rggb or another Bayer pattern for a colour camera"
        ) from None


def check_pattern(encoding: str, layout: str) -> None:
    """Raises InputError where `encoding` says colour (bayer_*) and `layout` does not."""
    if encoding.startswith("bayer_") and mosaic_layout(layout).bayer is None:
        pattern = encoding.removeprefix("bayer_").rstrip("0123456789")
        raise InputError(
            f"the mosaic is {encoding}, but layout {layout} is that of a monochrome camera: "
            f"set layout to {layout_name(layout)}_{pattern}"
        )


def split_mosaic(raw: ImageArray, layout: MosaicLayout) -> tuple[ImageArray, ...]:
    """The images at 0, 45, 90 and 135 degrees at half the resolution, one pixel per 2 x 2 cell.

    `raw`: H x W uint8 or uint16, H and W even (multiples of 4 for colour). Monochrome images are
    views of `raw`, H/2 x W/2; they lie up to a pixel of `raw` apart. Colour images are
    demosaiced by OpenCV, H/2 x W/2 x 3 BGR. Raises InputError where `raw` is no such mosaic.
    """
    _check(raw, layout)
    views = [raw[row::2, column::2] for row, column in map(layout.position, ANGLES_DEG)]
    if layout.bayer is None:
        return tuple(views)
    code = _BAYER_TO_BGR[layout.bayer]
    return tuple(cv2.cvtColor(np.ascontiguousarray(view), code) for view in views)  # type: ignore[misc]


def cell_images(raw: ImageArray, layout: MosaicLayout) -> tuple[ImageArray, ...]:
    """As `split_mosaic`, but registered: each image as it is in the middle of the 2 x 2 cells.

    The four pixels of a cell lie a quarter of a cell off its middle, each in its own direction;
    taken as they lie, every edge looks polarized. Cubic interpolation (Keys, "Cubic convolution
    interpolation for digital image processing", 1981) smooths all four alike.
    """
    corners = map(layout.position, ANGLES_DEG)
    return tuple(
        to_cell_middle(image, *corner)
        for image, corner in zip(split_mosaic(raw, layout), corners, strict=True)
    )


def to_cell_middle(image: AnyImage, row: int, column: int) -> Any:
    """`image` of the pixels at (`row`, `column`) of each 2 x 2 cell, seen in the cells' middle."""
    across, down = (
        np.ascontiguousarray(_QUARTER_AHEAD[:: -1 if place else 1]) for place in (column, row)
    )
    # Mirrored at the outermost pixel, so that the samples' grid goes on beyond the border.
    border = cv2.BORDER_REFLECT_101
    return cv2.sepFilter2D(image, -1, across, down, borderType=border)


def demosaic(raw: ImageArray, layout: MosaicLayout) -> tuple[ImageArray, ...]:
    """The images at 0, 45, 90 and 135 degrees at full resolution, bilinear.

    `raw` as in `split_mosaic`; images H x W, or H x W x 3 BGR for colour, in the type of `raw`.
    A pixel between two or four of its angle has their mean; those beyond the outermost repeat
    the row or column on their other side.
    """
    halves = split_mosaic(raw, layout)
    corners = map(layout.position, ANGLES_DEG)
    return tuple(_spread(half, *corner) for half, corner in zip(halves, corners, strict=True))


def _spread(half: ImageArray, row: int, column: int) -> ImageArray:
    """`half` on a grid twice as fine, its pixel (0, 0) at (row, column), bilinear between."""
    height, width = half.shape[:2]
    sparse = np.zeros((2 * height, 2 * width, *half.shape[2:]), half.dtype)
    sparse[row::2, column::2] = half
    kernel = np.array([0.5, 1.0, 0.5], np.float32)
    # Mirrored at the outermost pixel, so that the samples' grid goes on beyond the border.
    border = cv2.BORDER_REFLECT_101
    return cv2.sepFilter2D(sparse, -1, kernel, kernel, borderType=border)  # type: ignore[return-value]


def _check(raw: ImageArray, layout: MosaicLayout) -> None:
    if raw.ndim != 2 or raw.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"a raw mosaic is H x W in 8 or 16 bits, not {raw.shape} {raw.dtype}: let the driver "
            "publish the raw image (mono8 or mono16)"
        )
    period = layout.period
    height, width = raw.shape
    if height % period or width % period or raw.size == 0:
        raise InputError(
            f"the mosaic is {width}x{height}, but layout {layout.name} repeats every {period} "
            "pixels: give the uncropped raw image"
        )
