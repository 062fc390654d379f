"""A polarization folder as a camera sees it: as a raw mosaic, per angle, or filter by filter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from ...files.polarization_folder import PolarizationFolder, layer_pair, read_polarization
from ...optics.mosaic import ANGLES_DEG, MosaicLayout, mosaic_layout, to_cell_middle
from ...optics.polarization import intensity_behind_polarizer, stokes_from_images
from ...types import CameraModel, ImageArray, InputError, require_choice
from ..focus_camera.sources import add_noise

DEMO_PANE = Path(__file__).resolve().parents[2] / "data" / "demo_pane"
"""The polarization folder that comes with the package."""

CAMERAS = ("mosaic", "angles", "rotating")
ANGLE_TOPICS = ("image_a", "image_b", "image_c", "image_d")
_INVERSIONS = 16
_BLUE_GREEN_RED = {"b": 0, "g": 1, "r": 2}
# Frames after which the swaying camera is where it was, in x and in y.
_SWAY_FRAMES = (17, 23)


@dataclass(frozen=True, slots=True)
class PolarizerSettings:
    """What kind of polarization camera there is, and how badly it behaves.

    `camera`: one of CAMERAS. `layout`: of the mosaic. `angles_deg`: polarizer angles of "angles"
    and "rotating", empty for those of the folder. `noise`: standard deviation in 8-bit grey levels.
    `sway_px`: how far the camera moves to and fro, pixels.
    """

    camera: str = "mosaic"
    layout: str = "90_45_135_0"
    angles_deg: tuple[float, ...] = ()
    noise: float = 0.0
    sway_px: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        require_choice("camera", self.camera, CAMERAS)
        if self.camera == "angles" and len(self.angles_deg) > len(ANGLE_TOPICS):
            raise InputError(f"there are topics for {len(ANGLE_TOPICS)} polarizer angles at most")


@dataclass(frozen=True, slots=True)
class PolarizerFrame:
    """What the camera publishes at one instant.

    `images` by topic; `filter_rad`: where a rotating filter stands, None without one; `truth`: true
    transmission and reflection in this view, None where they are not known.
    """

    images: Mapping[str, ImageArray]
    filter_rad: float | None = None
    truth: tuple[ImageArray, ImageArray] | None = None


@dataclass(frozen=True)
class PolarizerCamera:
    """Frame after frame of a scene behind glass. The same number gives the same frame.

    Raises InputError where the folder does not suit the kind of camera.
    """

    content: PolarizationFolder
    settings: PolarizerSettings
    _images: tuple[ImageArray, ...] = field(init=False)
    _angles: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.settings.camera == "mosaic":
            angles: tuple[float, ...] = ANGLES_DEG
        else:
            angles = self.settings.angles_deg or self.content.angles_deg
        if self.settings.camera == "angles" and len(angles) > len(ANGLE_TOPICS):
            raise InputError(f"there are topics for {len(ANGLE_TOPICS)} polarizer angles at most")
        object.__setattr__(self, "_angles", tuple(angles))
        object.__setattr__(self, "_images", images_at(self.content, angles))
        self.frame(0)

    @property
    def camera(self) -> CameraModel | None:
        """The camera of the images as they are published."""
        camera = self.content.camera
        return None if camera is None else camera.resized(*self.size)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images as they are published."""
        height, width = self._images[0].shape[:2]
        double = 2 if self.settings.camera == "mosaic" else 1
        return double * width, double * height

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """The polarizer angles, in order."""
        return self._angles

    def frame(self, number: int) -> PolarizerFrame:
        """The frame of that number, from 0."""
        random = np.random.default_rng([self.settings.seed, number])
        shift = self._sway(number)
        pair = layer_pair(self.content)
        truth = None if pair is None else (shifted(pair[0], shift), shifted(pair[1], shift))
        if self.settings.camera == "rotating":
            index = number % len(self._images)
            image = self._noisy(shifted(self._images[index], shift), random)
            turn = 180.0 * (number // len(self._images))
            return PolarizerFrame(
                {"image_rect": image}, math.radians(self._angles[index] + turn), truth
            )
        images = [shifted(image, shift) for image in self._images]
        if self.settings.camera == "angles":
            noisy = [self._noisy(image, random) for image in images]
            return PolarizerFrame(dict(zip(ANGLE_TOPICS, noisy, strict=False)), truth=truth)
        raw = mosaic_of(images, mosaic_layout(self.settings.layout))
        return PolarizerFrame({"image_raw": self._noisy(raw, random)}, truth=truth)

    def _noisy(self, image: ImageArray, random: np.random.Generator) -> ImageArray:
        return add_noise(image, self.settings.noise, random)

    def _sway(self, number: int) -> tuple[float, float]:
        x, y = (math.sin(2 * math.pi * number / period) for period in _SWAY_FRAMES)
        return self.settings.sway_px * x, self.settings.sway_px * y


def open_polarization(path: Path | None) -> PolarizationFolder:
    """The polarization folder at `path`, the package's own for None."""
    if path is None and not DEMO_PANE.is_dir():
        raise InputError("the package has no pane of its own here: set the parameter source")
    return read_polarization(DEMO_PANE if path is None else path)


def images_at(content: PolarizationFolder, angles_deg: Sequence[float]) -> tuple[ImageArray, ...]:
    """The images behind a polarizer at `angles_deg`: those of the folder, else by least squares."""
    known = dict(zip(content.angles_deg, content.images, strict=True))
    if all(angle in known for angle in angles_deg):
        return tuple(known[angle] for angle in angles_deg)
    kind = content.images[0].dtype
    top = np.iinfo(kind).max
    stokes = stokes_from_images(content.images, content.angles_deg)
    made = []
    for angle in angles_deg:
        light = intensity_behind_polarizer(stokes, angle) * np.float32(top)
        made.append(known.get(angle, np.clip(np.rint(light), 0, top).astype(kind)))
    return tuple(made)


def mosaic_of(images: Sequence[ImageArray], layout: MosaicLayout) -> ImageArray:
    """The raw image that a camera with a polarizer before each pixel takes, 2 H x 2 W.

    `images`: H x W or H x W x 3 at 0, 45, 90 and 135 degrees; a colour layout takes one channel
    of each pixel (grey images in each), a monochrome one the mean of the channels. Each pixel sees
    what lies at its own place: `optics.mosaic.cell_images` gives the images back.
    """
    height, width = images[0].shape[:2]
    if layout.bayer is not None and (height % 2 or width % 2):
        raise InputError(f"a colour mosaic needs images of even size, not {width}x{height}")
    raw = np.empty((2 * height, 2 * width), images[0].dtype)
    for angle, image in zip(ANGLES_DEG, images, strict=True):
        row, column = layout.position(angle)
        raw[row::2, column::2] = _one_channel(_at_pixels(image, row, column), layout.bayer)
    return raw


def _at_pixels(image: ImageArray, row: int, column: int) -> ImageArray:
    """`image`, seen in the middle of 2 x 2 cells, as their pixels at (row, column) see it."""
    wanted = image.astype(np.float32)
    seen = wanted.copy()
    for _ in range(_INVERSIONS):
        seen += wanted - to_cell_middle(seen, row, column)
    top = np.iinfo(image.dtype).max
    return cast(ImageArray, np.clip(np.rint(seen), 0, top).astype(image.dtype))


def _one_channel(image: ImageArray, bayer: str | None) -> ImageArray:
    if image.ndim == 2:
        return image
    if bayer is None:
        return cast(ImageArray, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    result = np.empty(image.shape[:2], image.dtype)
    for number, colour in enumerate(bayer):
        row, column = divmod(number, 2)
        result[row::2, column::2] = image[row::2, column::2, _BLUE_GREEN_RED[colour]]
    return result


def shifted(image: ImageArray, shift: tuple[float, float]) -> ImageArray:
    """`image` moved by `shift` = (x, y) pixels; what comes in repeats the border."""
    if shift == (0.0, 0.0):
        return image
    matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    size = (image.shape[1], image.shape[0])
    return cast(
        ImageArray,
        cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
    )
