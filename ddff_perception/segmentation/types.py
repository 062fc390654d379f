"""What flows through segmentation: an RGB-D frame in, a labelling out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..simulation.classes import NYU13, UNLABELLED
from ..types import CameraModel, FloatArray, InputError

CLASSES = NYU13
"""The names of the labels, in their order."""


@dataclass(frozen=True, slots=True)
class RgbdFrame:
    """One instant of an RGB-D camera; all that is given lies on one pixel grid, H x W.

    `colour`: uint8 BGR H x W x 3. `depth`: float32 metres along the optical axis, NaN unknown.
    `filled`: bool H x W, True where the depth was not measured but taken from around. `camera`: of
    this grid. `gravity`: float32 (3,), unit vector that points down, in the optical frame. Each is
    None where it is not there. `lacks`: why depth that came cannot be looked at, "" where it can or
    none came. Raises InputError without colour and depth, and where sizes or types
    do not fit.
    """

    colour: NDArray[np.uint8] | None = None
    depth: FloatArray | None = None
    filled: NDArray[np.bool_] | None = None
    camera: CameraModel | None = None
    gravity: FloatArray | None = None
    lacks: str = ""

    def __post_init__(self) -> None:
        given = [image for image in (self.colour, self.depth, self.filled) if image is not None]
        if self.colour is None and self.depth is None:
            raise InputError("there is neither colour nor depth: give one of them")
        if self.colour is not None and (
            self.colour.ndim != 3 or self.colour.shape[2] != 3 or self.colour.dtype != np.uint8
        ):
            raise InputError(f"colour must be H x W x 3 of 8 bits, not {self.colour.shape}")
        if self.depth is not None and (self.depth.ndim != 2 or self.depth.dtype != np.float32):
            raise InputError(f"depth must be H x W float32 metres, not {self.depth.shape}")
        sizes = {image.shape[:2] for image in given}
        if self.camera is not None:
            sizes.add((self.camera.height, self.camera.width))
        if len(sizes) > 1:
            texts = " and ".join(sorted(f"{width}x{height}" for height, width in sizes))
            raise InputError(f"colour, depth and camera are of {texts} pixels: register them first")

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        image = self.colour if self.depth is None else self.depth
        assert image is not None
        return image.shape[0], image.shape[1]


@dataclass(frozen=True, slots=True)
class Labelling:
    """What each pixel shows.

    `labels`: uint8 H x W, index into `CLASSES`, 255 unlabelled. `confidence`: float32 H x W, 0..1,
    probability that the label is right; 0 where there is none. The size is the frame's or a smaller
    one of the same shape.
    """

    labels: NDArray[np.uint8]
    confidence: FloatArray

    def kept(self, classes: Sequence[int], least: float) -> Labelling:
        """Unlabelled where the class is none of `classes` or the confidence below `least`."""
        keep = np.zeros(256, np.bool_)
        keep[list(classes)] = True
        lost = ~keep[self.labels] | (self.confidence < least)
        return replace(
            self,
            labels=np.where(lost, np.uint8(UNLABELLED), self.labels),
            confidence=np.where(lost, np.float32(0), self.confidence),
        )
