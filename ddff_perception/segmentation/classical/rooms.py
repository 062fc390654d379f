"""What depth alone says of a room: floor, walls, ceiling, what one puts things on, and things."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.camera_geometry import depth_to_points
from ...parameters import Settings, parameter
from ...simulation.classes import UNLABELLED
from ...types import CameraModel, FloatArray, InputError
from ..geometry.hha import Hha, hha
from ..types import CLASSES, Labelling, RgbdFrame
from .planes import Plane, find_planes, tolerance_m

FLOOR, WALL, CEILING, TABLE, OBJECTS = (
    CLASSES.index(name) for name in ("floor", "wall", "ceiling", "table", "objects")
)
# How often a label is right on rendered rooms (docs/segmentation.md): furniture as an object is.
_RIGHT = {FLOOR: 0.88, WALL: 0.91, CEILING: 0.95, TABLE: 0.34, OBJECTS: 0.68}
_LEVEL = 0.94
# So many points tell where planes are.
_ENOUGH = 8000
_BEHIND_M = 0.15
_ABOVE_FLOOR_M = 0.3
_LOWEST_CEILING_M = 1.9
# Undersides of tables are nearer to a robot's camera; what lies over a ceiling is a wrong point.
_OVERHEAD_M, _STRAY = 0.8, 0.02
# Share of the rows below the first one that is known within which a plane ends with the picture.
_BORDER = 0.05
# Windows that normals are fitted to: stereo's errors are as wide as smaller ones.
_NORMAL_RADIUS_PX = 4


@dataclass(frozen=True)
class PlanesSettings(Settings):
    """Values of `planes`."""

    width_px: int = parameter(160, "depth is worked on at this width", "px", (40, 640))
    tolerance_m: float = parameter(
        0.03, "how far a point at 1.4 m may be off its plane", "m", (0.002, 0.5)
    )
    least_share: float = parameter(
        0.015, "planes cover this share of the measured pixels or more", limits=(0.001, 0.5)
    )
    table_low_m: float = parameter(0.35, "tables are higher than this", "m", (0.1, 2.0))
    table_high_m: float = parameter(1.2, "tables are lower than this", "m", (0.2, 3.0))
    wall_reach_m: float = parameter(
        1.1, "walls reach higher above the ground than this where they are seen", "m", (0.0, 5.0)
    )
    wall_behind: float = parameter(
        1.0,
        "behind a wall lie at most so many points as on it, times this",
        limits=(0.0, 10.0),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.table_low_m >= self.table_high_m:
            raise InputError("table_low_m must be below table_high_m")


def planes(frame: RgbdFrame, settings: PlanesSettings) -> Labelling:
    """Floor, wall, ceiling, table and objects from depth alone.

    Planes are found by RANSAC in points with normals (`width_px`), and told apart by gravity,
    height above the ground or the camera, whether the picture cuts them off, and whether anything
    is seen behind them; everything else with a depth is an object, and what has none is unlabelled.
    Furniture, chairs, sofas and beds are objects here, and the confidence takes them for right.

    Assumes: level floors, upright walls, convex rooms. Without `gravity` in the frame it is
    estimated. Raises InputError where the frame has no depth or no camera.
    """
    if frame.depth is None:
        raise InputError(
            frame.lacks
            or "the method planes needs depth: subscribe to it, or choose another method"
        )
    if frame.camera is None:
        raise InputError("the method planes needs the camera's calibration: publish camera_info")
    depth = frame.depth
    if frame.filled is not None:
        depth = np.where(frame.filled, np.float32(np.nan), depth)
    small, camera = _shrunk(depth, frame.camera, settings.width_px)
    if not np.isfinite(small).any():
        raise InputError("the depth image has no measured pixel: the method planes needs some")
    room = hha(small, camera, frame.gravity, _NORMAL_RADIUS_PX)
    labels, confidence = _labelled(small, camera, room, settings)
    return Labelling(*_grown(labels, confidence, depth))


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A view's pixels, row by row: `points` N x 3, `heights` N above the ground, both NaN unknown;
    `first`: of each column the row that is known first.
    """

    points: FloatArray
    heights: FloatArray
    first: NDArray[np.intp]
    down: FloatArray


