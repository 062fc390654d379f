"""An RGB-D folder as a camera sees it, frame after frame, with the faults that cameras have."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files.rgbd_folder import RgbdFolder, read_rgbd
from ...types import CameraModel, FloatArray, ImageArray, InputError, require_choice
from ..focus_camera.sources import add_noise

DEMO_ROOM = Path(__file__).resolve().parents[2] / "data" / "demo_room"
"""The RGB-D folder that comes with the package."""

ENCODINGS = ("16UC1", "32FC1")


@dataclass(frozen=True, slots=True)
class RgbdCameraSettings:
    """How the camera shows a folder.

    `encoding` of depth; `noise`: standard deviation of colour, in 8-bit grey levels; `skip`: every
    n-th frame comes without its depth, 0 none; `seed` of the noise.
    """

    encoding: str = "16UC1"
    noise: float = 0.0
    skip: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        require_choice("encoding", self.encoding, ENCODINGS)


@dataclass(frozen=True, slots=True)
class RgbdCameraFrame:
    """What the camera publishes at one instant; each is None where there is none.

    `depth`: uint16 millimetres or float32 metres. `gravity`: unit vector that points down, in the
    optical frame.
    """

    color: ImageArray | None
    depth: NDArray[np.uint16] | FloatArray | None
    labels: NDArray[np.uint8] | None = None
    gravity: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class RgbdCamera:
    """The frames of a folder, over and over. The same number gives the same frame.

    Raises InputError where the folder cannot be read.
    """

    folder: RgbdFolder
    settings: RgbdCameraSettings = field(default_factory=RgbdCameraSettings)

    def __post_init__(self) -> None:
        self.frame(0)

    @property
    def registered(self) -> bool:
        """Whether depth lies on the pixels of colour."""
        return self.folder.depth_camera is None

    def camera(self, part: str) -> CameraModel | None:
        """The camera of "color" or "depth"."""
        own = self.folder.depth_camera if part == "depth" else None
        return own or self.folder.camera

    def frame(self, number: int) -> RgbdCameraFrame:
        """The frame of that number, from 0."""
        images, settings = self.folder[number % len(self.folder)], self.settings
        random = np.random.default_rng([settings.seed, number])
        color = images.color
        if color is not None and settings.noise:
            color = add_noise(color, settings.noise, random)
        depth = images.depth
        if settings.skip and number % settings.skip == settings.skip - 1:
            depth = None
        return RgbdCameraFrame(color, self._sent(depth), images.labels, images.gravity)

    def _sent(self, depth: ImageArray | None) -> NDArray[np.uint16] | FloatArray | None:
        if depth is None:
            return None
        if depth.ndim != 2 or depth.dtype != np.uint16:
            raise InputError(f"{self.folder.file}: depth must be 16-bit grey images")
        metres = depth.astype(np.float32) * np.float32(self.folder.depth_unit_m)
        if self.settings.encoding == "32FC1":
            return np.where(depth == 0, np.float32(np.nan), metres)
        return np.asarray(np.rint(metres * 1000).clip(0, 65535), np.uint16)


def open_rgbd(folder: Path | None) -> RgbdFolder:
    """The RGB-D folder, the package's own where None; raises InputError where it is none."""
    if folder is None and not DEMO_ROOM.is_dir():
        raise InputError("the package has no RGB-D folder of its own here: give one")
    return read_rgbd(DEMO_ROOM if folder is None else folder)
