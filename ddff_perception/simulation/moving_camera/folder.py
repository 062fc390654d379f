"""Frame folders of shaken cameras: blurred frames and sharp ones, of any wide linear image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...files.atomic import make_folder
from ...files.frame_folder import frame_files, write_frames
from ...files.images import read_image
from ...optics.srgb import srgb_bytes, srgb_decode
from ...types import CameraModel, FloatArray, ImageArray, InputError
from .shake import ShakeSettings, exposed, exposure_path, seen

_FULL_WELL = 4000.0


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """What the camera is: its shake, the share of the wide view's width that it sees, the wide
    view's horizontal field of view, and its noise (1: a small sensor in a room, 0: none).
    """

    shake: ShakeSettings = field(default_factory=ShakeSettings)
    share: float = 0.8
    fov_deg: float = 70.0
    noise: float = 1.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.share <= 1 or not 5 <= self.fov_deg <= 150 or not 0 <= self.noise <= 20:
            raise InputError(
                "the share must lie in 0.1 .. 1, the field of view in 5 .. 150 degrees and the "
                "noise in 0 .. 20"
            )


def wide_view(file: Path) -> FloatArray:
    """A sharp photograph as linear light, H x W x 3 BGR or H x W; raises InputError."""
    image = read_image(file)
    return np.asarray(srgb_decode(image.astype(np.float32) / np.iinfo(image.dtype).max), np.float32)


def shaken_frames(
    wide: FloatArray, settings: MotionSettings, progress: Callable[[int], None] | None = None
) -> tuple[list[tuple[ImageArray, ImageArray]], CameraModel]:
    """Blurred and sharp frames of a camera that shakes before the linear image `wide`.

    Light is averaged over the exposure, then comes the sensor's shot and read noise, then the sRGB
    curve and 8 bits. The sharp frame is the instant in the middle of the exposure, without noise.
    """
    height, width = wide.shape[:2]
    focal = width / 2 / np.tan(np.radians(settings.fov_deg / 2))
    view = CameraModel.centred(width, height, focal)
    size = (round(width * settings.share), round(height * settings.share))
    camera = CameraModel.centred(*size, focal)
    random = np.random.default_rng([settings.shake.seed, 5])
    frames: list[tuple[ImageArray, ImageArray]] = []
    for number in range(settings.shake.frames):
        path = exposure_path(settings.shake, number, focal)
        light = exposed(wide, view, camera, path)
        sharp = seen(wide, view, camera, path[len(path) // 2])
        frames.append((_developed(light, settings.noise, random), srgb_bytes(sharp)))
        if progress is not None:
            progress(number + 1)
    return frames, camera


def write_shaken(
    folder: Path, wide: FloatArray, settings: MotionSettings, suffix: str = "png",
    progress: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Writes `shaken_frames` as a frame folder; raises InputError where it cannot be written."""
    make_folder(folder, frame_files(settings.shake.frames, suffix))
    frames, camera = shaken_frames(wide, settings, progress)
    write_frames(folder, list(frames), settings.shake.rate_hz, camera, suffix)


def _developed(light: FloatArray, noise: float, random: np.random.Generator) -> ImageArray:
    electrons = _FULL_WELL / max(noise, 1e-6) ** 2
    spread = np.sqrt(np.maximum(light, 0) / electrons + (noise * 1e-3) ** 2) if noise else 0.0
    grain = random.standard_normal(light.shape, dtype=np.float32)
    return srgb_bytes(np.asarray(light + grain * spread, np.float32))
