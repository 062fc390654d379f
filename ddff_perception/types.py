"""The nouns that flow between capture, estimators and nodes: arrays with units, no ROS or torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

ImageArray = NDArray[np.uint8] | NDArray[np.uint16]
FloatArray = NDArray[np.float32]
AnyImage = ImageArray | FloatArray


class InputError(ValueError):
    """Input that cannot be used, with one sentence that says what to do about it.

    Commands print the sentence and exit with status 2; nodes log it (throttled), count it in
    diagnostics, and go on with the next input.
    """


def require_choice(name: str, value: str, choices: Sequence[str]) -> str:
    """`value` if it is one of `choices`; raises InputError otherwise."""
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


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

    @classmethod
    def centred(
        cls, width: int, height: int, focal_px: float, aperture_diameter_m: float | None = None
    ) -> CameraModel:
        """A camera of square pixels whose principal point is the middle of the image."""
        middle = ((width - 1) / 2, (height - 1) / 2)
        return cls(width, height, focal_px, focal_px, *middle, aperture_diameter_m)

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

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the image."""
        return self.image.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the image."""
        return self.image.dtype

    def changed(
        self,
        change: Callable[[ImageArray], ImageArray],
        image: ImageArray | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> FocusSlice:
        """The slice with what `change` makes of its image: one of the same type, and size unless
        `shape` is another. `image` is what it makes where that is at hand.
        """
        return replace(self, image=change(self.image) if image is None else image)


class SliceImages(Sequence[ImageArray]):
    """The images of slices, each taken when it is looked at."""

    def __init__(self, slices: Sequence[FocusSlice]) -> None:
        self._slices = slices

    def __len__(self) -> int:
        return len(self._slices)

    @overload
    def __getitem__(self, index: int) -> ImageArray: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ImageArray]: ...
    def __getitem__(self, index: int | slice) -> ImageArray | Sequence[ImageArray]:
        if isinstance(index, slice):
            return SliceImages(self._slices[index])
        return self._slices[index].image

    def __iter__(self) -> Iterator[ImageArray]:
        return (item.image for item in self._slices)


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
        first = self.slices[0]
        for number, item in enumerate(self.slices):
            if item.shape != first.shape or item.dtype != first.dtype:
                raise InputError(
                    f"slice {number} is {item.shape} {item.dtype}, slice 0 is "
                    f"{first.shape} {first.dtype}: all slices must have one size and type"
                )

    @property
    def focus_distances_m(self) -> NDArray[np.float64]:
        """Focus distance per slice, shape (S,), metres."""
        return np.array([item.focus_distance_m for item in self.slices], dtype=np.float64)

    @property
    def images(self) -> Sequence[ImageArray]:
        return SliceImages(self.slices)

    @property
    def newest_stamp_ns(self) -> int:
        return max(item.stamp_ns for item in self.slices)


NO_SOURCE = 65535
"""In `DepthEstimate.source`, where no slice shows the pixel."""


@dataclass(frozen=True, slots=True)
class DepthEstimate:
    """What a focal stack says about the scene, pixel by pixel.

    `depth`: H x W float32, metres along the optical axis, NaN where unknown; +inf where the scene
    is at infinity. `confidence`: H x W float32 in 0..1, the probability that the depth is within
    10 % of the truth. `all_in_focus`: H x W x 3 (or H x W) in the type of the slices, None if it
    was not asked for. `relative`: the focus distances were unknown, and `depth` is the position
    in the sweep, 0 for the first slice to 1 for the last. `timings_ms`: milliseconds per stage of
    the last update. `source`: H x W uint16, the place in the sweep of the slice that each pixel of
    `all_in_focus` is mostly of, 0 for the farthest focus (or the first slice), `NO_SOURCE` where
    there is none; None if it was not asked for.
    """

    depth: FloatArray
    confidence: FloatArray
    all_in_focus: ImageArray | None = None
    relative: bool = False
    timings_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    source: NDArray[np.uint16] | None = None

    @property
    def coverage(self) -> float:
        """Share of pixels with a depth, 0..1."""
        return float(np.mean(~np.isnan(self.depth)))


@dataclass(frozen=True, slots=True)
class PolarizedImages:
    """One scene through a linear polarizer at three or more angles, all of one size and type.

    `images`: H x W grey or H x W x 3 BGR, linear in the light's intensity (a response curve has
    been undone): uint8 and uint16 with 255 and 65535 as 1, float32 as it is. `angles_deg`: angle
    of the polarizer's transmission axis per image, degrees; it turns the way that the camera's
    angles are counted. `offset_known`: whether angle 0 is the image's x axis; otherwise only the
    differences between the angles count, and angles of polarization are relative to the first.
    `clipped`: H x W, where what the camera measured was at the top of its range, if more is known
    of that than the images show.

    Raises InputError on fewer than three images, on sizes or types that differ, and on fewer than
    three angles that differ modulo 180 degrees.
    """

    images: tuple[AnyImage, ...]
    angles_deg: tuple[float, ...]
    offset_known: bool = True
    clipped: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if len(self.images) != len(self.angles_deg):
            raise InputError(
                f"there are {len(self.images)} polarizer images but {len(self.angles_deg)} angles: "
                "give one angle per image"
            )
        angles = np.asarray(self.angles_deg, dtype=np.float64)
        if not np.isfinite(angles).all():
            raise InputError("the polarizer angles must be finite numbers of degrees")
        if _distinct_axes(angles) < 3:
            raise InputError(
                "polarization needs images at three or more different polarizer angles, and "
                f"{', '.join(f'{angle:g}' for angle in angles)} degrees are fewer (modulo 180)"
            )
        for number, image in enumerate(self.images):
            self._check_image(number, image)

    def _check_image(self, number: int, image: AnyImage) -> None:
        first = self.images[0]
        if image.shape != first.shape or image.dtype != first.dtype:
            raise InputError(
                f"polarizer image {number} is {image.shape} {image.dtype}, image 0 is "
                f"{first.shape} {first.dtype}: all must have one size and type"
            )
        grey_or_colour = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
        if not grey_or_colour or image.size == 0 or image.dtype.name not in _IMAGE_TYPES:
            raise InputError(
                f"polarizer images must be H x W or H x W x 3 in {', '.join(_IMAGE_TYPES)}, not "
                f"{image.shape} {image.dtype}"
            )


@dataclass(frozen=True, slots=True)
class LayerPair:
    """What lies behind a semi-reflecting surface and what is mirrored in it.

    `transmission`, `reflection`: H x W or H x W x 3 (as the input) float32, linear, 0..1 of the
    camera's range. `confidence`: H x W float32 in 0..1, 0 where the polarization says nothing
    about the layers; None where the method has no measure of it.
    """

    transmission: FloatArray
    reflection: FloatArray
    confidence: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class LightFieldCalibration:
    """Where the views of a light field were taken from: a regular grid of parallel cameras.

    `baseline_m`: metres between neighbouring views, the same along rows and columns. `camera`:
    pinhole camera of the centre view. `zero_disparity_m`: metres along the optical axis to the
    plane that all views show at the same pixel; +inf where the views were not shifted.
    """

    baseline_m: float
    camera: CameraModel
    zero_disparity_m: float = np.inf

    def __post_init__(self) -> None:
        if not 0 < self.baseline_m < np.inf or not self.zero_disparity_m > 0:
            raise InputError("a light field's baseline and zero-disparity plane must be metres > 0")

    def disparity_px(self, distance_m: float | NDArray[np.floating]) -> NDArray[np.float64]:
        """Pixels between neighbouring views: b f (1 / Z - 1 / Z0), positive in front of Z0."""
        with np.errstate(divide="ignore"):
            dioptres = np.divide(1.0, np.asarray(distance_m, np.float64))
        return np.asarray(self._scale * (dioptres - 1.0 / self.zero_disparity_m))

    def distance_m(self, disparity_px: float | NDArray[np.floating]) -> NDArray[np.float64]:
        """Metres along the optical axis; +inf at infinity, NaN beyond it, where nothing is."""
        dioptres = np.asarray(disparity_px, np.float64) / self._scale + 1.0 / self.zero_disparity_m
        dioptres = np.where(np.abs(dioptres) < _INFINITY_DPT, 0.0, dioptres)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(dioptres >= 0, 1.0 / np.abs(dioptres), np.nan)

    @property
    def _scale(self) -> float:
        return self.baseline_m * self.camera.fx


@dataclass(frozen=True, slots=True)
class LightField:
    """One scene through a grid of sub-apertures, or from a grid of cameras.

    `views`: V x U x H x W x 3 BGR or V x U x H x W grey, uint8 or uint16; V rows of views from top
    to bottom, U columns from left to right. A point with disparity d px lies d px further left in
    the next view to the right, and d px further up in the next view below. `calibration` is None
    where unknown.
    """

    views: ImageArray
    calibration: LightFieldCalibration | None = None

    def __post_init__(self) -> None:
        shape = self.views.shape
        images = len(shape) == 4 or (len(shape) == 5 and shape[4] == 3)
        if not images or 0 in shape or self.views.dtype not in (np.uint8, np.uint16):
            raise InputError(
                "a light field must be V x U x H x W x 3 or V x U x H x W, 8 or 16 bits, not "
                f"{shape} {self.views.dtype}"
            )
        if self.calibration is not None:
            camera = self.calibration.camera
            if (camera.height, camera.width) != shape[2:4]:
                raise InputError(
                    f"the calibration is of {camera.width}x{camera.height} pixels, the views of "
                    f"the light field have {shape[3]}x{shape[2]}"
                )

    @property
    def centre(self) -> tuple[int, int]:
        """Row and column of the centre view."""
        return self.views.shape[0] // 2, self.views.shape[1] // 2

    def view(self, row: int, column: int) -> ImageArray:
        """The image of one sub-aperture."""
        image: ImageArray = self.views[row, column]
        return image


_IMAGE_TYPES = ("uint8", "uint16", "float32")
# What is nearer to infinity than this lies at infinity: rounding.
_INFINITY_DPT = 1e-9
# Axes closer than this are one angle: the system of equations has no third one.
_SAME_AXIS_DEG = 0.5


def _distinct_axes(angles_deg: NDArray[np.float64]) -> int:
    """Number of angles that differ modulo 180 degrees."""
    axes = np.sort(np.mod(angles_deg, 180.0))
    gaps = np.diff(axes, append=axes[:1] + 180.0)
    return int(np.count_nonzero(gaps > _SAME_AXIS_DEG))
