"""The slices of a whole focal stack laid over one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.lens_table import LensTable
from ...optics.registration import (
    RegistrationError,
    feature_start,
    grey_of_size,
    motion_score,
    pyramid,
)
from ...optics.resampling import Matrix, on_grid, valid_pixels, warp, warp_by_flow
from ...parameters import Value
from ...types import FloatArray, FocalStack, FocusSlice, ImageArray
from .alignment_settings import AlignmentSettings, breathing_matrix

_SIZE_PX = 640
# A slice with less of the usual sharpness shows nothing that others could be laid over.
_BLURRED = 0.3


@dataclass(frozen=True, slots=True)
class AlignedStack:
    """A stack in one view.

    `stack`: the slices in their given order, resampled; `valid`: S x H x W, False where a slice
    does not see the pixel and repeats its border; `weights`: (S,) 0..1, lower where the alignment
    failed or left motion; `matrices`: S x 3 x 3 from pixels of the common view to pixels of the
    slice (before dense flow); `residual_px`: (S,) translation left against the neighbour in focus;
    `failed`: numbers of slices that could not be registered and lie as their neighbour does.
    """

    stack: FocalStack
    valid: NDArray[np.bool_]
    weights: FloatArray
    matrices: NDArray[np.float64]
    residual_px: FloatArray
    failed: tuple[int, ...]

    def displaced_px(self) -> float:
        """How far the slices lay apart: of the slice that lay off the most, the mean over the
        image's corners, pixels.
        """
        height, width = self.valid.shape[1:]
        corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]).T
        there = self.matrices @ corners
        moved = there[:, :2] / there[:, 2:] - corners[:2]
        return float(np.hypot(moved[:, 0], moved[:, 1]).mean(axis=1).max())


@dataclass(slots=True)
class _Aligned:
    """A slice in the common view: where it was found, and the matrix that it is resampled by."""

    image: ImageArray
    found: Matrix
    matrix: Matrix
    valid: NDArray[np.bool_]
    breathing: Matrix
    residual_px: float = 0.0
    failed: bool = False


def align_stack(
    stack: FocalStack,
    kind: str,
    table: LensTable | None = None,
    progress: Callable[[], None] | None = None,
    parameters: Mapping[str, Value] | None = None,
) -> AlignedStack:
    """Lays the slices of `stack` over the one in the middle of the sweep, or where that is blurred
    through and through, over the sharp one next to it.

    `kind` as the parameter `alignment`; with `table` the common view has the table's reference
    magnification (and the camera's intrinsics hold for it), otherwise the middle slice's. Each
    slice is registered to its neighbour in focus, whose blur is the most alike, outwards from the
    middle: errors add up along the sweep, but neighbours, between which depth is decided, lie
    well. Slices without focus distance are taken to be in the order of the sweep. `progress` is
    called once per slice. Raises InputError on a bad parameter or a missing lens table.
    """
    settings = AlignmentSettings.complete({**(parameters or {}), "alignment": kind}, table)
    aligner = _StackAligner(stack, settings, table)
    order = _order_of_focus(stack)
    done: dict[int, _Aligned] = {}
    for index, neighbour in _outwards(order, _shows_something(stack, order)):
        done[index] = aligner.align(index, None if neighbour is None else done[neighbour])
        if progress is not None:
            progress()
    return _collect(stack, [done[index] for index in range(len(order))], settings)


class _StackAligner:
    def __init__(
        self, stack: FocalStack, settings: AlignmentSettings, table: LensTable | None
    ) -> None:
        self._stack = stack
        self._settings = settings
        self._table = table
        camera = stack.camera
        self._principal_point = None if camera is None else (camera.cx, camera.cy)

    def align(self, index: int, neighbour: _Aligned | None) -> _Aligned:
        item = self._stack.slices[index]
        breathing = self._breathing(item)
        if self._settings.alignment in ("none", "breathing") or neighbour is None:
            aligned = self._warped(item, breathing, breathing)
        else:
            aligned = self._registered(item, breathing, neighbour)
        if neighbour is not None:
            aligned.residual_px = motion_score(neighbour.image, aligned.image)
        return aligned

    def _breathing(self, item: FocusSlice) -> Matrix:
        if self._settings.alignment == "none":
            return np.eye(3)
        return breathing_matrix(
            self._table, item.focus_distance_m, item.image.shape, self._principal_point
        )

    def _warped(self, item: FocusSlice, found: Matrix, breathing: Matrix) -> _Aligned:
        matrix = on_grid(found, item.image.shape)
        valid = valid_pixels(item.image.shape, matrix)
        return _Aligned(warp(item.image, matrix), found, matrix, valid, breathing)

    def _registered(self, item: FocusSlice, breathing: Matrix, neighbour: _Aligned) -> _Aligned:
        settings = self._settings
        initial = breathing @ np.linalg.inv(neighbour.breathing) @ neighbour.matrix
        reference, moving = (
            pyramid(one, settings.size(_SIZE_PX)) for one in (neighbour.image, item.image)
        )
        matrix, failed = self._found(reference, moving, item.image.shape, initial)
        # The neighbour was found at `found` and lies at `matrix`: what that leaves is not motion.
        left = np.linalg.inv(neighbour.matrix) @ neighbour.found
        aligned = self._warped(item, matrix @ left, breathing)
        aligned.failed = failed
        if settings.alignment == "flow":
            flow = settings.flow(neighbour.image, aligned.image, settings.size(_SIZE_PX))
            aligned.image, aligned.valid = warp_by_flow(item.image, aligned.matrix, flow)
        return aligned

    def _found(
        self,
        reference: Sequence[FloatArray],
        moving: Sequence[FloatArray],
        shape: tuple[int, ...],
        initial: Matrix,
    ) -> tuple[Matrix, bool]:
        """The matrix, from nearby or else from features; `initial` and True where both fail."""
        find = self._settings.find
        try:
            return find(reference, moving, shape, initial), False
        except RegistrationError:
            pass
        try:
            start = feature_start(reference, moving, shape)
            return find(reference, moving, shape, start), False
        except RegistrationError:
            return initial, True


def _order_of_focus(stack: FocalStack) -> list[int]:
    """Indices from far to near, or as given where a distance is unknown."""
    distances = stack.focus_distances_m
    if np.isnan(distances).any():
        return list(range(len(distances)))
    return [int(index) for index in np.argsort(1.0 / distances, kind="stable")]


def _shows_something(stack: FocalStack, order: list[int]) -> list[bool]:
    """For each place in `order`, whether others can be laid over its slice."""
    sharpness = [_sharpness(stack.slices[index].image) for index in order]
    least = _BLURRED * float(np.median(sharpness))
    return [value >= least for value in sharpness]


def _sharpness(image: ImageArray) -> float:
    grey = grey_of_size(image, _SIZE_PX)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std())


def _outwards(order: list[int], shows: list[bool]) -> list[tuple[int, int | None]]:
    """Each slice with the neighbour nearer to the middle that comes before it: from the slice that
    `shows` something in or next to the middle on, past those that do not.
    """
    middle = len(order) // 2
    start = min((at for at, show in enumerate(shows) if show), key=lambda at: abs(at - middle))
    pairs: list[tuple[int, int | None]] = [(order[start], None)]
    for places in (range(start + 1, len(order)), range(start - 1, -1, -1)):
        neighbour = start
        for at in places:
            pairs.append((order[at], order[neighbour]))
            neighbour = at if shows[at] else neighbour
    return pairs


def _collect(
    stack: FocalStack, aligned: list[_Aligned], settings: AlignmentSettings
) -> AlignedStack:
    slices = tuple(
        FocusSlice(one.image, item.focus_distance_m, item.stamp_ns)
        for one, item in zip(aligned, stack.slices, strict=True)
    )
    weights = [
        settings.weight(one.residual_px) * (settings.failed_weight if one.failed else 1.0)
        for one in aligned
    ]
    return AlignedStack(
        FocalStack(slices, stack.camera),
        np.stack([one.valid for one in aligned]),
        np.array(weights, np.float32),
        np.stack([one.matrix for one in aligned]),
        np.array([one.residual_px for one in aligned], np.float32),
        tuple(number for number, one in enumerate(aligned) if one.failed),
    )
