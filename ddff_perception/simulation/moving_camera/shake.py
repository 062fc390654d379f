"""What a camera that turns by itself sees of a still scene while its shutter is open.

Turning changes no perspective: every instant is a homography of one wide view, whatever stands at
which distance, so that the integral over the exposure is exact.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...optics.blur_kernels import shake_path
from ...types import CameraModel, FloatArray, InputError

Angles = NDArray[np.float64]

# Sub-frames lie closer than this, in pixels.
_STEP_PX = 0.7
_MOST_STEPS = 200
# Correlated over so much of a path: a hand's tremor, not its drift.
_PATH_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class ShakeSettings:
    """How a hand or a robot shakes a camera.

    `frames` of `rate_hz` with the shutter open for `exposure_share` of each period. `angle_deg`:
    standard deviation of yaw and pitch, `roll_deg` of roll. `period_s`: over which the angles
    change. `seed` of the path.
    """

    frames: int = 24
    rate_hz: float = 15.0
    exposure_share: float = 0.5
    angle_deg: float = 0.8
    roll_deg: float = 0.4
    period_s: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= 10_000 or not 0.1 <= self.rate_hz <= 1000:
            raise InputError("frames must lie in 1 .. 10000 and the rate in 0.1 .. 1000 Hz")
        if not 0 <= self.exposure_share <= 1:
            raise InputError("the shutter is open for 0 to 1 of the time")
        if not 0 <= self.angle_deg <= 20 or not 0 <= self.roll_deg <= 20:
            raise InputError("angles of shake must lie in 0 .. 20 degrees")
        if not 0.01 <= self.period_s <= 100:
            raise InputError("the period of shake must lie in 0.01 .. 100 s")


def shaken_angles(settings: ShakeSettings, times_s: NDArray[np.floating]) -> Angles:
    """Yaw, pitch and roll at `times_s` (from 0 on), radians, N x 3."""
    rng = np.random.default_rng([settings.seed, 11])
    # A path of the kernels' process is 1 long and correlated over 0.3.
    whole = 0.3 * float(np.max(times_s, initial=0.0)) / settings.period_s
    pieces = max(1, int(np.ceil(whole)))
    paths = [np.hstack([shake_path(rng), shake_path(rng)[:, :1]]) for _ in range(pieces)]
    for before, path in itertools.pairwise(paths):
        # Pieces are faded into each other: what is drawn is smooth.
        fade = np.clip(np.linspace(0, 1, _PATH_SAMPLES) / 0.2, 0, 1)[:, None]
        path *= np.sin(fade * np.pi / 2)
        path += before[-1] * np.cos(fade * np.pi / 2)
    joined = np.vstack(paths)
    position = np.linspace(0, 1, len(joined)) * pieces
    at = 0.3 * np.asarray(times_s) / settings.period_s
    found = np.stack([np.interp(at, position, joined[:, c]) for c in range(3)], axis=-1)
    scale = np.radians([settings.angle_deg, settings.angle_deg, settings.roll_deg])
    return np.asarray(found * scale)


def turn_matrix(angles: Angles) -> NDArray[np.float64]:
    """The rotation by yaw (about y), pitch (about x) and roll (about z) of the optical frame."""
    yaw, pitch, roll = (float(a) for a in angles)
    vectors = ([0.0, yaw, 0.0], [pitch, 0.0, 0.0], [0.0, 0.0, roll])
    turns = [cv2.Rodrigues(np.array(vector))[0] for vector in vectors]
    return np.asarray(turns[0] @ turns[1] @ turns[2], np.float64)


def seen(wide: FloatArray, view: CameraModel, camera: CameraModel, angles: Angles) -> FloatArray:
    """What `camera` sees at `angles` of the `wide` image that `view` took at none; linear."""
    own = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1.0]])
    theirs = np.array([[view.fx, 0, view.cx], [0, view.fy, view.cy], [0, 0, 1.0]])
    matrix = theirs @ turn_matrix(angles) @ np.linalg.inv(own)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = (camera.width, camera.height)
    found = cv2.warpPerspective(wide, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.maximum(np.asarray(found, np.float32), 0)


def exposed(wide: FloatArray, view: CameraModel, camera: CameraModel, path: Angles) -> FloatArray:
    """The mean of what is seen along `path` (N x 3 angles in equal times), linear light."""
    total = np.zeros((camera.height, camera.width, *wide.shape[2:]), np.float32)
    for angles in path:
        total += seen(wide, view, camera, angles)
    return np.asarray(total / len(path), np.float32)


def exposure_path(settings: ShakeSettings, number: int, focal_px: float) -> Angles:
    """The angles within the exposure of a frame, so many that nothing is skipped; N x 3. Its middle
    is the instant of the frame.
    """
    open_s = settings.exposure_share / settings.rate_hz
    # Half a period of room before the first frame.
    middle = (number + 0.5) / settings.rate_hz
    times = middle + np.linspace(-0.5, 0.5, 2 * _MOST_STEPS + 1) * open_s
    fine = shaken_angles(settings, np.append(times, (settings.frames + 1) / settings.rate_hz))[:-1]
    length_px = np.abs(np.diff(fine, axis=0)).sum(axis=0).max() * focal_px
    steps = int(np.clip(np.ceil(length_px / _STEP_PX), 1, _MOST_STEPS))
    return fine if steps >= _MOST_STEPS else _resampled(fine, 2 * (steps // 2) + 1)


def _resampled(path: Angles, count: int) -> Angles:
    at = np.linspace(0, len(path) - 1, count)
    whole = np.arange(len(path))
    return np.stack([np.interp(at, whole, path[:, c]) for c in range(path.shape[1])], axis=-1)
