"""Stacks and focus volumes with a known index map, for the tests of the volume methods."""

import cv2
import numpy as np

HEIGHT, WIDTH, SLICES = 48, 64, 10


def ramp() -> np.ndarray:
    """Index map that rises from left to right, H x W float32."""
    return np.tile(np.linspace(1, SLICES - 2, WIDTH, dtype=np.float32), (HEIGHT, 1))


def bell_volume(truth: np.ndarray, noise: float = 0.0, seed: int = 21) -> np.ndarray:
    """Focus measures (grey levels) with a Gaussian peak at `truth`, of texture that varies."""
    rng = np.random.default_rng(seed)
    index = np.arange(SLICES, dtype=np.float32)[:, None, None]
    texture = rng.uniform(20, 200, truth.shape)
    volume = texture * np.exp(-((index - truth) ** 2) / (2 * 1.5**2))
    return np.maximum(volume + rng.normal(0, noise, volume.shape), 0).astype(np.float32)


def focal_stack(truth: np.ndarray, seed: int = 22) -> list[np.ndarray]:
    """uint8 grey slices of a noisy texture whose blur grows with the distance to `truth`."""
    rng = np.random.default_rng(seed)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, truth.shape).astype(np.float32), (0, 0), 0.7)
    levels = np.linspace(0, 8, 17)
    blurred = np.stack([texture] + [cv2.GaussianBlur(texture, (0, 0), s) for s in levels[1:]])
    slices = []
    for number in range(SLICES):
        level = np.clip(2 * 0.8 * np.abs(number - truth), 0, levels.size - 1)
        lower = np.minimum(level.astype(int), levels.size - 2)
        share = level - lower
        below = np.take_along_axis(blurred, lower[None], axis=0)[0]
        above = np.take_along_axis(blurred, lower[None] + 1, axis=0)[0]
        image = below + share * (above - below) + rng.normal(0, 1, truth.shape)
        slices.append(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    return slices
