"""Where a simulated camera's frames come from: a stack folder, swept for ever, or a bag."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from ...files.bags_salvage import looks_like_bag
from ...files.stack_folder import read_stack
from ...types import CameraModel, FloatArray, FocusSlice, ImageArray, InputError
from .replay import Shot, shots, visits

DEMO_STACK = Path(__file__).resolve().parents[2] / "data" / "demo_stack"
"""The stack that comes with the package."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of the camera and the lens at that time. `focus_distance_m`: metres, +inf
    allowed, NaN unknown; `lens_position`: dioptres, or where the distance is unknown the number of
    the slice in the stack, which still tells one slice from another; `truth`: H x W float32 metres
    or None; `time_ns`: when it was recorded, None where it can be played at any rate.
    """

    image: ImageArray
    focus_distance_m: float
    lens_position: float
    settled: bool = True
    truth: FloatArray | None = None
    time_ns: int | None = None


class FrameSource(Protocol):
    """Where frames come from. `camera`: None if unknown; `size`: width and height in pixels."""

    camera: CameraModel | None
    size: tuple[int, int]

    def frames(self, loop: Callable[[], bool]) -> Iterator[Frame]:
        """The frames in order; at the end, `loop` decides whether they begin again."""


class StackSource:
    """Sweeps through the slices of a stack folder, from near to far and as `order` says.

    Raises InputError where the folder holds no stack.
    """

    def __init__(
        self,
        folder: Path,
        order: Callable[[], str] = lambda: "ping_pong",
        moving_frames: int = 0,
        dwell_frames: int = 1,
        seed: int = 0,
    ) -> None:
        content = read_stack(folder)
        self.camera: CameraModel | None = content.stack.camera
        self._truth = content.truth
        self._slices = sorted(content.stack.slices, key=_dioptres, reverse=True)
        height, width = self._slices[0].image.shape[:2]
        self.size = (width, height)
        self._order = order
        self._frames = (moving_frames, dwell_frames)
        self._seed = seed

    def frames(self, loop: Callable[[], bool]) -> Iterator[Frame]:
        """The frames of one sweep, and of more as long as `loop` says so after each."""
        return (self._frame(shot) for shot in shots(self._sweeps(loop), *self._frames))

    def _sweeps(self, loop: Callable[[], bool]) -> Iterator[list[int]]:
        order, number = "", 0
        sweeps: Iterator[list[int]] = iter(())
        while number == 0 or loop():
            if self._order() != order:
                order = self._order()
                sweeps = visits(len(self._slices), order, self._seed)
            number += 1
            yield next(sweeps)

    def _frame(self, shot: Shot) -> Frame:
        start, goal = self._slices[shot.start], self._slices[shot.goal]
        if shot.settled:
            distance = start.focus_distance_m
            position = _position(distance, shot.start)
            return Frame(start.image, distance, position, True, self._truth)
        share = shot.share
        image = cv2.addWeighted(start.image, 1.0 - share, goal.image, share, 0.0)
        dioptres = (1.0 - share) / start.focus_distance_m + share / goal.focus_distance_m
        distance = 1.0 / dioptres if dioptres else math.inf
        position = _position(distance, shot.start + share * (shot.goal - shot.start))
        return Frame(np.asarray(image), distance, position, False, self._truth)  # type: ignore[arg-type]


def add_noise(image: ImageArray, grey_levels: float, random: np.random.Generator) -> ImageArray:
    """`image` with normal noise; `grey_levels`: standard deviation in 8-bit grey levels."""
    if grey_levels <= 0.0:
        return image
    largest = np.iinfo(image.dtype).max
    noise = random.standard_normal(image.shape, dtype=np.float32)
    noise *= np.float32(grey_levels * largest / 255.0)
    noise += image
    return np.clip(np.rint(noise), 0, largest).astype(image.dtype)  # type: ignore[return-value]


def open_source(
    path: Path | None, order: Callable[[], str], moving_frames: int, dwell_frames: int, seed: int
) -> FrameSource:
    """The source at `path`: a stack folder or a bag, or the package's own stack for None.

    Raises InputError where there is none.
    """
    if path is None:
        path = DEMO_STACK
        if not path.is_dir():
            raise InputError("the package has no stack of its own here: set the parameter source")
    if (path / "stack.json").is_file() or not looks_like_bag(path):
        return StackSource(path, order, moving_frames, dwell_frames, seed)
    from .bag_source import BagSource

    return BagSource(path)


def _position(distance_m: float, number: float) -> float:
    return number if math.isnan(distance_m) else 1.0 / distance_m


def _dioptres(item: FocusSlice) -> float:
    # Slices of unknown distance keep the order of the folder: sorting is stable.
    return 0.0 if math.isnan(item.focus_distance_m) else 1.0 / item.focus_distance_m
