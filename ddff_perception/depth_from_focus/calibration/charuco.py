"""Finding the corners of a ChArUco board, with OpenCV from 4.5 (contrib) on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...types import InputError

LEAST_CORNERS = 6
"""Corners under which a board does not count as found."""


@dataclass(frozen=True, slots=True)
class BoardSpec:
    """A ChArUco board: squares across and down, sides in metres, a predefined dictionary.

    Raises InputError on a board that cannot be.
    """

    squares_x: int = 7
    squares_y: int = 5
    square_m: float = 0.03
    marker_m: float = 0.022
    dictionary: str = "DICT_5X5_100"

    def __post_init__(self) -> None:
        if min(self.squares_x, self.squares_y) < 3:
            raise InputError("a ChArUco board needs at least 3 x 3 squares")
        if not 0 < self.marker_m < self.square_m:
            raise InputError("the markers of a ChArUco board must be smaller than its squares")

    @classmethod
    def parse(cls, text: str, square_m: float, marker_m: float, dictionary: str) -> BoardSpec:
        """The board of `text` = "7x5" squares; raises InputError."""
        across, separator, down = text.lower().partition("x")
        if not (separator and across.isdecimal() and down.isdecimal()):
            raise InputError(f"the board must be given as squares across x down (7x5), not {text}")
        return cls(int(across), int(down), square_m, marker_m, dictionary)


@dataclass(frozen=True, slots=True)
class Corners:
    """Inner corners found: `points` (N, 2) pixels, `ids` (N,) their numbers on the board."""

    points: NDArray[np.float64]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


NO_CORNERS = Corners(np.empty((0, 2)), np.empty(0, np.int64))


class BoardDetector:
    """Finds one board. Raises InputError where this OpenCV has no ArUco or no such dictionary."""

    def __init__(self, spec: BoardSpec) -> None:
        self._aruco = aruco_module()
        self._board = make_board(spec)
        self._dictionary = _dictionary(spec.dictionary)
        self._detector: Any = None
        if hasattr(self._aruco, "CharucoDetector"):
            self._detector = self._aruco.CharucoDetector(self._board)

    def detect(self, grey: NDArray[np.uint8]) -> Corners:
        """The board's corners in an H x W image; none where fewer than LEAST_CORNERS are seen."""
        if self._detector is not None:
            points, ids, *_ = self._detector.detectBoard(grey)
        else:
            points, ids = self._detect_by_steps(grey)
        if ids is None or len(ids) < LEAST_CORNERS:
            return NO_CORNERS
        return Corners(
            np.asarray(points, np.float64).reshape(-1, 2), np.asarray(ids, np.int64).ravel()
        )

    def _detect_by_steps(self, grey: NDArray[np.uint8]) -> tuple[Any, Any]:
        """OpenCV before 4.7."""
        corners, ids, _ = self._aruco.detectMarkers(grey, self._dictionary)
        if ids is None or not len(ids):
            return None, None
        _, points, numbers = self._aruco.interpolateCornersCharuco(corners, ids, grey, self._board)
        return points, numbers


def aruco_module() -> Any:
    """`cv2.aruco`; raises InputError that names the package where it is missing."""
    module = getattr(cv2, "aruco", None)
    if module is None:
        raise InputError(
            "this OpenCV has no ArUco module: install opencv-contrib-python-headless, or 4.7 or "
            "later of opencv-python-headless"
        )
    return module


def make_board(spec: BoardSpec) -> Any:
    """OpenCV's board object."""
    aruco = aruco_module()
    dictionary = _dictionary(spec.dictionary)
    if hasattr(aruco, "CharucoBoard_create"):
        return aruco.CharucoBoard_create(
            spec.squares_x, spec.squares_y, spec.square_m, spec.marker_m, dictionary
        )
    size = (spec.squares_x, spec.squares_y)
    return aruco.CharucoBoard(size, spec.square_m, spec.marker_m, dictionary)


def draw_board(spec: BoardSpec, pixels_per_metre: float) -> NDArray[np.uint8]:
    """The board as H x W uint8, without a margin, 0 black to 255 white.

    Raises InputError where a marker would have fewer than 16 pixels or the image over 20000.
    """
    side = round(spec.square_m * pixels_per_metre)
    size = (spec.squares_x * side, spec.squares_y * side)
    if spec.marker_m * pixels_per_metre < 16 or max(size) > 20000:
        raise InputError(f"a board of {size[0]} x {size[1]} pixels cannot be drawn")
    board = make_board(spec)
    draw = getattr(board, "generateImage", None) or board.draw
    return np.asarray(draw(size), np.uint8)


def _dictionary(name: str) -> Any:
    aruco = aruco_module()
    number = getattr(aruco, name, None) if name.startswith("DICT_") else None
    if number is None:
        raise InputError(f"OpenCV knows no ArUco dictionary {name}: use one like DICT_5X5_100")
    return aruco.getPredefinedDictionary(number)
