"""Focus sweeps of a disc before a wall, whose blur reaches over the wall as a lens's does."""

from __future__ import annotations

import cv2
import numpy as np
from thin_lens_sweeps import texture

from ddff_perception.types import FocalStack, FocusSlice

HEIGHT, WIDTH, RADIUS = 192, 256, 52
WALL_DPT, DISC_DPT = 0.8, 2.6
SWEEP_DPT = tuple(np.linspace(0.5, 3.0, 7))
# Standard deviation of the blur per dioptre, pixels.
BLUR = 2.5


def in_front() -> np.ndarray:
    """Pixels of the disc."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(rows - HEIGHT / 2, columns - WIDTH / 2) < RADIUS


def truth_dpt() -> np.ndarray:
    return np.where(in_front(), DISC_DPT, WALL_DPT).astype(np.float32)


def around_the_outline(reach: int = 16) -> np.ndarray:
    """Pixels at most `reach` from the disc's outline."""
    disc = in_front().astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return (cv2.dilate(disc, kernel) - cv2.erode(disc, kernel)) > 0


def occluded_stack(noise: float = 1.0) -> FocalStack:
    """Slices focused at `SWEEP_DPT`, uint8 BGR."""
    wall, disc = (texture(HEIGHT, WIDTH, seed).astype(np.float32) for seed in (3, 4))
    alpha = in_front().astype(np.float32)[..., None]
    rng = np.random.default_rng(5)
    slices = []
    for focus in SWEEP_DPT:
        behind = cv2.GaussianBlur(wall, (0, 0), BLUR * abs(WALL_DPT - focus) + 0.3)
        spread = BLUR * abs(DISC_DPT - focus) + 0.3
        before = cv2.GaussianBlur(disc * alpha, (0, 0), spread)
        cover = cv2.GaussianBlur(alpha, (0, 0), spread)[..., None]
        image = behind * (1 - cover) + before + rng.normal(0, noise, wall.shape)
        pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        slices.append(FocusSlice(pixels, 1.0 / focus))
    return FocalStack(tuple(slices))
