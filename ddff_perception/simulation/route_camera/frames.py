"""A drive as a camera sees it, image after image, and where a reference drive saw the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...files.drive_folder import Drive, is_drive, read_drive
from ...types import ImageArray, InputError
from ..focus_camera.sources import add_noise

DEMO_ROUTE = Path(__file__).resolve().parents[2] / "data" / "demo_route"
"""Two drives that come with the package: `first` without its images, which lie in `first.route`."""


@dataclass(frozen=True, slots=True)
class RouteCameraSettings:
    """How the camera shows a drive.

    `noise`: standard deviation, in 8-bit grey levels; `seed` of it.
    """

    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RoutePlace:
    """Where the `reference` drive saw what an image shows: nanoseconds since its beginning, and
    the image's number; -1 both where it never was there.
    """

    reference_ns: int = -1
    number: int = -1


@dataclass(frozen=True)
class RouteCamera:
    """The images of `drive`, over and over, with their places in the `reference` drive of the same
    route (None: unknown). The same number gives the same image.

    Raises InputError where they cannot be read or are of two routes.
    """

    drive: Drive
    reference: Drive | None = None
    settings: RouteCameraSettings = field(default_factory=RouteCameraSettings)

    def __post_init__(self) -> None:
        self.frame(0)

    def frame(self, number: int) -> tuple[ImageArray, RoutePlace | None]:
        """Image and place of that number, from 0; no place where there is no reference drive."""
        turn = number % len(self.drive)
        random = np.random.default_rng([self.settings.seed, number])
        image = add_noise(self.drive.image(turn), self.settings.noise, random)
        return image, self._place(turn)

    def _place(self, turn: int) -> RoutePlace | None:
        if self.reference is None:
            return None
        seconds = float(self.drive.true_seconds(self.reference)[turn])
        if np.isnan(seconds):
            return RoutePlace()
        nearest = int(np.argmin(np.abs(self.reference.seconds - seconds)))
        return RoutePlace(round(seconds * 1e9), nearest)


def open_route(drive: Path | None, reference: Path | None) -> tuple[Drive, Drive | None]:
    """A drive and the one it is compared with; None, None are the package's own.

    Raises InputError where they cannot be read.
    """
    if drive is None:
        if not is_drive(DEMO_ROUTE / "second"):
            raise InputError("the package has no drive of its own here: give one")
        drive, reference = DEMO_ROUTE / "second", reference or DEMO_ROUTE / "first"
    return read_drive(drive), None if reference is None else read_drive(reference)
