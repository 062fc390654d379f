"""The shipped glass pane as camera frames, for tests of what takes polarizer images."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ddff_perception.files.polarization_folder import PolarizationFolder
from ddff_perception.simulation.polarizer_camera.frames import (
    PolarizerCamera,
    PolarizerSettings,
    open_polarization,
)


@cache
def pane() -> PolarizationFolder:
    """The pane that comes with the package, 320 x 240, 8 bits, four angles, true layers."""
    return open_polarization(None)


@cache
def small_pane() -> PolarizationFolder:
    """Every second pixel of it: quick, and as hard."""
    whole = pane()
    assert whole.transmission is not None and whole.reflection is not None
    return PolarizationFolder(
        tuple(image[::2, ::2].copy() for image in whole.images),
        whole.angles_deg,
        True,
        None if whole.camera is None else whole.camera.resized(160, 120),
        whole.transmission[::2, ::2].copy(),
        whole.reflection[::2, ::2].copy(),
    )


def pane_camera(camera: str, **settings: Any) -> PolarizerCamera:
    """A camera of that kind before the small pane."""
    return PolarizerCamera(small_pane(), PolarizerSettings(camera, **settings))


def unit(image: np.ndarray) -> np.ndarray:
    """Pixels as 0..1."""
    return image.astype(np.float32) / np.iinfo(image.dtype).max


def psnr(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Decibels against full range."""
    return float(-10 * np.log10(np.mean(np.square(estimate - truth))))


def plain(images: tuple[np.ndarray, ...]) -> np.ndarray:
    """The mean over the polarizer angles."""
    return np.mean([unit(image) for image in images], axis=0)


def behind_polarizer(reflection, transmission, alpha):
    """Two unpolarized layers through a polarizer, `alpha` the weight of the reflected one."""
    return 0.5 * (alpha * reflection + (1 - alpha) * transmission)
