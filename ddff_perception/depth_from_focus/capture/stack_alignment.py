"""The slices of a whole focal stack laid over one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.lens_table import LensTable
from ...optics.registration import (
    RegistrationError,
    Spectrum,
    enlarged_flow,
    feature_start,
    grey_of_size,
    motion_between,
    pyramid,
    scaling,
    shrunk,
    spectrum,
)
from ...optics.resampling import Matrix, on_grid, valid_pixels, warp, warp_by_flow
from ...parameters import Value
from ...types import FloatArray, FocalStack, FocusSlice, ImageArray
from .alignment_settings import AlignmentSettings, breathing_matrix

_SIZE_PX = 640
# A slice with less of the usual sharpness shows nothing that others could be laid over.
_BLURRED = 0.3
# A slice that lies so near to the middle of the views is not resampled.
_SAME_VIEW_PX = 1.0
_WEISZFELD_STEPS = 50
_FORGOTTEN: ImageArray = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class AlignedStack:
    """A stack in one view.

    `stack`: the slices in their given order, resampled (stored ones when they are looked at);
    `weights`: (S,) 0..1, lower where the alignment failed or left motion; `matrices`: S x 3 x 3
    from pixels of the common view to pixels of the slice (before dense flow); `residual_px`: (S,)
    translation left against the neighbour in focus; `failed`: numbers of slices that could not be
    registered and lie as their neighbour does; `flows`: of each slice, None without dense flow.
    """

    stack: FocalStack
    weights: FloatArray
    matrices: NDArray[np.float64]
    residual_px: FloatArray
    failed: tuple[int, ...]
    flows: tuple[FloatArray | None, ...]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """S x H x W, False where a slice does not see the pixel and repeats its border."""
        return np.stack([self._valid(number) for number in range(len(self.flows))])

    def seen(self) -> FloatArray:
        """The share of the slices that see each pixel, H x W."""
        total = np.zeros(self.stack.slices[0].shape[:2], np.float32)
        for number in range(len(self.flows)):
            total += self._valid(number)
        return total / np.float32(len(self.flows))

    def displaced_px(self) -> float:
        """How far the slices lay apart: of the slice that lay off the most, the mean over the
        image's corners, pixels.
        """
        return max(_apart(matrix, self.stack.slices[0].shape) for matrix in self.matrices)

    def _valid(self, number: int) -> NDArray[np.bool_]:
        shape, flow = self.stack.slices[0].shape, self.flows[number]
        if flow is None:
            return valid_pixels(shape, self.matrices[number])
        return valid_pixels(shape, self.matrices[number], enlarged_flow(flow, shape))


@dataclass(slots=True)
class _Aligned:
    """A slice in the view of the first: where it was found, the matrix that it is resampled by,
    and how it then looks, `small` and as a spectrum.
    """

    found: Matrix
    matrix: Matrix
    breathing: Matrix
    small: ImageArray
    thumbnail: Spectrum
    flow: FloatArray | None = None
    residual_px: float = 0.0
    failed: bool = False


def align_stack(
    stack: FocalStack,
    kind: str,
    table: LensTable | None = None,
    progress: Callable[[], None] | None = None,
    parameters: Mapping[str, Value] | None = None,
) -> AlignedStack:
    """Lays the slices of `stack` over each other, in the view in the middle of theirs.

    `kind` as the parameter `alignment`. Each slice is registered to its neighbour in focus, whose
    blur is the most alike, outwards from the slice in the middle of the sweep, or where that is
    blurred through and through, from the sharp one next to it: errors add up along the sweep, but
    neighbours, between which depth is decided, lie well. The common view is then the median of all
    views (that of a slice where one lies there): a hand that moved least cuts off the least. With
    `table` it is the first slice's, at the table's reference magnification, for which the camera's
    intrinsics hold. Slices without focus distance are taken to be in the order of the sweep.
    `progress` is called once per slice. Raises InputError on a bad parameter or a missing lens
    table.
    """
    settings = AlignmentSettings.complete({**(parameters or {}), "alignment": kind}, table)
    aligner = _StackAligner(stack, settings, table)
    order = _order_of_focus(stack)
    done: dict[int, _Aligned] = {}
    pairs = _outwards(order, _shows_something(stack, order))
    last_use = {neighbour: at for at, (_, neighbour) in enumerate(pairs)}
    for at, (index, neighbour) in enumerate(pairs):
        done[index] = aligner.align(index, None if neighbour is None else done[neighbour])
        for used in (index, neighbour):
            if used is not None and last_use.get(used, at) <= at:
                done[used].small = _FORGOTTEN
        if progress is not None:
            progress()
    aligned = [done[index] for index in range(len(order))]
    if kind in ("ecc", "flow") and table is None:
        _to_middle_view(aligned, stack.slices[0].shape)
    return _collect(stack, aligned, settings)


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
        breathing, image = self._breathing(item), item.image
        if self._settings.alignment in ("none", "breathing") or neighbour is None:
            return self._warped(image, breathing, breathing, neighbour)
        return self._registered(image, breathing, neighbour)

    def _breathing(self, item: FocusSlice) -> Matrix:
        if self._settings.alignment == "none":
            return np.eye(3)
        return breathing_matrix(
            self._table, item.focus_distance_m, item.shape, self._principal_point
        )

    def _warped(
        self, image: ImageArray, found: Matrix, breathing: Matrix, neighbour: _Aligned | None
    ) -> _Aligned:
        matrix = on_grid(found, image.shape)
        warped, size, flow = warp(image, matrix), self._settings.size(_SIZE_PX), None
        if self._settings.alignment == "flow" and neighbour is not None:
            flow = self._settings.small_flow(neighbour.small, warped, size)
            warped = warp_by_flow(image, matrix, enlarged_flow(flow, image.shape))
        aligned = _Aligned(found, matrix, breathing, shrunk(warped, size), spectrum(warped), flow)
        if neighbour is not None:
            aligned.residual_px = motion_between(neighbour.thumbnail, aligned.thumbnail)
        return aligned

    def _registered(self, image: ImageArray, breathing: Matrix, neighbour: _Aligned) -> _Aligned:
        initial = breathing @ np.linalg.inv(neighbour.breathing) @ neighbour.matrix
        size = self._settings.size(_SIZE_PX)
        reference, moving = pyramid(neighbour.small, size), pyramid(image, size)
        matrix, failed = self._found(reference, moving, image.shape, initial)
        # The neighbour was found at `found` and lies at `matrix`: what that leaves is not motion.
        left = np.linalg.inv(neighbour.matrix) @ neighbour.found
        aligned = self._warped(image, matrix @ left, breathing, neighbour)
        aligned.failed = failed
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


def _to_middle_view(aligned: Sequence[_Aligned], shape: tuple[int, ...]) -> None:
    """Changes the matrices to those from the median of the views: the corners' geometric median
    (Weiszfeld, 1937), which stays where most slices are, however far the others lie off.
    """
    found = [one.found for one in aligned if not one.failed]
    corners = np.stack([_corners(matrix, shape) for matrix in found]).reshape(len(found), -1)
    middle = np.median(corners, axis=0)
    for _ in range(_WEISZFELD_STEPS):
        weight = 1.0 / np.maximum(np.linalg.norm(corners - middle, axis=1), 1e-3)
        middle = weight @ corners / weight.sum()
    here = _corners(np.eye(3), shape).astype(np.float32)
    there = middle.reshape(4, 2).astype(np.float32)
    view = np.asarray(cv2.getPerspectiveTransform(here, there), np.float64)
    inverse = np.linalg.inv(view)
    # Who lies there need not be resampled; the first slice before the others.
    near = [one for one in (np.eye(3), *found) if _apart(inverse @ one, shape) < _SAME_VIEW_PX]
    if near:
        inverse = np.linalg.inv(near[0])
    if np.array_equal(inverse, np.eye(3)):
        return
    for one in aligned:
        one.found = _normalised(one.found @ inverse)
        one.matrix = on_grid(one.found, shape)
        if one.flow is not None:
            scale = scaling(shape, one.flow.shape)
            moved = scale @ inverse @ np.linalg.inv(scale)
            flags, size = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, one.flow.shape[1::-1]
            one.flow = np.asarray(cv2.warpPerspective(one.flow, moved, size, flags=flags))


def _normalised(matrix: Matrix) -> Matrix:
    return np.asarray(matrix / matrix[2, 2], np.float64)


def _corners(matrix: Matrix, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Where the image's corners lie, 4 x 2 pixels."""
    height, width = shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
    there = corners @ matrix.T
    return np.asarray(there[:, :2] / there[:, 2:], np.float64)


def _apart(matrix: Matrix, shape: tuple[int, ...]) -> float:
    """How far `matrix` moves the image's corners, mean in pixels."""
    moved = _corners(matrix, shape) - _corners(np.eye(3), shape)
    return float(np.hypot(moved[:, 0], moved[:, 1]).mean())


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
        item.changed(partial(_resampled, matrix=one.matrix, flow=one.flow))
        for one, item in zip(aligned, stack.slices, strict=True)
    )
    weights = [
        settings.weight(one.residual_px) * (settings.failed_weight if one.failed else 1.0)
        for one in aligned
    ]
    return AlignedStack(
        FocalStack(slices, stack.camera),
        np.array(weights, np.float32),
        np.stack([one.matrix for one in aligned]),
        np.array([one.residual_px for one in aligned], np.float32),
        tuple(number for number, one in enumerate(aligned) if one.failed),
        tuple(one.flow for one in aligned),
    )


def _resampled(image: ImageArray, matrix: Matrix, flow: FloatArray | None) -> ImageArray:
    if flow is None:
        return warp(image, matrix)
    return warp_by_flow(image, matrix, enlarged_flow(flow, image.shape))
