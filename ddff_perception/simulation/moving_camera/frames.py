"""A frame folder as a camera sees it, frame after frame, with the faults that cameras have."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...files.frame_folder import FrameFolder, read_frames
from ...types import CameraModel, ImageArray, InputError
from ..focus_camera.sources import add_noise

DEMO_MOTION = Path(__file__).resolve().parents[2] / "data" / "demo_motion"
"""The frame folder that comes with the package."""


@dataclass(frozen=True, slots=True)
class MovingCameraSettings:
    """How the camera shows a folder.

    `noise`: standard deviation, in 8-bit grey levels; `drop`: every n-th frame is left out, 0 none;
    `seed` of the noise.
    """

    noise: float = 0.0
    drop: int = 0
    seed: int = 0


@dataclass(frozen=True)
class MovingCamera:
    """The frames of a folder forth and back, over and over: the scene never jumps. The same number
    gives the same frame.

    Raises InputError where the folder cannot be read.
    """

    folder: FrameFolder
    settings: MovingCameraSettings = field(default_factory=MovingCameraSettings)

    def __post_init__(self) -> None:
        self.frame(0)

    @property
    def camera(self) -> CameraModel | None:
        """The calibration of the images, None where unknown."""
        return self.folder.camera

    def frame(self, number: int) -> tuple[ImageArray, ImageArray | None] | None:
        """Image and true image of that number, from 0; None where it is left out."""
        settings, count = self.settings, len(self.folder)
        if settings.drop and number % settings.drop == settings.drop - 1:
            return None
        turn = number % max(1, 2 * count - 2)
        image, truth = self.folder[turn if turn < count else 2 * count - 2 - turn]
        random = np.random.default_rng([settings.seed, number])
        return add_noise(image, settings.noise, random), truth


def open_frames(folder: Path | None) -> FrameFolder:
    """The frame folder, the package's own where None; raises InputError where it is none."""
    if folder is None and not DEMO_MOTION.is_dir():
        raise InputError("the package has no frame folder of its own here: give one")
    return read_frames(DEMO_MOTION if folder is None else folder)
