"""Sweeps of a ChArUco board through a lens whose table is known."""

import math

import cv2
import numpy as np

from ddff_perception.depth_from_focus.calibration.charuco import BoardSpec, draw_board
from ddff_perception.depth_from_focus.calibration.lens import FocusSweep

SPEC = BoardSpec(7, 5, 0.03, 0.022, "DICT_5X5_100")
WIDTH, HEIGHT = 640, 480
FOCAL_PX = 560.0
APERTURE_M = 0.01
PIXELS_PER_METRE = 1500.0
POSITIONS = tuple(float(position) for position in range(0, 101, 7))
DISTANCES_M = (0.25, 0.28, 0.33, 0.4, 0.5, 0.65)


def true_dioptres(position):
    share = np.asarray(position) / 100.0
    return 0.3 + 3.2 * share + 1.3 * share**2


def true_magnification(position):
    return 1.0 + 0.04 * np.asarray(position) / 100.0


def board_image(distance_m, position, seed=0):
    """What the camera sees: a board turned by 6 degrees, blurred as a thin lens does."""
    board = draw_board(SPEC, PIXELS_PER_METRE)
    height, width = board.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    metres = (corners - (width / 2, height / 2)) / PIXELS_PER_METRE
    turned = math.radians(6.0)
    x, z = metres[:, 0] * math.cos(turned), distance_m + metres[:, 0] * math.sin(turned)
    focal = FOCAL_PX * true_magnification(position)
    pixels = np.stack([focal * x / z + WIDTH / 2, focal * metres[:, 1] / z + HEIGHT / 2], axis=1)
    # Rendered at twice the size and averaged down: no aliasing.
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), 2 * pixels.astype(np.float32))
    large = cv2.warpPerspective(board, matrix, (2 * WIDTH, 2 * HEIGHT), borderValue=(190,))
    image = cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    disc_px = APERTURE_M * FOCAL_PX * abs(float(true_dioptres(position)) - 1 / distance_m)
    image = cv2.GaussianBlur(image, (0, 0), math.hypot(0.5, disc_px / 4))
    image += np.random.default_rng(seed).normal(0, 2, image.shape)
    return np.clip(image * 0.8 + 20, 0, 255).astype(np.uint8)


def board_sweep(distance_m, seed=0, claimed_m=None, positions=POSITIONS):
    """A sweep at `distance_m`, said to be at `claimed_m`."""
    return FocusSweep(
        f"{claimed_m or distance_m:g}m",
        claimed_m or distance_m,
        positions,
        lambda index: board_image(distance_m, positions[index], seed + index),
    )
