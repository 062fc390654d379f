"""Images behind a polarizer laid over each other: what they have in common is where edges lie.

A polarizer changes how bright things are, reflections most. What it leaves alone is the place and
the sign of every edge, as no angle takes more from a layer than the layer has. So images are
compared with their local mean taken away and their local contrast made one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import cv2
import numpy as np

from ...capture.alignment_settings import FindsFrames, alignment_model, flow_smoothing
from ...optics.registration import (
    LEAST_CONTRAST,
    RegistrationError,
    dense_flow,
    feature_start,
    pyramid,
)
from ...optics.resampling import Matrix, source_pixels, valid_pixels
from ...parameters import Settings, parameter
from ...types import FloatArray, ImageArray

KINDS = ("none", "ecc", "flow", "features")

# Of what is left uncorrelated a shift of a sixth of a pixel explains this much, and light that the
# filter takes away, which would pull images that do not move, less.
_SHIFT_GAIN = 0.01
# Local mean and contrast are those of Gaussian windows of these deviations, in compared pixels.
_MEAN_PX, _CONTRAST_PX = 3.0, 6.0
# Share of the mean contrast, and of full range, that is noise and stays small.
_NOISE_SHARE, _NOISE = 0.1, 0.004
# `registration` takes what lies below 0 for unseen.
_OFFSET = 10.0
# A byte of the compared images that flow is found in, per unit of local contrast.
_FLOW_GAIN = 40.0
_NEARBY_PX = 2.0
NOTED_PX = 0.3
"""A motion below this is neither worth a word nor surely one."""


@dataclass(frozen=True)
class AlignmentSettings(FindsFrames, Settings):
    """How images of different polarizer angles are laid over each other."""

    alignment: str = parameter(
        "ecc",
        "how images of different angles are laid over each other (a set over its first one, frames "
        "behind a rotating filter over the newest; a mosaic's lie where they must): not at all, by "
        "an affine map or homography found nearby, by that and dense flow, or found from features "
        "however far they lie apart",
        choices=KINDS,
    )
    alignment_model: str = alignment_model()
    alignment_size: int = parameter(
        320, "images are shrunken to this longest side to find how they lie", "px", (64, 4096)
    )
    minimum_correlation: float = parameter(
        0.3,
        "alignment has failed where the edges of aligned images correlate less; frames behind a "
        "rotating filter from before are then forgotten",
        limits=(0.0, 1.0),
    )
    motion_limit_px: float = parameter(
        40.0,
        "frames behind a rotating filter that lie further off the newest one are dropped",
        "px",
        (0.5, 100000.0),
    )
    flow_smoothing: float = flow_smoothing()

    def size(self, image: ImageArray) -> int:
        """The longest side at which `image` is compared."""
        return int(min(self.alignment_size, max(image.shape[:2])))


@dataclass(frozen=True)
class Look:
    """A polarizer image of `shape` as it is compared; `plain`: its pyramid, brightness and all."""

    plain: list[FloatArray]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, image: ImageArray, settings: AlignmentSettings) -> Look:
        """That of an image, H x W or H x W x 3 in whole numbers."""
        return cls(pyramid(image, settings.size(image)), image.shape)

    @cached_property
    def levels(self) -> list[FloatArray]:
        """What is compared, coarse to fine."""
        return [_evened(level) for level in self.plain]

    @property
    def shows_something(self) -> bool:
        """Whether it is more than a plain wall."""
        return float(self.plain[-1].std()) >= LEAST_CONTRAST


def motion(fixed: Look, moving: Look, settings: AlignmentSettings) -> Matrix:
    """The matrix from pixels of `fixed` to pixels of `moving`; none between plain walls.

    Raises RegistrationError where none is found.
    """
    if not (fixed.shows_something and moving.shows_something):
        return np.eye(3)
    start = np.eye(3)
    if settings.alignment == "features":
        far = feature_start(fixed.plain, moving.plain, fixed.shape)
        # What features see where nothing moves is their error.
        start = far if displacement(far, fixed.shape) > _NEARBY_PX else start
    return settings.find(fixed.levels, moving.levels, fixed.shape, start, _SHIFT_GAIN)


def displacement(matrix: Matrix, shape: tuple[int, ...]) -> float:
    """How far `matrix` moves the corners of an image at most, pixels."""
    height, width = shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    moved = corners @ matrix.T
    shift = moved[:, :2] / moved[:, 2:] - corners[:, :2]
    return float(np.hypot(shift[:, 0], shift[:, 1]).max())


def laid_over(
    reference: ImageArray,
    others: Sequence[tuple[ImageArray, Matrix]],
    settings: AlignmentSettings,
) -> list[ImageArray]:
    """The `others`, each with the matrix from pixels of `reference` to its own, as it sees them.

    What one of them does not show is the reference's in all: there nothing is polarized. Cubic
    interpolation, since what a simpler one smooths would look polarized at every edge.
    """
    seen: list[ImageArray] = []
    valid = np.ones(reference.shape[:2], np.bool_)
    for image, matrix in others:
        flow: FloatArray | None = None
        if settings.alignment == "flow":
            flow = _flow(reference, _warped(image, matrix, None), settings)
        if flow is None and np.array_equal(matrix, np.eye(3)):
            seen.append(image)
            continue
        seen.append(_warped(image, matrix, flow))
        valid &= valid_pixels(image.shape, matrix)
    if not valid.all():
        seen = [_where(valid, image, reference) for image in seen]
    return seen


@dataclass(frozen=True, slots=True)
class AlignedSet:
    """Images over the first one. `shifts_px`: how far each lay off it; `failed`: why an image could
    not be laid over it, by its number.
    """

    images: tuple[ImageArray, ...]
    shifts_px: tuple[float, ...]
    failed: dict[int, str] = field(default_factory=dict)


def aligned_set(images: Sequence[ImageArray], settings: AlignmentSettings) -> AlignedSet:
    """One image per angle, of one size and type, laid over the first as `settings.alignment` says;
    with "none" as they are, but measured.
    """
    first = Look.of(images[0], settings)
    matrices: list[Matrix] = [np.eye(3)]
    failed: dict[int, str] = {}
    for number, image in enumerate(images[1:], 1):
        try:
            matrices.append(motion(first, Look.of(image, settings), settings))
        except RegistrationError as error:
            matrices.append(np.eye(3))
            failed[number] = str(error)
    shifts = tuple(displacement(matrix, first.shape) for matrix in matrices)
    if settings.alignment == "none":
        return AlignedSet(tuple(images), shifts, failed)
    pairs = list(zip(images[1:], matrices[1:], strict=True))
    return AlignedSet((images[0], *laid_over(images[0], pairs, settings)), shifts, failed)


def _evened(level: FloatArray) -> FloatArray:
    """`level` less its local mean, over its local contrast."""
    detail = level - cv2.GaussianBlur(level, (0, 0), _MEAN_PX)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _CONTRAST_PX))
    floor = _NOISE_SHARE * float(contrast.mean()) + _NOISE
    return np.asarray(detail / (contrast + np.float32(floor)) + np.float32(_OFFSET), np.float32)


def _warped(image: ImageArray, matrix: Matrix, flow: FloatArray | None) -> ImageArray:
    if flow is None:
        flow = np.zeros((*image.shape[:2], 2), np.float32)
    planes = np.moveaxis(source_pixels(matrix, flow), 2, 0)
    border = cv2.BORDER_REPLICATE
    seen: Any = cv2.remap(image, planes[0], planes[1], cv2.INTER_CUBIC, borderMode=border)
    return cast(ImageArray, np.asarray(seen, image.dtype))


def _flow(reference: ImageArray, image: ImageArray, settings: AlignmentSettings) -> FloatArray:
    """Dense flow between the two as they are compared."""
    size = settings.size(reference)
    evened = (_evened(pyramid(one, size)[-1]) - _OFFSET for one in (reference, image))
    grey = [np.clip(128 + _FLOW_GAIN * one, 0, 255).astype(np.uint8) for one in evened]
    small = dense_flow(grey[0], grey[1], size, settings.flow_smoothing)
    height, width = reference.shape[:2]
    scale = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
    return np.asarray(cv2.resize(small, (width, height)) * scale, np.float32)


def _where(valid: Any, image: ImageArray, reference: ImageArray) -> ImageArray:
    mask = valid if image.ndim == 2 else valid[..., None]
    return cast(ImageArray, np.asarray(np.where(mask, image, reference), image.dtype))
