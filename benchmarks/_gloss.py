"""Views without glass that polarize by themselves, to fit and to try on: sky, drift, shapes, balls.

Unlike the gloss of `_mixtures.py`, which turns from pixel to pixel, what shines here has an axis
over a part of the view, as sky, wet stone, varnish and fruit have it.
"""

from __future__ import annotations

import cv2
import numpy as np
from _mixtures import HEIGHT, WIDTH, Mixture
from reflection import layer

from ddff_perception.optics.fresnel import surface_reflectances
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.types import LayerPair, PolarizedImages

KINDS = ("sky", "drift", "shapes", "balls")
Part = tuple[np.ndarray, np.ndarray]


def gloss_view(seed: int) -> Mixture:
    """The view of that seed, of the kinds in turn; its reflection is nothing."""
    rng = np.random.default_rng([seed, 4711])
    angles = (0.0, 45.0, 90.0) if seed % 2 else (0.0, 45.0, 90.0, 135.0)
    mean = layer(rng, WIDTH, HEIGHT)
    kind = KINDS[seed % len(KINDS)]
    own, polarized = {"sky": _sky, "drift": _drift, "shapes": _shapes, "balls": _balls}[kind](
        rng, mean
    )
    turns = np.exp(-2j * np.radians(angles))
    lights = [own + (polarized * turn).real for turn in turns]
    exposure = 0.95 / max(float(np.percentile(light, 99.7)) for light in lights)
    noise = float(np.exp(rng.uniform(np.log(0.001), np.log(0.008))))
    noisy = [exposure * light + noise * rng.standard_normal(light.shape) for light in lights]
    stored = tuple(np.clip(np.rint(255 * light), 0, 255).astype(np.uint8) for light in noisy)
    truth = np.float32(exposure * own)
    return Mixture(kind, PolarizedImages(stored, angles), LayerPair(truth, np.zeros_like(truth)))


def _sky(rng: np.random.Generator, mean: np.ndarray) -> Part:
    """One axis, nearly, and a degree of up to a half, all over or in parts."""
    degree = rng.uniform(0.05, 0.5) * (1 + 0.3 * _smooth(rng, 0.7))
    axis = rng.uniform(0, np.pi) + 0.15 * _smooth(rng, 0.7)
    where = np.ones_like(mean)
    if rng.random() < 0.7:
        where = layer(rng, WIDTH, HEIGHT) > rng.uniform(0.1, 0.4)
    return mean, mean * np.clip(degree, 0, 0.8) * where * np.exp(2j * axis)


def _drift(rng: np.random.Generator, mean: np.ndarray) -> Part:
    """Degree and axis that drift over a twentieth to a half of the view."""
    scale = float(np.exp(rng.uniform(np.log(0.06), np.log(0.5))))
    degree = np.abs(_smooth(rng, scale)) * rng.uniform(0.03, 0.4)
    where = layer(rng, WIDTH, HEIGHT) > 0.3
    turn = 2 * rng.uniform(0.7, 2) * _smooth(rng, scale)
    return mean, mean * np.clip(degree, 0, 0.7) * where * np.exp(1j * turn)


def _shapes(rng: np.random.Generator, mean: np.ndarray) -> Part:
    """Things with a degree and an axis each."""
    things = dead_leaves(rng, 256)[:HEIGHT, :WIDTH]
    things = things / things.max()
    degree = np.clip(things[..., 0] * rng.uniform(0.1, 0.6), 0, 0.7)
    return mean, mean * degree * np.exp(2j * np.pi * things[..., 1] * rng.uniform(0.2, 1))


def _balls(rng: np.random.Generator, mean: np.ndarray) -> Part:
    """Smooth balls that mirror what is around them, at times on a table that does."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / WIDTH
    around = cv2.GaussianBlur(
        layer(rng, WIDTH, HEIGHT), (0, 0), float(np.exp(rng.uniform(np.log(1), np.log(25))))
    ) * np.exp(rng.uniform(np.log(0.5), np.log(5)))
    own, polarized = mean.copy(), np.zeros(mean.shape, complex)
    if rng.random() < 0.6 and rng.random() < 0.5:
        a, b = surface_reflectances(rng.uniform(20, 70), 1.5)
        table = (y > rng.uniform(0.2, 0.5)) * rng.uniform(0.1, 0.6) * around
        own, polarized = own + table * (a + b) / 2, polarized + table * (a - b) / 2
    for _ in range(rng.integers(1, 6)):
        radius = rng.uniform(0.08, 0.3)
        right, down = (x - rng.uniform(0, 1)) / radius, (y - rng.uniform(0, 0.75)) / radius
        out = np.hypot(right, down)
        a, b = surface_reflectances(np.degrees(np.arcsin(np.clip(out, 0, 0.995))), 1.5)
        shade = np.sqrt(np.clip(1 - 0.8 * out**2, 0, 1))
        body = (0.3 * mean + 0.7 * rng.uniform(0.2, 0.9)) * shade
        mirrored = np.roll(around, int(rng.integers(WIDTH)), axis=1)
        turn = np.exp(2j * (np.arctan2(down, right) + np.pi / 2))
        own = np.where(out < 1, body + mirrored * (a + b) / 2, own)
        polarized = np.where(out < 1, mirrored * (a - b) / 2 * turn, polarized)
    return own, polarized


def _smooth(rng: np.random.Generator, scale: float) -> np.ndarray:
    """Noise of standard deviation about 1 that keeps for `scale` of the width."""
    nodes = max(2, round(1 / scale) + 1)
    noise = rng.standard_normal((nodes, nodes + 1)).astype(np.float32)
    return cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
