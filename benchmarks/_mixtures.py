"""Views by the Fresnel equations, to fit and to try on: with glass, without, with its border in it.

What polarizes by itself (gloss, sky) has a degree and an axis of its own that drift over the image.
Of a seed below 1000 is fitted (`reflection_confidence.py`), of one above is tried; the textures are
those of `reflection.py`, so that rendered panes alone are a judge of what was fitted here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from reflection import layer

from ddff_perception.optics.fresnel import (
    mixing_coefficient,
    pane_reflectances,
    surface_reflectances,
)
from ddff_perception.optics.textures import one_over_f
from ddff_perception.types import LayerPair, PolarizedImages

WIDTH, HEIGHT = 240, 180
KINDS = ("flat", "curved", "part", "none", "gloss")
_SHARES = (0.3, 0.2, 0.2, 0.12, 0.18)
_BEND_DEG = {"flat": 3.0, "curved": 25.0}
_AVERAGED = np.arange(0, 180, 11.25)


@dataclass(frozen=True)
class Mixture:
    """8-bit images of a view of some kind, and its true layers on their scale."""

    kind: str
    images: PolarizedImages
    truth: LayerPair


def mixture_view(seed: int) -> Mixture:
    """The view of that seed: three angles where it is odd, four where it is even."""
    rng = np.random.default_rng([seed, 77])
    angles = (0.0, 45.0, 90.0) if seed % 2 else (0.0, 45.0, 90.0, 135.0)
    kind = str(rng.choice(KINDS, p=_SHARES))
    behind = layer(rng, WIDTH, HEIGHT)
    mirrored = layer(rng, WIDTH, HEIGHT) * float(np.exp(rng.uniform(np.log(0.25), np.log(6))))
    if rng.random() < 0.3:  # a dark room with lamps
        mirrored = mirrored * (layer(rng, WIDTH, HEIGHT) > 0.35)
    incidence, index = float(rng.uniform(12, 78)), float(rng.uniform(1.4, 1.65))
    found = surface_reflectances if rng.random() < 0.25 else pane_reflectances
    y, x = np.mgrid[:HEIGHT, :WIDTH] / WIDTH - 0.5
    way = rng.normal(size=2)
    slope = (x * way[0] + y * way[1]) / np.hypot(*way)
    bend = _BEND_DEG.get(kind, 6.0) * rng.choice([-1, 1])
    axis = rng.uniform(0, 180) + 0.6 * rng.choice([-1, 1]) * bend * slope
    glass = _glass(rng, kind, x, y)
    shares = [part * glass for part in found(np.clip(incidence + bend * slope, 5, 85), index)]
    degree, turn = _gloss(rng, kind)

    def light(angle: float) -> tuple[np.ndarray, np.ndarray]:
        alpha = mixing_coefficient((shares[0], shares[1]), axis, angle)
        own = behind * (1 + degree * np.cos(2 * np.radians(angle) - turn))
        return own * (1 - alpha), mirrored * alpha

    lights = [np.sum(light(angle), axis=0) for angle in angles]
    truth = np.mean([light(angle) for angle in _AVERAGED], axis=0)
    exposure = 0.95 / max(float(np.percentile(image, 99.7)) for image in lights)
    noise = float(np.exp(rng.uniform(np.log(0.001), np.log(0.008))))
    noisy = [exposure * image + noise * rng.standard_normal(image.shape) for image in lights]
    stored = tuple(np.clip(np.rint(255 * image), 0, 255).astype(np.uint8) for image in noisy)
    layers = LayerPair(*(np.float32(exposure) * part.astype(np.float32) for part in truth))
    return Mixture(kind, PolarizedImages(stored, angles), layers)


def _glass(rng: np.random.Generator, kind: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 where there is glass."""
    if kind in ("none", "gloss"):
        return np.zeros((HEIGHT, WIDTH))
    if kind != "part":
        return np.ones((HEIGHT, WIDTH))
    turn = rng.uniform(0, np.pi)
    mask = (x * np.cos(turn) + y * np.sin(turn) > rng.uniform(-0.2, 0.2)).astype(np.float64)
    return cv2.GaussianBlur(mask, (0, 0), 1) if rng.random() < 0.5 else mask


def _gloss(rng: np.random.Generator, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Degree of polarization and twice its axis in radians, per pixel."""
    if kind not in ("part", "gloss"):
        return np.zeros((HEIGHT, WIDTH)), np.zeros((HEIGHT, WIDTH))
    where = layer(rng, WIDTH, HEIGHT) > 0.3
    drift = [one_over_f(rng, 256)[:HEIGHT, :WIDTH] for _ in range(2)]
    strength = rng.uniform(0.3, 1.5 if kind == "gloss" else 0.5)
    return np.clip(0.25 * np.abs(drift[1]) * where, 0, 0.6) * strength, 6 * drift[0]
