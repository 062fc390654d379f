"""Small stacks and bags of a scene with two planes, for tests of what is done with them."""

from pathlib import Path

import cv2
import numpy as np

from ddff_perception.files.stack_folder import write_stack
from ddff_perception.simulation.sweep_bag import SweepBagSettings, write_sweep_bag
from ddff_perception.types import CameraModel, FocalStack, FocusSlice

DISTANCES = (0.5, 0.7, 1.0, 1.6, 4.0)
NEAR_M, FAR_M = 0.7, 1.6
CAMERA = CameraModel(96, 64, 80.0, 80.0, 47.5, 31.5)


def two_planes() -> tuple[FocalStack, np.ndarray]:
    """Five slices of random texture, its left half at 0.7 m, its right half at 1.6 m, and the true
    depth. Defocus is a Gaussian blur that grows with the distance in dioptres.
    """
    rng = np.random.default_rng(5)
    height, width = CAMERA.height, CAMERA.width
    texture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    truth = np.full((height, width), NEAR_M, np.float32)
    truth[:, width // 2 :] = FAR_M
    slices = []
    for distance in DISTANCES:
        image = np.empty_like(texture)
        for part, depth in ((np.s_[:, : width // 2], NEAR_M), (np.s_[:, width // 2 :], FAR_M)):
            sigma = 3.0 * abs(1.0 / depth - 1.0 / distance)
            image[part] = cv2.GaussianBlur(texture[part], (0, 0), sigma) if sigma else texture[part]
        slices.append(FocusSlice(image, distance))
    return FocalStack(tuple(slices), CAMERA), truth


def stack_folder(path: Path) -> Path:
    """`two_planes` as a stack folder."""
    stack, truth = two_planes()
    write_stack(path, stack, truth=truth)
    return path


def sweep_bag(path: Path, storage: str = "mcap", compress: bool = False, **settings) -> Path:
    """A bag of `two_planes`, swept; `settings` as of SweepBagSettings."""
    folder = path.parent / f"{path.name}_stack"
    if not folder.exists():
        stack_folder(folder)
    settings = SweepBagSettings(**settings)
    write_sweep_bag(folder, path, settings, storage=storage, compress=compress)
    return path