def _labelled(
    depth: FloatArray, camera: CameraModel, room: Hha, settings: PlanesSettings
) -> tuple[NDArray[np.uint8], FloatArray]:
    cloud = depth_to_points(depth, camera).reshape(-1, 3)
    seen = _Seen(cloud, room.height.ravel(), np.isfinite(depth).argmax(axis=0), room.down)
    normals = room.normals.reshape(-1, 3)
    measured = np.isfinite(cloud[:, 2])
    oriented = np.flatnonzero(measured & np.isfinite(normals[:, 0]))
    oriented = oriented[:: 1 + len(oriented) // _ENOUGH]
    labels = np.where(measured, np.uint8(OBJECTS), np.uint8(UNLABELLED))
    least = max(20, round(settings.least_share * len(oriented)))
    found = find_planes(cloud[oriented], normals[oriented], room.down, least, settings.tolerance_m)
    tolerance = tolerance_m(np.nan_to_num(cloud[:, 2]), settings.tolerance_m)
    nearest = np.full(len(cloud), np.inf, np.float32)
    owned = [(plane, oriented[plane.points]) for plane in found]
    ceilings = [own for plane, own in owned if _kind(plane, own, seen, settings) == CEILING]
    ceiling_m = min((float(np.median(seen.heights[own])) for own in ceilings), default=np.inf)
    for plane, own in owned:
        kind = _kind(plane, own, seen, settings, ceiling_m)
        if kind is None:
            continue
        # Points without a normal beside those with one, as at edges, belong to the plane too.
        off = np.abs(cloud @ plane.normal - np.float32(plane.offset)) / tolerance
        facing = np.isnan(normals[:, 0]) | (normals @ plane.normal > 0.8)
        with np.errstate(invalid="ignore"):
            taken = (off < 1.5) & facing & (off < nearest) & _inside(cloud, cloud[own], kind)
        labels[taken] = kind
        nearest[taken] = off[taken]
    right = np.zeros(256, np.float32)
    right[list(_RIGHT)] = list(_RIGHT.values())
    sure = right[labels]
    on_plane = np.isfinite(nearest)
    sure[on_plane] *= np.exp(-0.1 * nearest[on_plane] ** 2)
    return labels.reshape(depth.shape), sure.reshape(depth.shape)


def _kind(
    plane: Plane,
    own: NDArray[np.intp],
    seen: _Seen,
    settings: PlanesSettings,
    ceiling_m: float = np.inf,
) -> int | None:
    """The class of a plane with the pixels `own`, None where it is part of a thing. `ceiling_m`:
    how high the ceiling is, where it is seen.
    """
    along = float(plane.normal @ seen.down)
    heights = seen.heights[own]
    height = float(np.median(heights))
    if along < -_LEVEL:
        if abs(height) < 4 * settings.tolerance_m:
            return FLOOR
        return TABLE if settings.table_low_m < height < settings.table_high_m else None
    if along > _LEVEL:
        return CEILING if height > _LOWEST_CEILING_M or _overhead(own, seen) else None
    if abs(along) > 0.05:
        return None
    reach = min(settings.wall_reach_m, ceiling_m - _BEHIND_M)
    if float(np.percentile(heights, 95)) < reach and not _goes_on_above(own, seen):
        return None
    return WALL if _seen_behind(plane, seen) <= settings.wall_behind * len(own) else None


def _seen_behind(plane: Plane, seen: _Seen) -> int:
    """How many points above the floor lie behind an upright plane: rooms are convex, mostly."""
    behind = seen.points @ plane.normal < plane.offset - _BEHIND_M
    return int(np.count_nonzero(behind & (seen.heights > _ABOVE_FLOOR_M)))


def _overhead(own: NDArray[np.intp], seen: _Seen) -> bool:
    """Whether these pixels lie far above the camera and next to nothing above them: a ceiling,
    though no floor is seen to measure its height from.
    """
    over = float(np.median(seen.points[own] @ -seen.down))
    above = seen.heights > float(np.median(seen.heights[own])) + _BEHIND_M
    known = int(np.count_nonzero(np.isfinite(seen.heights)))
    return over > _OVERHEAD_M and int(np.count_nonzero(above)) < _STRAY * known


def _goes_on_above(own: NDArray[np.intp], seen: _Seen) -> bool:
    """Whether the picture ends where these pixels are highest: how high they reach is not seen."""
    heights = seen.heights[own]
    rows, columns = np.divmod(own[heights >= np.percentile(heights, 90)], len(seen.first))
    ends = rows <= seen.first[columns] + round(_BORDER * len(seen.points) / len(seen.first))
    return bool(np.mean(ends) > 0.5)


def _inside(cloud: FloatArray, own: FloatArray, kind: int) -> NDArray[np.bool_]:
    """Where a plane goes on: tables end where their points do."""
    if kind != TABLE:
        return np.ones(len(cloud), np.bool_)
    low, high = np.percentile(own, [1, 99], axis=0)
    return np.asarray(((cloud >= low - 0.1) & (cloud <= high + 0.1)).all(axis=1))


def _shrunk(
    depth: FloatArray, camera: CameraModel, width_px: int
) -> tuple[FloatArray, CameraModel]:
    height, width = depth.shape
    factor = min(1.0, width_px / width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, np.float32), camera.resized(*size)


def _grown(
    labels: NDArray[np.uint8], confidence: FloatArray, depth: FloatArray
) -> tuple[NDArray[np.uint8], FloatArray]:
    """Both at the size of `depth`; nothing where that is unknown."""
    size = (depth.shape[1], depth.shape[0])
    large = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    sure = np.asarray(cv2.resize(confidence, size, interpolation=cv2.INTER_NEAREST), np.float32)
    unknown = np.isnan(depth)
    large[unknown], sure[unknown] = UNLABELLED, 0.0
    sure[large == UNLABELLED] = 0.0
    return large, sure
