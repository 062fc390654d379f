"""Frames of a camera that shakes before a picture, with the sharp ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from ddff_perception.deblurring.capture.rolling_burst import RollingBurst
from ddff_perception.deblurring.capture.settings import BurstSettings
from ddff_perception.evaluation.image_metrics import image_scores, unit_image
from ddff_perception.files.frame_folder import write_frames
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.simulation.moving_camera.folder import MotionSettings, shaken_frames
from ddff_perception.simulation.moving_camera.shake import ShakeSettings
from ddff_perception.types import CameraModel

STEP_NS = 66_000_000


@cache
def wide_picture(seed: int = 0, size: int = 256) -> np.ndarray:
    """A picture with the edges of a photograph, linear light, size x size x 3."""
    return np.asarray(dead_leaves(np.random.default_rng(seed), size), np.float32)


@cache
def shaken(
    frames: int = 5, shake_deg: float = 2.0, seed: int = 1, noise: float = 1.0
) -> tuple[tuple[tuple[np.ndarray, np.ndarray], ...], CameraModel]:
    """Blurred and sharp frames, 204 x 204, and their camera."""
    shake = ShakeSettings(
        frames, angle_deg=shake_deg, roll_deg=shake_deg / 2, period_s=0.25, seed=seed
    )
    found, camera = shaken_frames(wide_picture(), MotionSettings(shake, noise=noise))
    return tuple(found), camera


def taken(images, **settings) -> RollingBurst:
    """The burst after these images; of up to five, `sharp_below` 0 unless given."""
    burst = RollingBurst(BurstSettings(**{"sharp_below": 0.0, "frames": 5, **settings}))
    for number, image in enumerate(images):
        burst.take(number * STEP_NS, image)
    return burst


def psnr(image: np.ndarray, truth: np.ndarray, border: int = 8) -> float:
    """Decibels inside of the border."""
    inside = slice(border, -border)
    one, other = (unit_image(i[inside, inside]) for i in (image, truth))
    return image_scores(one, other).psnr_db


def write_shaken_folder(folder: Path, frames: int = 5) -> Path:
    """A frame folder of them."""
    found, camera = shaken(frames)
    write_frames(folder, list(found), 15.0, camera)
    return folder
