"""Focus sweeps of textured planes through a thin lens, made without the package's optics."""

from __future__ import annotations

import cv2
import numpy as np

from ddff_perception.types import FocalStack, FocusSlice

HEIGHT, WIDTH = 96, 168
# Inverse depth of the scene's vertical bands, left to right, 1/m.
LAYERS_DPT = (0.6, 1.1, 1.85)
SWEEP_DPT = tuple(np.linspace(0.25, 2.25, 9))
BLUR_SCALE = 8.0


def texture(height: int = HEIGHT, width: int = WIDTH, seed: int = 11) -> np.ndarray:
    """Colour noise with energy in every octave, as natural textures have; uint8 BGR."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for octave in range(5):
        shape = (-(-height // 2**octave), -(-width // 2**octave), 3)
        coarse = rng.normal(0, 1, shape)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(127 + 28 * total, 0, 255).astype(np.uint8)


def disc_blur(image: np.ndarray, diameter: float) -> np.ndarray:
    """The image through a lens that shows a point as a disc of `diameter` pixels; float32."""
    fine = 8
    radius = int(np.ceil(diameter / 2 + 0.5))
    axis = (np.arange((2 * radius + 1) * fine) + 0.5) / fine - radius - 0.5
    inside = np.hypot(axis[:, None], axis[None]) <= max(diameter, 1.0) / 2
    kernel = cv2.resize(
        inside.astype(np.float32), (2 * radius + 1,) * 2, interpolation=cv2.INTER_AREA
    )
    return cv2.filter2D(image.astype(np.float32), -1, kernel / kernel.sum())


def layers_dpt(layers: tuple[float, ...] = LAYERS_DPT, width: int = WIDTH) -> np.ndarray:
    """True inverse depth of each column."""
    return np.repeat(layers, -(-width // len(layers)))[:width].astype(np.float32)


def truth_dpt(layers: tuple[float, ...] = LAYERS_DPT) -> np.ndarray:
    return np.repeat(layers_dpt(layers)[None], HEIGHT, axis=0)


def inner(layers: tuple[float, ...] = LAYERS_DPT, margin: int = 12) -> np.ndarray:
    """Pixels at least `margin` from a step in depth and from the image's border."""
    steps = np.abs(np.diff(layers_dpt(layers), prepend=np.nan, append=np.nan)) != 0
    columns = np.convolve(steps, np.ones(2 * margin), "same")[1:] == 0
    mask = np.repeat(columns[None], HEIGHT, axis=0)
    mask[:margin] = mask[-margin:] = False
    return mask


def thin_lens_stack(
    sweep: tuple[float, ...] = SWEEP_DPT,
    layers: tuple[float, ...] = LAYERS_DPT,
    blur_scale: float = BLUR_SCALE,
    noise: float = 1.0,
    sharp: np.ndarray | None = None,
) -> FocalStack:
    """Slices focused at `sweep` (1/m) of bands at `layers`; uint8 BGR with `noise` grey levels.

    A disc is `blur_scale` pixels across per dioptre of defocus.
    """
    sharp = texture() if sharp is None else sharp
    rng = np.random.default_rng(12)
    columns = layers_dpt(layers, sharp.shape[1])
    slices = []
    for focus in sweep:
        image = np.empty(sharp.shape, np.float32)
        for layer in set(layers):
            band = columns == np.float32(layer)
            image[:, band] = disc_blur(sharp, blur_scale * abs(layer - focus))[:, band]
        image += rng.normal(0, noise, image.shape)
        pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        slices.append(FocusSlice(pixels, 1.0 / focus if focus else float("inf")))
    return FocalStack(tuple(slices))
