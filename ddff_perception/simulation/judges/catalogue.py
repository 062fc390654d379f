"""Every scene that is judged on: who composes it, where the camera stands, how the lens sweeps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...types import CameraModel
from . import odd, rooms
from .stage import Stage

FORMAT = 1
"""Goes up when scenes or rendering change: kept stacks of another number are rendered anew."""
FAMILIES = ("rooms", "odd", "light_fields")
Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Judge:
    """One scene and the sweep over it.

    The camera stands at `eye` and looks at `target`, its horizon turned by `roll_deg`. It sweeps
    from `ends_m[0]` to `ends_m[1]` in `slices` even steps of dioptres. `aperture_m` is the lens's
    diameter, of a light field the way from its first view to its last. `noise` and `vignetting`
    are the sensor's (`rendering.sensor`).
    """

    family: str
    compose: Callable[[Stage], None]
    eye: Point
    target: Point
    ends_m: tuple[float, float]
    slices: int = 9
    aperture_m: float = 0.010
    fov_deg: float = 55.0
    roll_deg: float = 0.0
    width: int = 480
    height: int = 360
    samples: int = 6
    noise: float = 1.0
    vignetting: float = 0.0

    @property
    def name(self) -> str:
        """The scene's name: that of the function that composes it."""
        return self.compose.__name__

    @property
    def camera(self) -> CameraModel:
        focal = self.width / (2 * np.tan(np.radians(self.fov_deg) / 2))
        return CameraModel.centred(self.width, self.height, float(focal), self.aperture_m)

    @property
    def pose(self) -> NDArray[np.float64]:
        """(4, 4): the camera's optical frame to the world."""
        axis = np.subtract(self.target, self.eye, dtype=np.float64)
        axis /= np.linalg.norm(axis)
        right = np.cross(axis, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        frame = np.stack([right, np.cross(axis, right), axis], axis=1)
        c, s = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        pose = np.eye(4)
        pose[:3, :3] = frame @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        pose[:3, 3] = self.eye
        return pose

    def settings(self) -> dict[str, Any]:
        """Everything that decides what is rendered, as it stands in JSON."""
        facts = {**asdict(self), "compose": self.name, "format": FORMAT}
        return {key: list(v) if isinstance(v, tuple) else v for key, v in facts.items()}


_room = functools.partial(Judge, "rooms")
_odd = functools.partial(Judge, "odd")
_field = functools.partial(Judge, "light_fields", width=360, height=270, samples=3)

JUDGES = (
    _room(rooms.cafe, (0.1, -0.2, 1.25), (0.1, 1.9, 0.62), (0.7, 4.2), 10, 0.012),
    _room(rooms.study, (-0.5, 0.1, 1.3), (0.1, 1.7, 0.75), (0.7, 3.0), 9, 0.009),
    _room(rooms.lounge, (0.5, 0.2, 1.1), (0, 2.8, 0.6), (0.8, 5.5), 8, 0.014, 62),
    _room(rooms.bedroom, (0.1, 0.0, 1.45), (0, 2.5, 0.55), (0.8, 5.0), 10, 0.013, 60),
    _room(rooms.kitchen_table, (0.1, -0.35, 0.55), (0, 0.75, 0.08), (0.45, 2.8), 10, 0.007),
    _room(rooms.workbench, (-0.15, -0.25, 0.5), (0, 0.6, 0.03), (0.4, 1.7), 9, 0.006, noise=1.5),
    _odd(odd.bodies, (0, 0, 0), (0, 1, 0.02), (0.6, 6.5), 10, 0.011, 58),
    _odd(odd.hills, (0, 0.2, 0.15), (0, 3.0, -0.1), (0.5, 9.0), 11, 0.010, 65, -6),
    _odd(odd.lettering, (0.05, 0, 0.32), (0, 1.5, 0.12), (0.5, 5.0), 9, 0.009, noise=0.5),
    _odd(odd.coils, (0, 0, 0.16), (0, 0.5, 0.05), (0.2, 1.2), 10, 0.004, 50, 4),
    _odd(odd.bare, (0.1, 0, 0.7), (0, 2.2, 0.3), (0.7, 7.5), 8, 0.012),
    _odd(odd.sheets, (0, 0, 0), (0, 1, 0.0), (0.55, 6.0), 12, 0.010, vignetting=0.4),
    _field(rooms.hall_bench, (0.2, 0, 1.2), (0.1, 2.5, 0.7), (0.9, 5.5), 10, 0.036),
    _field(rooms.low_desk, (-0.45, 0.3, 1.35), (0.05, 1.25, 0.8), (0.65, 3.7), 9, 0.020),
    _field(odd.ribbons, (0, 0, 0.2), (0, 1, 0.2), (0.6, 5.5), 11, 0.024),
    _field(odd.columns, (0.2, 0, 0.6), (0, 2.5, 0.35), (0.8, 8.5), 10, 0.030),
)
"""All of them; the light fields are smaller and have 7 x 7 views."""
