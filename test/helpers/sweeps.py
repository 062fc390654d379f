"""Small focus sweeps of a slanted textured wall, made without a renderer."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ddff_perception.files.stack_folder import write_stack
from ddff_perception.types import CameraModel, FocalStack, FocusSlice

NEAR_M, FAR_M = 0.5, 2.0


def wall_depth(width: int = 96, height: int = 64) -> np.ndarray:
    """True depth of the wall: 1/depth falls from left to right, float32 metres."""
    dioptres = np.linspace(1 / NEAR_M, 1 / FAR_M, width, dtype=np.float32)
    return np.repeat((1.0 / dioptres)[None], height, axis=0)


def wall_stack(width: int = 96, height: int = 64, count: int = 6, grey: bool = False) -> FocalStack:
    """Slices from near to far, evenly spaced in dioptres, with a camera."""
    shape = (height, width) if grey else (height, width, 3)
    sharp = np.random.default_rng(5).integers(0, 256, shape, np.uint8)
    dioptres = 1.0 / wall_depth(width, height)
    focus = np.linspace(1 / NEAR_M, 1 / FAR_M, count)
    levels = np.arange(0.0, 8.0, 0.25)
    blurred = [sharp if s == 0 else cv2.GaussianBlur(sharp, (0, 0), s) for s in levels]
    slices = []
    for value in focus:
        which = np.clip(np.rint(np.abs(dioptres - value) * 3.0 / 0.25), 0, len(levels) - 1)
        image = np.empty_like(sharp)
        for number, level in enumerate(blurred):
            image[which == number] = level[which == number]
        slices.append(FocusSlice(image, float(1.0 / value)))
    camera = CameraModel(width, height, width * 1.2, width * 1.2, width / 2 - 0.5, height / 2 - 0.5)
    return FocalStack(tuple(slices), camera)


def write_wall(folder: Path, **arguments: int) -> Path:
    """A stack folder of `wall_stack` with its true depth."""
    stack = wall_stack(**arguments)  # type: ignore[arg-type]
    height, width = stack.slices[0].image.shape[:2]
    write_stack(folder, stack, truth=wall_depth(width, height))
    return folder
