"""The nouns that flow between capture, estimators and nodes: arrays with units, no ROS or torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

ImageArray = NDArray[np.uint8] | NDArray[np.uint16]
FloatArray = NDArray[np.float32]


class InputError(ValueError):
    """Input that cannot be used, with one sentence that says what to do about it.

    Commands print the sentence and exit with status 2; nodes log it (throttled), count it in
    diagnostics, and go on with the next input.
    """


@dataclass(frozen=True, slots=True)
class CameraModel:
    """Pinhole camera of a rectified image, in its optical frame (REP-103: z forward, x right,
    y down).

    `width`, `height` in pixels; focal lengths `fx`, `fy` and principal point `cx`, `cy` in
    pixels, pixel centres at integer coordinates. `aperture_diameter_m` is the diameter of the
    entrance pupil in metres, None where unknown.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    aperture_diameter_m: float | None = None

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InputError(f"camera size {self.width}x{self.height} must be positive")
        values = (self.fx, self.fy, self.cx, self.cy)
        if not all(np.isfinite(v) for v in values) or self.fx <= 0 or self.fy <= 0:
            raise InputError("camera intrinsics must be finite with fx, fy > 0")
        aperture = self.aperture_diameter_m
        if aperture is not None and not 0 < aperture < np.inf:
            raise InputError(f"the camera's aperture_diameter_m must be metres > 0, not {aperture}")

    def resized(self, width: int, height: int) -> CameraModel:
        """The same camera after its image was resampled to `width` x `height` pixels."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            width=width,
            height=height,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
        )

    def cropped(self, x: int, y: int, width: int, height: int) -> CameraModel:
        """The same camera after a crop whose top left pixel is (x, y)."""
        return replace(self, width=width, height=height, cx=self.cx - x, cy=self.cy - y)


@dataclass(frozen=True, slots=True)
class FocusSlice:
    """One image of a focus sweep.

    `image`: H x W x 3 BGR or H x W grey, uint8 or uint16. `focus_distance_m`: metres along the
    optical axis to the plane in focus; +inf is infinity, NaN unknown. `stamp_ns`: acquisition
    time in nanoseconds.
    """

    image: ImageArray
    focus_distance_m: float
    stamp_ns: int = 0


@dataclass(frozen=True, slots=True)
class FocalStack:
    """The slices of one sweep, in any order, all of one size and type.

    `camera` is None where the calibration is unknown: depth is still estimated, a point cloud
    is not. All focus distances NaN means that they are unknown: the depth is then relative.
    """

    slices: tuple[FocusSlice, ...]
    camera: CameraModel | None = None

    def __post_init__(self) -> None:
        if not self.slices:
            raise InputError("a focal stack needs at least one slice")
        first = self.slices[0].image
        for number, item in enumerate(self.slices):
            if item.image.shape != first.shape or item.image.dtype != first.dtype:
                raise InputError(
                    f"slice {number} is {item.image.shape} {item.image.dtype}, slice 0 is "
                    f"{first.shape} {first.dtype}: all slices must have one size and type"
                )

    @property
    def focus_distances_m(self) -> NDArray[np.float64]:
        """Focus distance per slice, shape (S,), metres."""
        return np.array([item.focus_distance_m for item in self.slices], dtype=np.float64)

    @property
    def images(self) -> Sequence[ImageArray]:
        return [item.image for item in self.slices]

    @property
    def newest_stamp_ns(self) -> int:
        return max(item.stamp_ns for item in self.slices)


@dataclass(frozen=True, slots=True)
class DepthEstimate:
    """What a focal stack says about the scene, pixel by pixel.

    `depth`: H x W float32, metres along the optical axis, NaN where unknown; +inf where the scene
    is at infinity. `confidence`: H x W float32 in 0..1, the probability that the depth is within
    10 % of the truth. `all_in_focus`: H x W x 3 (or H x W) in the type of the slices, None if it
    was not asked for. `relative`: the focus distances were unknown, and `depth` is the position
    in the sweep, 0 for the first slice to 1 for the last. `timings_ms`: milliseconds per stage of
    the last update.
    """

    depth: FloatArray
    confidence: FloatArray
    all_in_focus: ImageArray | None = None
    relative: bool = False
    timings_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def coverage(self) -> float:
        """Share of pixels with a depth, 0..1."""
        return float(np.mean(~np.isnan(self.depth)))
