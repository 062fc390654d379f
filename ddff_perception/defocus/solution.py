"""What is known of the lens, what a method takes and finds, and what goes out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..optics.thin_lens import dioptres_of_defocus
from ..types import DepthEstimate, FloatArray, ImageArray
from .classical.edge_blur import EdgeBlur, edge_blur

SIDES = ("both", "near", "far")
# A depth counts as right within this share of itself, a disc of unknown scale within so many px.
_RIGHT_SHARE, _RIGHT_PX = 0.1, 1.0


@dataclass(frozen=True, slots=True)
class Lens:
    """What is known of the lens when an image was taken, NaN where nothing is.

    `blur_scale`: diameter of the blur disc in pixels of the image per dioptre of defocus.
    `focus_dioptres`: inverse distance of the plane in focus, 0 at infinity. `residual_px`: diameter
    of the disc that the camera blurs by what is in focus.
    """

    blur_scale: float = math.nan
    focus_dioptres: float = math.nan
    residual_px: float = 1.0

    @property
    def complete(self) -> bool:
        """Whether defocus tells depth."""
        return math.isfinite(self.blur_scale) and math.isfinite(self.focus_dioptres)

    @property
    def farthest_px(self) -> float:
        """Disc of what lies at infinity: nothing behind the plane in focus has a larger one."""
        return self.blur_scale * self.focus_dioptres if self.complete else math.inf

    def resized(self, factor: float) -> Lens:
        """Of the image `factor` times as wide."""
        return replace(self, blur_scale=self.blur_scale * factor)


@dataclass(frozen=True, slots=True)
class Photograph:
    """An `image` (H x W x 3 BGR or H x W, 8 or 16 bits), the lens that it was taken with, the side
    of the plane in focus that is assumed, and the blur of the image's edges.
    """

    image: ImageArray
    lens: Lens
    side: str
    edges: EdgeBlur

    @classmethod
    def taken(cls, image: ImageArray, lens: Lens, side: str = "both") -> Photograph:
        """The photograph with its edges measured."""
        return cls(image, lens, side, edge_blur(grey(image), lens.residual_px))


@dataclass(frozen=True, slots=True)
class DefocusMap:
    """What a method finds.

    `defocus`: H x W float32, the signed diameter of the blur disc in pixels, positive behind the
    plane in focus and negative before it. `spread`: H x W float32 px, of a Laplace distribution
    about its size. `sign`: H x W float32 in 0.5..1, the probability that the sign is right.
    `sharp`: the image with its blur undone, where the method makes one.
    """

    defocus: FloatArray
    spread: FloatArray
    sign: FloatArray
    sharp: ImageArray | None = None


@dataclass(frozen=True, slots=True)
class Noticed:
    """What an image shows as a whole.

    `anisotropy`: how much more one direction is blurred than the one across it, 1 for none.
    `sharpest_px`, `widest_px`: discs that a tenth of the pixels stay under, and are over. `beyond`:
    share of pixels blurred more than anything behind the plane in focus could be, though the side
    is far.
    """

    anisotropy: float = 1.0
    sharpest_px: float = math.nan
    widest_px: float = math.nan
    beyond: float = 0.0


@dataclass(frozen=True, slots=True)
class DefocusEstimate:
    """What goes out of one image.

    `depth`: H x W float32 metres, +inf at infinity, NaN where unknown: everywhere without a known
    lens. `other_depth`: the same with every point on the other side of the plane in focus, NaN
    where there is nothing. `confidence`: H x W, the probability that depth is within 10 % of the
    truth (without a known lens, that the disc is within a pixel). `sharp`: the image with its blur
    undone, None where it was not asked for.
    """

    photograph: Photograph
    found: DefocusMap
    depth: FloatArray
    other_depth: FloatArray
    confidence: FloatArray
    noticed: Noticed
    sharp: ImageArray | None = None

    @property
    def as_depth(self) -> DepthEstimate:
        """As depth from focus has it."""
        return DepthEstimate(self.depth, self.confidence, self.sharp)


def estimate_of(photograph: Photograph, found: DefocusMap, noticed: Noticed) -> DefocusEstimate:
    """Depth and confidence of what a method found."""
    lens = photograph.lens
    right = confidence(found, lens)
    if not lens.complete:
        unknown = np.full(found.defocus.shape, np.nan, np.float32)
        return DefocusEstimate(photograph, found, unknown, unknown, right, noticed)
    depth, beyond = _metres(found, lens, 1.0)
    other, _ = _metres(found, lens, -1.0)
    right = np.where(beyond, np.float32(0.0), right)
    noticed = replace(noticed, beyond=float(beyond.mean()))
    return DefocusEstimate(photograph, found, depth, other, right, noticed)


def confidence(found: DefocusMap, lens: Lens) -> FloatArray:
    """The probability that depth is within 10 % of the truth; see `DefocusEstimate`."""
    tolerance: Any = _RIGHT_PX
    if lens.complete:
        dioptres = dioptres_of_defocus(found.defocus, lens.focus_dioptres, lens.blur_scale)
        tolerance = _RIGHT_SHARE * lens.blur_scale * np.maximum(dioptres, 0.0)
    near = 1.0 - np.exp(-tolerance / np.maximum(found.spread, 1e-3))
    # On either side of the plane in focus a small disc says nearly the same.
    either = np.abs(found.defocus) < 0.5 * tolerance
    return np.asarray(near * np.where(either, 1.0, found.sign), np.float32)


def _metres(found: DefocusMap, lens: Lens, sign: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Depth, and where there is none because it would lie beyond infinity."""
    dioptres = dioptres_of_defocus(sign * found.defocus, lens.focus_dioptres, lens.blur_scale)
    # What the spread reaches over to may be at infinity.
    beyond = dioptres < -found.spread / lens.blur_scale
    with np.errstate(divide="ignore"):
        depth = np.where(beyond, np.nan, 1.0 / np.maximum(dioptres, 0.0))
    return np.asarray(depth, np.float32), np.asarray(beyond)


def grey(image: ImageArray) -> FloatArray:
    """H x W float32 in 0..1, as the camera encoded it."""
    plane = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    return np.multiply(plane, 1.0 / np.iinfo(image.dtype).max, dtype=np.float32)
