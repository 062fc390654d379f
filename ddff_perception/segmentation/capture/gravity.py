"""Which way is down, as a camera on a robot can know it without looking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...parameters import Settings, parameter
from ...types import FloatArray, InputError

SOURCES = ("estimated", "fixed", "imu", "tf")
# Share of a new reading: shakes of the robot are no gravity.
_NEW = 0.05


@dataclass(frozen=True)
class GravitySettings(Settings):
    """Where the direction of gravity comes from."""

    source: str = parameter(
        "estimated",
        "where the direction of gravity comes from: estimated (from planes of the depth image), "
        "fixed (gravity.down), imu (topic imu) or tf (gravity.frame, whose z axis points up)",
        choices=SOURCES,
        dynamic=False,
    )
    down: list[float] = parameter(
        [0.0, 1.0, 0.0],
        "what points down in the optical frame, of any length (gravity.source fixed)",
        limits=(-100.0, 100.0),
    )
    frame: str = parameter("odom", "a frame of TF that is level (gravity.source tf)")

    def __post_init__(self) -> None:
        super().__post_init__()
        unit_vector(self.down)


def unit_vector(numbers: Sequence[float]) -> FloatArray:
    """Three numbers at length 1, float32; raises InputError where that cannot be."""
    vector = np.asarray(numbers, np.float64)
    length = float(np.linalg.norm(vector)) if vector.shape == (3,) else 0.0
    if not 1e-6 < length < np.inf:
        raise InputError("gravity.down must be three numbers, not all zero")
    return np.asarray(vector / length, np.float32)


class Accelerometer:
    """Readings of an IMU, smoothed: at rest they point up."""

    def __init__(self) -> None:
        self.frame_id = ""
        self._up: NDArray[np.float64] | None = None

    def add(self, frame_id: str, acceleration: Sequence[float]) -> None:
        """Takes a reading, m/s^2; one that is no number is left out."""
        reading = np.asarray(acceleration, np.float64)
        if not np.isfinite(reading).all():
            return
        if self._up is None or frame_id != self.frame_id:
            self.frame_id, self._up = frame_id, reading
        self._up = self._up + _NEW * (reading - self._up)

    @property
    def down(self) -> FloatArray:
        """In the IMU's frame; raises InputError where there is none yet."""
        if self._up is None:
            raise InputError("there is no reading of imu yet: start its driver, or remap imu")
        return unit_vector([-float(v) for v in self._up])

    def clear(self) -> None:
        """Forgets what came."""
        self._up = None
